//! Inspects files of embeddings.

use std::{
    collections::HashMap,
    hash::{BuildHasher, RandomState},
    path::Path,
};

use super::{EXAMPLES, Inspection, Reading};
use crate::{EmbeddingOptions, EmbeddingReader, FormatError, MatrixType, Pool, read_ids};

/// Limit of the numbers that are read: a few seconds.
const MOST_NUMBERS: u64 = 100 << 20;
/// The largest finite f16.
const MAX_F16: f32 = 65504.0;

/// The least width of embeddings in a table whose columns do not say which has the names. A table of
/// another kind can have a column of numbers.
const LEAST_WIDTH: usize = 3;

/// Whether a text is a table of embeddings.
pub(super) fn may_be(path: &Path, scratch: &Path) -> bool {
    let options = EmbeddingOptions::default();
    match EmbeddingReader::open_with(path, None, &options, scratch) {
        Ok(_) | Err(FormatError::Nameless { .. }) => true,
        Err(_) => EmbeddingReader::open_unnamed(path, &options, scratch)
            .is_ok_and(|reader| reader.width() >= LEAST_WIDTH),
    }
}

/// Inspects a file of which the first bytes say that it is `kind`.
pub(super) fn inspect(path: &Path, kind: &str, scratch: &Path) -> Inspection {
    let mut inspection = Inspection::new(path, kind);
    let plain = EmbeddingOptions::default();
    let pooled = EmbeddingOptions {
        pool: Some(Pool::Mean),
        ..EmbeddingOptions::default()
    };
    let mut reader = match EmbeddingReader::open_with(path, None, &plain, scratch) {
        Ok(reader) => {
            inspection.reading = Some(Reading::Embeddings);
            reader
        }
        Err(error) => {
            let (reading, again) = match &error {
                FormatError::Nameless { .. } => (
                    Some(Reading::EmbeddingsWithIds),
                    EmbeddingReader::open_unnamed(path, &plain, scratch).ok(),
                ),
                FormatError::PerResidue { .. } => (
                    Some(Reading::EmbeddingsPooled),
                    EmbeddingReader::open_with(path, None, &pooled, scratch).ok(),
                ),
                FormatError::Choice { problem, .. } => {
                    inspection.notes.push(problem.clone());
                    // A matrix without a list of names in the same file.
                    match EmbeddingReader::open_unnamed(path, &plain, scratch) {
                        Ok(reader) => (Some(Reading::EmbeddingsWithIds), Some(reader)),
                        Err(_) => (Some(Reading::EmbeddingsByName), None),
                    }
                }
                _ => (None, None),
            };
            inspection.reading = reading;
            // An array of strings in an .npy file is a list of accessions.
            if path.is_file()
                && let FormatError::Matrix { .. } = error
                && let Ok(ids) = read_ids(path)
            {
                return list(inspection, ids);
            }
            let Some(again) = again else {
                inspection.fail(&error);
                return inspection;
            };
            again
        }
    };
    if inspection.reading == Some(Reading::Embeddings) && reader.is_numbered() {
        inspection.reading = Some(Reading::EmbeddingsWithIds);
        let note = "its embeddings are numbered, not named: give the list of their accessions";
        inspection.notes.push(note.to_owned());
    }
    if !reader.left_out().is_empty() {
        inspection.notes.push(format!(
            "single values beside the embeddings, which are left out: {}",
            reader.left_out().join(", ")
        ));
    }
    inspection.width = Some(reader.width());
    inspection.dtype = Some(reader.dtype().name());
    inspection.ids = reader.name_examples(EXAMPLES);
    if let Err(error) = scan(&mut reader, &mut inspection) {
        inspection.fail(&error);
    }
    inspection
}

fn list(mut inspection: Inspection, ids: HashMap<String, usize>) -> Inspection {
    inspection.kind = "a list of accessions in NumPy (.npy)".into();
    inspection.reading = Some(Reading::Ids);
    inspection.rows = Some(ids.len() as u64);
    let mut ids: Vec<_> = ids.into_iter().collect();
    ids.sort_unstable_by_key(|&(_, row)| row);
    inspection.ids = ids.into_iter().take(EXAMPLES).map(|(id, _)| id).collect();
    inspection
}

/// Counts the rows that freezing would refuse, and those that are suspicious.
fn scan(reader: &mut EmbeddingReader, inspection: &mut Inspection) -> Result<(), FormatError> {
    let rows = reader.rows();
    inspection.rows = Some(rows as u64);
    let most = (MOST_NUMBERS / reader.width() as u64).max(1) as usize;
    let read = rows.min(most);
    if read < rows {
        inspection.complete = false;
        inspection
            .notes
            .push(format!("the numbers of the first {read} rows were checked"));
    }
    let names: HashMap<usize, String> = reader
        .accessions()
        .iter()
        .filter(|&(_, &row)| row < read)
        .map(|(name, &row)| (row, name.clone()))
        .collect();
    let name = |row: usize| {
        names
            .get(&row)
            .cloned()
            .unwrap_or_else(|| format!("row {row}"))
    };
    let hasher = RandomState::new();
    let mut seen: HashMap<u64, usize> = HashMap::with_capacity(read);
    let (mut numbers, mut beyond_f16) = (Vec::new(), 0u64);
    for row in 0..read {
        numbers.clear();
        reader.read_f32(row, &mut numbers)?;
        let odd = numbers.iter().position(|value| !value.is_finite());
        if let Some(column) = odd {
            let source = reader.source_value(column);
            let reason = if source.is_nan() {
                "rows with NaN, which are refused"
            } else if source.is_infinite() {
                "rows with infinite numbers, which are refused"
            } else {
                "rows with numbers beyond the range of f32, which are refused"
            };
            inspection.drop_row(reason, &name(row));
            continue;
        }
        if numbers.iter().all(|&value| value == 0.0) {
            inspection.drop_row("rows of zeros, which are kept", &name(row));
            continue;
        }
        beyond_f16 += u64::from(numbers.iter().any(|value| value.abs() > MAX_F16));
        let bits: Vec<u32> = numbers.iter().map(|value| value.to_bits()).collect();
        if let Some(first) = seen.insert(hasher.hash_one(&bits), row) {
            let pair = format!("{} = {}", name(row), name(first));
            inspection.drop_row(
                "rows with the same numbers as another, which are kept",
                &pair,
            );
        }
    }
    if beyond_f16 > 0 && reader.dtype() != MatrixType::F16 {
        inspection.notes.push(format!(
            "{beyond_f16} rows have numbers beyond the range of f16"
        ));
    }
    Ok(())
}
