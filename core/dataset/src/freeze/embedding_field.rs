//! The Arrow column of embeddings.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef};

use crate::{EmbeddingInfo, EmbeddingType};

/// The Arrow field of one number of an embedding.
pub(crate) fn embedding_item(info: &EmbeddingInfo) -> FieldRef {
    let dtype = match info.dtype {
        EmbeddingType::F32 => DataType::Float32,
        EmbeddingType::F16 => DataType::Float16,
    };
    Arc::new(Field::new("item", dtype, false))
}

/// The Arrow field of the column of embeddings.
pub(crate) fn embedding_field(info: &EmbeddingInfo) -> Field {
    Field::new(
        "embedding",
        DataType::FixedSizeList(embedding_item(info), info.width as i32),
        false,
    )
}
