//! Which proteins belong together.

use std::collections::HashMap;
use std::path::PathBuf;

use protea_formats::read_clusters;

use crate::error::DatasetError;
use crate::frozen::FrozenDataset;

/// Accessions shown in a message.
const EXAMPLES: usize = 5;

/// Proteins that stay together: no group is split over folds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Grouping {
    /// Every protein is dealt by itself.
    #[default]
    None,
    /// The proteins of a taxon stay together.
    Taxon,
    /// The proteins of a cluster stay together. The file has two columns, protein and cluster or
    /// the other way round, as MMseqs2 writes it (`…_cluster.tsv`: representative and member).
    /// Clusters that have a protein in common count as one.
    Clusters(PathBuf),
}

/// The group of every protein.
pub(crate) struct Groups {
    /// By protein, numbered in the order in which they are first met.
    pub(crate) of_protein: Vec<u32>,
    pub(crate) count: usize,
}

/// `refused` makes the error that says what is wrong with the dataset, and the remedy.
pub(crate) fn of(
    dataset: &FrozenDataset,
    grouping: &Grouping,
    refused: impl FnOnce(String) -> DatasetError,
) -> Result<Groups, DatasetError> {
    match grouping {
        Grouping::None => Ok(Groups {
            of_protein: (0..dataset.len() as u32).collect(),
            count: dataset.len(),
        }),
        Grouping::Taxon => numbered(
            dataset,
            |protein| dataset.taxon(protein),
            "have no taxon; freeze the dataset with a taxonomy, or group by clusters",
        )
        .map_err(refused),
        Grouping::Clusters(path) => {
            let clusters = read_clusters(path)?;
            numbered(
                dataset,
                |protein| clusters.get(dataset.accession(protein)).copied(),
                "are in no cluster of the file; cluster all proteins of the dataset",
            )
            .map_err(refused)
        }
    }
}

fn numbered(
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
    })
}
