//! Splits a dataset into training, validation and test parts.

use std::{
    fmt::Write as _,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use serde::Serialize;
use serde_json::{Value, json};

use super::{
    by_list::{self, Accessions},
    part::{Part, PartPlace},
    shares::{Shares, assign_by_size},
};
use crate::{
    error::DatasetError,
    folds::groups::{self, Grouping, Groups},
    freeze::Tally,
    frozen::FrozenDataset,
    staging::{self, write_json, write_new},
    subset::Subset,
};

/// How to split a dataset.
#[derive(Debug, Clone, PartialEq)]
pub struct SplitRequest {
    /// The directory to create. It must not exist, but its parent must.
    pub out: PathBuf,
    /// The rule that assigns proteins to parts.
    pub rule: SplitRule,
    /// Seed of the random assignment of [`SplitRule::Shares`].
    pub seed: u64,
}

/// The rule that assigns proteins to parts.
#[derive(Debug, Clone, PartialEq)]
pub enum SplitRule {
    /// By lists of accessions.
    Lists(Accessions),
    /// At random, into parts of these sizes. Groups stay together.
    Shares {
        /// Sizes of the parts.
        shares: Shares,
        /// Proteins that stay together.
        grouping: Grouping,
    },
    /// By taxon (NCBI number). All other taxa are the training part.
    Taxa {
        /// Taxa of the validation part; empty for none.
        validation: Vec<u32>,
        /// Taxa of the test part.
        test: Vec<u32>,
    },
    /// By clade (NCBI number): a taxon and all below it. All other taxa are the training part. Needs
    /// lineages.
    Clades {
        /// Clades of the validation part; empty for none.
        validation: Vec<u32>,
        /// Clades of the test part.
        test: Vec<u32>,
    },
}

/// The result of splitting a dataset.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Split {
    /// The directory that holds the parts.
    pub directory: PathBuf,
    /// The parts, in the order of [`Part`].
    pub parts: Vec<PartPlace>,
    /// Number of groups that were assigned; without grouping, the number of proteins. `None` for
    /// other rules than shares.
    pub groups: Option<usize>,
    /// Taxa without an ancestor of the rank of [`Grouping::Clade`], which are groups of their own.
    pub without_rank: Tally,
    /// Number of proteins of the dataset that are in no part.
    pub left_out: usize,
}

/// Splits a dataset. The parts are published atomically. Calls `watch` with the number of parts
/// written and their total; `Break` cancels the work.
///
/// # Errors
///
/// [`DatasetError::Split`] for invalid shares, for lists, taxa or clusters that do not match the
/// dataset, and for an empty part; [`DatasetError::Input`] if a list or a file of clusters cannot
/// be read; [`DatasetError::Exists`] if the output exists; [`DatasetError::Cancelled`] if `watch`
/// returned `Break`; [`DatasetError::Write`] if writing fails. On an error no files remain.
pub fn split(
    dataset: &FrozenDataset,
    request: &SplitRequest,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Split, DatasetError> {
    let split_error = |problem| DatasetError::Split {
        dataset: dataset.directory().to_owned(),
        problem,
    };
    let Assigned { part_of, groups } = assign(dataset, request, &split_error)?;
    let assigned = groups.as_ref().map(|groups| groups.count);
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
        let groups = assigned.map_or(String::new(), |groups| {
            format!(" ({groups} groups of proteins were assigned)")
        });
        return Err(split_error(format!(
            "the part {} would have no protein{groups}; give other sizes, lists or taxa, or smaller groups",
            wanted[empty].name()
        )));
    }

    let staging = staging::begin(&request.out)?;
    let out = staging.destination().to_owned();
    let total = wanted.len();
    let mut report = |written| match watch(written, total) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DatasetError::Cancelled),
    };
    let mut parts = Vec::with_capacity(total);
    for (part, proteins) in wanted.into_iter().zip(&proteins) {
        report(parts.len())?;
        let name = format!("{}-{}", dataset.manifest().name, part.name());
        let subset = Subset::new(dataset, proteins, &name);
        let (sha256, manifest) = subset.write(&staging.path().join(part.name()))?;
        parts.push(PartPlace {
            part,
            directory: out.join(part.name()),
            sha256,
            counts: manifest.counts,
        });
    }
    report(total)?;
    let without_rank = groups
        .as_ref()
        .map(Groups::without_rank)
        .unwrap_or_default();
    let groups = groups
        .as_ref()
        .filter(|_| request.rule.groups())
        .map(|groups| groups.of_protein.as_slice());
    write_table(dataset, &part_of, groups, &staging.path().join("split.tsv"))?;
    let document = json!({
        "dataset": { "name": dataset.manifest().name, "version": dataset.manifest().version, "sha256": dataset.sha256() },
        "rule": request.rule.document(),
        "seed": assigned.map(|_| request.seed),
        "groups": assigned,
        "parts": parts.iter().map(|place| (place.part.name().to_owned(), json!({ "sha256": place.sha256, "counts": place.counts }))).collect::<serde_json::Map<_, _>>(),
    });
    write_json(&staging.path().join("split.json"), &document)?;
    staging.publish_synced()?;
    Ok(Split {
        directory: out,
        parts,
        groups: assigned,
        without_rank,
        left_out: part_of.iter().filter(|part| part.is_none()).count(),
    })
}

/// The part of every protein, and the groups that were assigned.
struct Assigned {
    part_of: Vec<Option<Part>>,
    groups: Option<Groups>,
}

