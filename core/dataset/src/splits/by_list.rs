//! Splits by lists of accessions.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use protea_formats::read_ids;

use super::part::Part;
use crate::{error::DatasetError, frozen::FrozenDataset};

/// Largest number of accessions in a message.
const EXAMPLES: usize = 5;

/// Files with the accessions of each part, one per line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accessions {
    /// Accessions of the training part. Without it, all accessions that are in no other list.
    pub train: Option<PathBuf>,
    /// Accessions of the validation part.
    pub validation: Option<PathBuf>,
    /// Accessions of the test part.
    pub test: PathBuf,
}

/// The part of every protein; `None` for a protein in no list.
pub(super) fn parts(
    dataset: &FrozenDataset,
    lists: &Accessions,
) -> Result<Vec<Option<Part>>, DatasetError> {
    let rest = lists.train.is_none().then_some(Part::Train);
    let mut parts = vec![rest; dataset.len()];
    let mut listed_in: HashMap<usize, &Path> = HashMap::new();
    let files = [
        (Part::Train, lists.train.as_deref()),
        (Part::Validation, lists.validation.as_deref()),
        (Part::Test, Some(lists.test.as_path())),
    ];
    for (part, file) in files {
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
            if let Some(other) = listed_in.insert(protein, file) {
                return Err(split_error(
                    dataset,
                    format!(
                        "{accession} is both in {} and in {}; remove it from one of them",
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
            return Err(split_error(
                dataset,
                format!(
                    "{} of the proteins in {} are not in the dataset ({}{more}); remove them from \
                     the list, or give the dataset for which it was made",
                    unknown.len(),
                    file.display(),
                    unknown[..unknown.len().min(EXAMPLES)].join(", ")
                ),
            ));
        }
    }
    Ok(parts)
}

fn split_error(dataset: &FrozenDataset, problem: String) -> DatasetError {
    DatasetError::Split {
        dataset: dataset.directory().to_owned(),
        problem,
    }
}
