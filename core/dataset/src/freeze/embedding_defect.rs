//! The error of an embedding that is not finite.

use protea_formats::{EmbeddingReader, FormatError};

use crate::EmbeddingType;

/// Says what is wrong with a number of the embedding in a row of the file.
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
