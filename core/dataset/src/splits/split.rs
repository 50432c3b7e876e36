//! Splits into training, validation and test.

use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Value, json};

use super::by_list::{self, Accessions};
use super::part::{Part, PartPlace};
use super::shares::{Shares, deal};
use crate::error::DatasetError;
use crate::folds::groups::{self, Grouping, Groups};
use crate::frozen::FrozenDataset;
use crate::staging::{Staging, write_json, write_new};
use crate::subset::Subset;

/// How a dataset is split.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitRequest {
    /// The directory to make. It must not exist; the one it stands in must.
    pub out: PathBuf,
    /// Which protein goes where.
    pub rule: SplitRule,
    /// Which of the ways to deal [`Shares`].
    pub seed: u64,
}

/// Which protein goes to which part.
#[derive(Debug, Clone, PartialEq)]
pub enum SplitRule {
    /// As lists say.
    Given(Accessions),
    /// At random, to parts of these sizes. What belongs together stays together.
    Shares {
        /// Sizes of the parts.
        shares: Shares,
        /// Proteins that stay together.
        grouping: Grouping,
    },
    /// Whole taxa, by NCBI number; the others are for training.
    Taxa {
        /// Taxa of the validation part; empty for none.
        validation: Vec<u32>,
        /// Taxa of the test part.
        test: Vec<u32>,
    },
}

/// A dataset was split.
#[derive(Debug, Clone, Serialize)]
pub struct Split {
    /// The directory that holds the parts.
    pub directory: PathBuf,
    /// The parts, in the order of [`Part`].
    pub parts: Vec<PartPlace>,
    /// How many groups were dealt; without grouping, how many proteins. `None` where nothing was dealt.
    pub groups: Option<usize>,
    /// Proteins of the dataset that are in no part.
    pub left_out: usize,
}

/// Splits a dataset. All parts appear at once, or none. `watch` is told how many of the parts are written, and how many there will
/// be; it may end the work.
///
/// # Errors
/// [`DatasetError::Split`] for shares that cannot be, lists, taxa or clusters that do not fit the dataset, and a part that would be
/// empty; [`DatasetError::Input`] for a list or a file of clusters that cannot be read; [`DatasetError::Exists`];
/// [`DatasetError::Cancelled`]; [`DatasetError::Write`]. Nothing is left behind then.
pub fn split(
    dataset: &FrozenDataset,
    request: &SplitRequest,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Split, DatasetError> {
    let refused = |problem| DatasetError::Split {
        dataset: dataset.directory().to_owned(),
        problem,
    };
    let Assigned { part_of, groups } = assign(dataset, request, &refused)?;
    let dealt = groups.as_ref().map(|groups| groups.count);
    let mut wanted = vec![Part::Train, Part::Test];
    if request.rule.validates() {
        wanted.insert(1, Part::Validation);
    }
    let of_part = |part: Part| -> Vec<usize> {
        let is_in = |protein: &usize| part_of[*protein] == Some(part);
        (0..dataset.len()).filter(is_in).collect()
    };
    let proteins: Vec<Vec<usize>> = wanted.iter().map(|part| of_part(*part)).collect();
    if let Some(empty) = proteins.iter().position(Vec::is_empty) {
        let groups = dealt.map_or(String::new(), |groups| {
            format!(" ({groups} groups of proteins were dealt)")
        });
        return Err(refused(format!(
            "there would be no protein for {}{groups}; give other sizes, lists, taxa or smaller groups",
            wanted[empty].name()
        )));
    }

    let staging = Staging::beside(&request.out)?;
    let out = staging.out().to_owned();
    let total = wanted.len();
    let mut tell = |written| match watch(written, total) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DatasetError::Cancelled),
    };
    let mut parts = Vec::with_capacity(total);
    for (part, proteins) in wanted.into_iter().zip(&proteins) {
        tell(parts.len())?;
        let name = format!("{}-{}", dataset.manifest().name, part.name());
        let subset = Subset::of(dataset, proteins, &name);
        let (sha256, manifest) = subset.write(&staging.path().join(part.name()))?;
        parts.push(PartPlace {
            part,
            directory: out.join(part.name()),
            sha256,
            counts: manifest.counts,
        });
    }
    tell(total)?;
    let groups = groups.filter(|_| request.rule.groups());
    let groups = groups.as_ref().map(|groups| groups.of_protein.as_slice());
    write_table(dataset, &part_of, groups, &staging.path().join("split.tsv"))?;
    let document = json!({
        "dataset": { "name": dataset.manifest().name, "version": dataset.manifest().version, "sha256": dataset.sha256() },
        "rule": request.rule.document(),
        "seed": dealt.map(|_| request.seed),
        "groups": dealt,
        "parts": parts.iter().map(|place| (place.part.name().to_owned(), json!({ "sha256": place.sha256, "counts": place.counts }))).collect::<serde_json::Map<_, _>>(),
    });
    write_json(&staging.path().join("split.json"), &document)?;
    staging.publish()?;
    Ok(Split {
        directory: out,
        parts,
        groups: dealt,
        left_out: part_of.iter().filter(|part| part.is_none()).count(),
    })
}

