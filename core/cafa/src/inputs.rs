//! What a method reads from a frozen dataset besides sequences and annotations: embeddings as numbers,
//! information accretion.

use protea_contracts::{Attribute, RunnerError};
use protea_dataset::{EmbeddingValues, FrozenDataset};
use protea_ontology::Ontology;
use protea_scoring::InformationAccretion;

/// The embeddings of all proteins of a dataset: a copy in memory, 4 bytes a number.
///
/// For an exact search of nearest neighbours use [`embedding_rows`](crate::assessment::embedding_rows)
/// instead, which copies nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct Embeddings {
    width: usize,
    values: Vec<f32>,
}

impl Embeddings {
    /// Reads the embeddings of a dataset. Half-precision values become single-precision ones, without a
    /// change.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] if the dataset has no embeddings or a table is invalid.
    pub fn read(dataset: &FrozenDataset) -> Result<Self, RunnerError> {
        let blocks = dataset
            .embedding_blocks()
            .or_dataset("reading the embeddings")?;
        let width = dataset.embedding_width().unwrap_or_default();
        let mut values = Vec::with_capacity(dataset.len() * width);
        for block in blocks {
            match block.values {
                EmbeddingValues::F32(block) => values.extend_from_slice(block),
                EmbeddingValues::F16(block) => {
                    values.extend(block.iter().map(|value| value.to_f32()))
                }
            }
        }
        Ok(Self { width, values })
    }

    /// Number of values of each embedding.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// The embedding of a protein.
    ///
    /// # Panics
    ///
    /// If the dataset has no such protein.
    #[must_use]
    pub fn row(&self, protein: usize) -> &[f32] {
        &self.values[protein * self.width..][..self.width]
    }
}

/// The information accretion of the terms of an ontology; `None` if the dataset has none. `ontology` must
/// be the ontology of the same dataset.
///
/// # Errors
///
/// [`RunnerError::Dataset`] if the table cannot be read.
pub fn information_accretion<'o>(
    dataset: &FrozenDataset,
    ontology: &'o Ontology,
) -> Result<Option<InformationAccretion<'o>>, RunnerError> {
    let read = |path| InformationAccretion::read(path, ontology);
    let accretion = dataset.ia_path().map(read).transpose();
    accretion.or_dataset("reading the information accretion")
}
