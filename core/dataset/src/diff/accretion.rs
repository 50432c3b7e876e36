//! Information accretion that came, went or changed.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::{DatasetError, FrozenDataset};
use protea_formats::Lines;

/// What differs in the tables of information accretion. A dataset without a table has no terms here.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AccretionDiff {
    /// Terms and values that only the other has.
    pub added: Vec<(String, f64)>,
    /// Terms and values that only the one has.
    pub removed: Vec<(String, f64)>,
    /// Terms of both with another value: that in the one, and that in the other.
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
                format!("{value:?} is no number"),
                "get a fresh copy of the dataset",
            )
        })?;
        // The last of several lines holds, as in scoring.
        values.insert(term.to_owned(), value);
    }
    Ok(values)
}