/// The part of every protein, and the groups that were dealt.
struct Assigned {
    part_of: Vec<Option<Part>>,
    groups: Option<Groups>,
}

fn assign(
    dataset: &FrozenDataset,
    request: &SplitRequest,
    refused: &dyn Fn(String) -> DatasetError,
) -> Result<Assigned, DatasetError> {
    match &request.rule {
        SplitRule::Given(lists) => Ok(Assigned {
            part_of: by_list::parts(dataset, lists)?,
            groups: None,
        }),
        SplitRule::Taxa { validation, test } => Ok(Assigned {
            part_of: by_taxa(dataset, validation, test).map_err(refused)?,
            groups: None,
        }),
        SplitRule::Shares { shares, grouping } => {
            shares.check().map_err(refused)?;
            let groups = groups::of(dataset, grouping, refused)?;
            let (mut parts, mut sizes) = (vec![Part::Train], vec![shares.train()]);
            if shares.validation > 0.0 {
                parts.push(Part::Validation);
                sizes.push(shares.validation);
            }
            parts.push(Part::Test);
            sizes.push(shares.test);
            let dealt = deal(&groups.of_protein, groups.count, &sizes, request.seed);
            Ok(Assigned {
                part_of: dealt.into_iter().map(|place| Some(parts[place])).collect(),
                groups: Some(groups),
            })
        }
    }
}

fn by_taxa(
    dataset: &FrozenDataset,
    validation: &[u32],
    test: &[u32],
) -> Result<Vec<Option<Part>>, String> {
    if let Some(taxon) = test.iter().find(|taxon| validation.contains(taxon)) {
        return Err(format!(
            "taxon {taxon} is given for validation and for test; leave it in one of them"
        ));
    }
    let taxa: Vec<Option<u32>> = (0..dataset.len()).map(|p| dataset.taxon(p)).collect();
    let unknown = taxa.iter().filter(|taxon| taxon.is_none()).count();
    if unknown > 0 {
        return Err(format!(
            "{unknown} of {} proteins have no taxon and cannot be assigned; freeze the dataset with a taxonomy",
            dataset.len()
        ));
    }
    if let Some(absent) = validation
        .iter()
        .chain(test)
        .find(|taxon| !taxa.contains(&Some(**taxon)))
    {
        return Err(format!(
            "it has no protein of taxon {absent}; give NCBI numbers of taxa that it has"
        ));
    }
    let part = |taxon: Option<u32>| match taxon {
        Some(taxon) if test.contains(&taxon) => Part::Test,
        Some(taxon) if validation.contains(&taxon) => Part::Validation,
        _ => Part::Train,
    };
    Ok(taxa.into_iter().map(|taxon| Some(part(taxon))).collect())
}

impl SplitRule {
    fn validates(&self) -> bool {
        match self {
            Self::Given(lists) => lists.validation.is_some(),
            Self::Shares { shares, .. } => shares.validation > 0.0,
            Self::Taxa { validation, .. } => !validation.is_empty(),
        }
    }

    /// Whether proteins are dealt in groups.
    fn groups(&self) -> bool {
        matches!(self, Self::Shares { grouping, .. } if *grouping != Grouping::None)
    }

    /// What is written of it: nothing of where files were.
    fn document(&self) -> Value {
        match self {
            Self::Given(_) => json!({ "by": "given" }),
            Self::Taxa { validation, test } => {
                json!({ "by": "taxon", "validation": validation, "test": test })
            }
            Self::Shares { shares, grouping } => {
                let by = match grouping {
                    Grouping::None => "random",
                    Grouping::Taxon => "taxon",
                    Grouping::Clusters(_) => "cluster",
                };
                json!({ "by": by, "validation": shares.validation, "test": shares.test })
            }
        }
    }
}

fn write_table(
    dataset: &FrozenDataset,
    part_of: &[Option<Part>],
    groups: Option<&[u32]>,
    path: &Path,
) -> Result<(), DatasetError> {
    let mut text = String::from("accession\tpart");
    text.push_str(if groups.is_some() { "\tgroup\n" } else { "\n" });
    for (protein, part) in part_of.iter().enumerate() {
        if let Some(part) = part {
            let accession = dataset.accession(protein);
            // A string takes everything.
            let _ = match groups {
                Some(groups) => writeln!(text, "{accession}\t{}\t{}", part.name(), groups[protein]),
                None => writeln!(text, "{accession}\t{}", part.name()),
            };
        }
    }
    write_new(path, &text)
}
