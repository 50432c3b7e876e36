//! Groups proteins that must stay together.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
};

use protea_formats::read_clusters;

use crate::{error::DatasetError, freeze::Tally, frozen::FrozenDataset};

/// Largest number of accessions in a message.
const EXAMPLES: usize = 5;

/// Proteins that stay together in folds and splits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Each protein is a group of its own.
    #[default]
    None,
    /// The proteins of a taxon stay together.
    Taxon,
    /// The proteins of a clade stay together: those with the same ancestor of this rank, such as
    /// `family`. Taxa without such an ancestor are groups of their own. Needs lineages.
    Clade(String),
    /// The proteins of a cluster stay together. The file has two columns, protein and cluster in
    /// either order, such as the `…_cluster.tsv` of MMseqs2 (representative and member). Clusters
    /// with a common protein are merged.
    Clusters(PathBuf),
}

/// The group of every protein.
pub(crate) struct Groups {
    /// Group of each protein, numbered in the order of first appearance.
    pub(crate) of_protein: Vec<u32>,
    pub(crate) count: usize,
    /// The taxa that are groups of their own, because they have no ancestor of the rank.
    pub(crate) without_rank: Vec<u32>,
}

impl Groups {
    /// The taxa that are groups of their own, because they have no ancestor of the rank.
    pub(crate) fn without_rank(&self) -> Tally {
        let mut tally = Tally::default();
        for taxon in &self.without_rank {
            tally.add(&taxon.to_string());
        }
        tally
    }
}

/// Groups the proteins of a dataset. `error` converts a problem and its remedy to an error.
pub(crate) fn group_proteins(
    dataset: &FrozenDataset,
    grouping: &Grouping,
    error: impl FnOnce(String) -> DatasetError,
) -> Result<Groups, DatasetError> {
    match grouping {
        Grouping::None => Ok(Groups {
            of_protein: (0..dataset.len() as u32).collect(),
            count: dataset.len(),
            without_rank: Vec::new(),
        }),
        Grouping::Taxon => {
            number_groups(dataset, |protein| dataset.taxon(protein), "have no taxon").map_err(
                |problem| DatasetError::NoTaxon {
                    dataset: dataset.directory().to_owned(),
                    problem,
                },
            )
        }
        Grouping::Clade(rank) => clades(dataset, rank, error),
        Grouping::Clusters(path) => {
            let clusters = read_clusters(path)?;
            number_groups(
                dataset,
                |protein| clusters.get(dataset.accession(protein)).copied(),
                "are not in the file of clusters",
            )
            .map_err(|problem| DatasetError::Clusters {
                path: path.clone(),
                problem: format!("{problem}; {}", cluster_names(dataset, &clusters)),
            })
        }
    }
}

/// Names of the file of clusters, and what to do.
fn cluster_names(dataset: &FrozenDataset, clusters: &HashMap<String, u32>) -> String {
    let mut names: Vec<&str> = clusters.keys().map(String::as_str).collect();
    names.sort_unstable();
    // CD-HIT cuts names after 20 letters, or 19 without the '>', unless it is told not to.
    let is_cut = |accession: &str| {
        !clusters.contains_key(accession)
            && (4..accession.len())
                .rev()
                .filter_map(|end| accession.get(..end))
                .any(|start| clusters.contains_key(start))
    };
    let remedy = if (0..dataset.len()).any(|protein| is_cut(dataset.accession(protein))) {
        "names seem to be cut: run CD-HIT with -d 0"
    } else {
        "cluster all proteins of the dataset, under the same names"
    };
    let more = if names.len() > 3 { ", …" } else { "" };
    let first: Vec<String> = names
        .iter()
        .take(3)
        .map(|name| format!("{name:?}"))
        .collect();
    format!("the file has {}{more}; {remedy}", first.join(", "))
}

fn number_groups(
    dataset: &FrozenDataset,
    group_of: impl Fn(usize) -> Option<u32>,
    problem: &str,
) -> Result<Groups, String> {
    let mut numbers: HashMap<u32, u32> = HashMap::new();
    let mut of_protein = Vec::with_capacity(dataset.len());
    let mut without = Vec::new();
    for protein in 0..dataset.len() {
        match group_of(protein) {
            Some(group) => {
                let next = numbers.len() as u32;
                of_protein.push(*numbers.entry(group).or_insert(next));
            }
            None => without.push(dataset.accession(protein)),
        }
    }
    if !without.is_empty() {
        let examples = &without[..without.len().min(EXAMPLES)];
        let more = if without.len() > EXAMPLES {
            ", …"
        } else {
            ""
        };
        return Err(format!(
            "{} of {} proteins ({}{more}) {problem}",
            without.len(),
            dataset.len(),
            examples.join(", ")
        ));
    }
    Ok(Groups {
        of_protein,
        count: numbers.len(),
        without_rank: Vec::new(),
    })
}

/// Groups by the ancestors of a rank.
fn clades(
    dataset: &FrozenDataset,
    rank: &str,
    error: impl FnOnce(String) -> DatasetError,
) -> Result<Groups, DatasetError> {
    let directory = dataset.directory().to_owned();
    let lineages = dataset
        .lineages()?
        .ok_or_else(|| DatasetError::NoLineages(directory.clone()))?;
    if !lineages.ranks().iter().any(|name| name == rank) {
        let ranks = lineages.ranks();
        return Err(error(if ranks.is_empty() {
            "its lineages have no ranks; freeze it with nodes.dmp of NCBI, or with a third column \
             for the rank"
                .to_owned()
        } else {
            format!(
                "none of its taxa has an ancestor of the rank {rank:?}; the ranks are {}",
                ranks.join(", ")
            )
        }));
    }
    let mut without = BTreeSet::new();
    let clades: Vec<Option<u32>> = (0..dataset.len())
        .map(|protein| {
            let taxon = dataset.taxon(protein)?;
            let clade = lineages.ancestor_of_rank(taxon, rank);
            Some(clade.unwrap_or_else(|| {
                without.insert(taxon);
                lineages.current(taxon).unwrap_or(taxon)
            }))
        })
        .collect();
    let groups =
        number_groups(dataset, |protein| clades[protein], "have no taxon").map_err(|problem| {
            DatasetError::NoTaxon {
                dataset: directory,
                problem,
            }
        })?;
    Ok(Groups {
        without_rank: without.into_iter().collect(),
        ..groups
    })
}
