//! Splits that somebody else made: lists of accessions.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use protea_formats::read_ids;

use super::part::Part;
use crate::error::DatasetError;
use crate::frozen::FrozenDataset;

/// Accessions shown in a message.
const EXAMPLES: usize = 5;

/// Files with the accessions of each part, one per line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accessions {
    /// Those to learn from; without it, all that are in no other list.
    pub train: Option<PathBuf>,
    /// Those to choose settings by.
    pub validation: Option<PathBuf>,
    /// Those to be scored on.
    pub test: PathBuf,
}

/// The part of every protein; `None` for one that is in no list.
pub(super) fn parts(
    dataset: &FrozenDataset,
    lists: &Accessions,
) -> Result<Vec<Option<Part>>, DatasetError> {
    let rest = match lists.train {
        Some(_) => None,
        None => Some(Part::Train),
    };
    let mut parts = vec![rest; dataset.len()];
    let mut named: HashMap<usize, &Path> = HashMap::new();
    let given = [
        (Part::Train, lists.train.as_deref()),
        (Part::Validation, lists.validation.as_deref()),
        (Part::Test, Some(lists.test.as_path())),
    ];
    for (part, file) in given {
        let Some(file) = file else { continue };
        let mut unknown = Vec::new();
        let ids = read_ids(file)?;
        let mut ids: Vec<(&String, &usize)> = ids.iter().collect();
        ids.sort_unstable_by_key(|(_, row)| **row);
        for (accession, _) in ids {
            let Some(protein) = dataset.index_of(accession) else {
                unknown.push(accession.as_str());
                continue;
            };
            if let Some(other) = named.insert(protein, file) {
                return Err(refused(
                    dataset,
                    format!(
                        "{accession} is both in {} and in {}; leave it in one of them",
                        other.display(),
                        file.display()
                    ),
                ));
            }
            parts[protein] = Some(part);
        }
        if !unknown.is_empty() {
            let more = if unknown.len() > EXAMPLES {
                ", …"
            } else {
                ""
            };
            return Err(refused(
                dataset,
                format!(
                    "it has not {} of the proteins in {} ({}{more}); remove them from the list, or give the dataset that it is of",
                    unknown.len(),
                    file.display(),
                    unknown[..unknown.len().min(EXAMPLES)].join(", ")
                ),
            ));
        }
    }
    Ok(parts)
}

fn refused(dataset: &FrozenDataset, problem: String) -> DatasetError {
    DatasetError::Split {
        dataset: dataset.directory().to_owned(),
        problem,
    }
}