fn assign(
    dataset: &FrozenDataset,
    request: &SplitRequest,
    split_error: &dyn Fn(String) -> DatasetError,
) -> Result<Assigned, DatasetError> {
    match &request.rule {
        SplitRule::Lists(lists) => Ok(Assigned {
            part_of: by_list::parts(dataset, lists)?,
            groups: None,
        }),
        SplitRule::Taxa { validation, test } => Ok(Assigned {
            part_of: by_taxa(dataset, validation, test).map_err(split_error)?,
            groups: None,
        }),
        SplitRule::Clades { validation, test } => Ok(Assigned {
            part_of: by_clades(dataset, validation, test, split_error)?,
            groups: None,
        }),
        SplitRule::Shares { shares, grouping } => {
            shares.check().map_err(split_error)?;
            let groups = groups::group_proteins(dataset, grouping, split_error)?;
            let (mut parts, mut sizes) = (vec![Part::Train], vec![shares.train()]);
            if shares.validation > 0.0 {
                parts.push(Part::Validation);
                sizes.push(shares.validation);
            }
            parts.push(Part::Test);
            sizes.push(shares.test);
            let assigned = assign_by_size(&groups.of_protein, groups.count, &sizes, request.seed);
            Ok(Assigned {
                part_of: assigned
                    .into_iter()
                    .map(|place| Some(parts[place]))
                    .collect(),
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
            "taxon {taxon} is given for validation and for test; remove it from one of them"
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
    if let Some(missing) = validation
        .iter()
        .chain(test)
        .find(|taxon| !taxa.contains(&Some(**taxon)))
    {
        return Err(format!(
            "it has no protein of taxon {missing}; give NCBI numbers of taxa in the dataset"
        ));
    }
    let part = |taxon: Option<u32>| match taxon {
        Some(taxon) if test.contains(&taxon) => Part::Test,
        Some(taxon) if validation.contains(&taxon) => Part::Validation,
        _ => Part::Train,
    };
    Ok(taxa.into_iter().map(|taxon| Some(part(taxon))).collect())
}

fn by_clades(
    dataset: &FrozenDataset,
    validation: &[u32],
    test: &[u32],
    split_error: &dyn Fn(String) -> DatasetError,
) -> Result<Vec<Option<Part>>, DatasetError> {
    let lineages = dataset
        .lineages()?
        .ok_or_else(|| DatasetError::NoLineages(dataset.directory().to_owned()))?;
    for &one in validation {
        for &other in test {
            if lineages.is_within(one, other) || lineages.is_within(other, one) {
                return Err(split_error(format!(
                    "clade {one} for validation and clade {other} for test overlap; give clades of \
                     which none is below another"
                )));
            }
        }
    }
    let within = |taxon: Option<u32>, clades: &[u32]| {
        taxon.is_some_and(|taxon| clades.iter().any(|&clade| lineages.is_within(taxon, clade)))
    };
    let taxa: Vec<Option<u32>> = (0..dataset.len()).map(|p| dataset.taxon(p)).collect();
    let has_lineage = |taxon: &Option<u32>| taxon.is_some_and(|t| lineages.current(t).is_ok());
    let mut unknown = Tally::default();
    for (protein, _) in taxa.iter().enumerate().filter(|(_, t)| !has_lineage(t)) {
        unknown.add(dataset.accession(protein));
    }
    if unknown.count > 0 {
        return Err(split_error(format!(
            "{} of {} proteins have no lineage and cannot be assigned ({}); freeze the dataset with \
             taxa and lineages of all proteins, or without these",
            unknown.count,
            dataset.len(),
            unknown.examples.join(", ")
        )));
    }
    if let Some(missing) = validation
        .iter()
        .chain(test)
        .find(|&&clade| !taxa.iter().any(|&taxon| within(taxon, &[clade])))
    {
        return Err(split_error(format!(
            "it has no protein of clade {missing}; give NCBI numbers of taxa, or of their ancestors"
        )));
    }
    let part = |taxon: Option<u32>| {
        if within(taxon, test) {
            Part::Test
        } else if within(taxon, validation) {
            Part::Validation
        } else {
            Part::Train
        }
    };
    Ok(taxa.into_iter().map(|taxon| Some(part(taxon))).collect())
}

impl SplitRule {
    fn validates(&self) -> bool {
        match self {
            Self::Lists(lists) => lists.validation.is_some(),
            Self::Shares { shares, .. } => shares.validation > 0.0,
            Self::Taxa { validation, .. } | Self::Clades { validation, .. } => {
                !validation.is_empty()
            }
        }
    }

    /// Whether proteins are assigned in groups.
    fn groups(&self) -> bool {
        matches!(self, Self::Shares { grouping, .. } if *grouping != Grouping::None)
    }

    /// The rule for `split.json`, without paths, so that the bytes do not depend on them.
    fn document(&self) -> Value {
        match self {
            Self::Lists(_) => json!({ "by": "given" }),
            Self::Taxa { validation, test } => {
                json!({ "by": "taxon", "validation": validation, "test": test })
            }
            Self::Clades { validation, test } => {
                json!({ "by": "clade", "validation": validation, "test": test })
            }
            Self::Shares {
                shares,
                grouping: Grouping::Clade(rank),
            } => {
                json!({ "by": "clade", "rank": rank, "validation": shares.validation, "test": shares.test })
            }
            Self::Shares { shares, grouping } => {
                let by = match grouping {
                    Grouping::None => "random",
                    Grouping::Taxon => "taxon",
                    Grouping::Clade(_) => "clade",
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
            // Writing to a `String` cannot fail.
            let _ = match groups {
                Some(groups) => writeln!(text, "{accession}\t{}\t{}", part.name(), groups[protein]),
                None => writeln!(text, "{accession}\t{}", part.name()),
            };
        }
    }
    write_new(path, &text)
}
