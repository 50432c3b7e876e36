//! Errors about single embeddings of a dataset that is frozen.

use protea_formats::{EmbeddingReader, FormatError, NameRule};

use crate::EmbeddingType;

/// Rows that models add to those of the residues: one for the start and one for the end.
const MOST_SPECIAL_TOKENS: u64 = 2;

/// Whether a matrix has more rows than a model gives for a sequence of this length. `rule` found the
/// matrix: another version or isoform has another sequence.
pub(super) fn is_padded(rows: u64, residues: u64, rule: NameRule) -> bool {
    let same_sequence = !matches!(rule, NameRule::Version | NameRule::Isoform);
    same_sequence && rows > residues + MOST_SPECIAL_TOKENS
}

/// A matrix with more rows than its protein has residues, which is padded: its mean would be too small.
pub(super) fn padded(
    reader: &EmbeddingReader,
    accession: &str,
    rows: u64,
    residues: u64,
) -> FormatError {
    FormatError::Matrix {
        path: reader.path().to_owned(),
        problem: format!(
            "the matrix of {accession} has {rows} rows, but its sequence has {residues} residues: the \
             mean would include the padding"
        ),
        remedy: format!(
            "cut the padding off, such as matrix[:{residues}], or give the sequences that were embedded"
        ),
    }
}

pub(super) fn not_finite(
    reader: &EmbeddingReader,
    row: usize,
    column: usize,
    accession: &str,
    dtype: EmbeddingType,
) -> FormatError {
    let value = reader.source_value(column);
    let reason = match (value.is_finite(), dtype) {
        (false, _) => "is not finite; compute this embedding again",
        (true, EmbeddingType::F16) => "exceeds the range of f16 (at most 65504); store f32",
        (true, EmbeddingType::F32) => "exceeds the range of f32; scale the embeddings down",
    };
    FormatError::NotFinite {
        path: reader.path().to_owned(),
        row,
        accession: accession.to_owned(),
        column,
        value,
        reason,
    }
}
