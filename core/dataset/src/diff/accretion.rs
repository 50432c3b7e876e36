//! Compares tables of information accretion.

use std::{collections::BTreeMap, path::Path};

use protea_formats::Lines;
use serde::Serialize;

use crate::{DatasetError, FrozenDataset};

/// Differences of the tables of information accretion. A dataset without a table counts as an empty
/// table.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct AccretionDiff {
    /// Terms and values that only the second dataset has.
    pub added: Vec<(String, f64)>,
    /// Terms and values that only the first dataset has.
    pub removed: Vec<(String, f64)>,
    /// Terms with different values: the value in the first and in the second dataset.
    pub changed: Vec<(String, f64, f64)>,
}

pub(super) fn compare(
    from: &FrozenDataset,
    to: &FrozenDataset,
) -> Result<AccretionDiff, DatasetError> {
    let table = |dataset: &FrozenDataset| match dataset.ia_path() {
        Some(path) => read(&path),
        None => Ok(BTreeMap::new()),
    };
    let (before, mut after) = (table(from)?, table(to)?);
    let mut found = AccretionDiff::default();
    for (term, value) in before {
        match after.remove(&term) {
            None => found.removed.push((term, value)),
            Some(other) if other.to_bits() != value.to_bits() => {
                found.changed.push((term, value, other));
            }
            Some(_) => {}
        }
    }
    found.added = after.into_iter().collect();
    Ok(found)
}

fn read(path: &Path) -> Result<BTreeMap<String, f64>, DatasetError> {
    let mut lines = Lines::open(path)?;
    let mut values = BTreeMap::new();
    while lines.advance()? {
        let mut words = lines.text()?.split_whitespace();
        let (Some(term), Some(value)) = (words.next(), words.next()) else {
            continue;
        };
        let value = fast_float2::parse::<f64, _>(value).map_err(|_| {
            lines.malformed(
                format!("{value:?} is not a number"),
                "get a fresh copy of the dataset",
            )
        })?;
        // If a term occurs on several lines, the last one counts, as in scoring.
        values.insert(term.to_owned(), value);
    }
    Ok(values)
}
