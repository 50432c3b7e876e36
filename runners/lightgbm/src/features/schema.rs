//! The features of a model, in order.

use std::path::Path;

use protea_cafa::dataset::FrozenDataset;
use protea_contracts::{Sha256, content::digest_bytes, prelude::*};

use super::{FEATURES, Needs};

/// Must change whenever the computation of an existing feature changes.
const VERSION: u32 = 2;
/// The prefix of the features that are principal components.
const COMPONENT: &str = "component_";
/// The extensions of files with embeddings.
const FILES: [&str; 7] = ["npy", "npz", "h5", "hdf5", "parquet", "gz", "zst"];

/// The features of a model, and the data that they require.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde", deny_unknown_fields)]
pub(crate) struct Schema {
    /// The version of the features' definitions.
    pub(crate) version: u32,
    /// Their names, in the order of the columns.
    pub(crate) features: Vec<String>,
    /// The width of the embeddings.
    pub(crate) embedding_width: usize,
    /// The source of the embeddings, if the training set states it.
    pub(crate) embedding_source: Option<String>,
    /// Whether some features need sequences.
    pub(crate) sequences: bool,
    /// Whether some features need taxa.
    pub(crate) taxa: bool,
}

/// Why a model does not fit this runner or a dataset.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum SchemaError {
    /// The schema in the model has changed since the model was made.
    #[error(
        "the feature schema of the model was changed: its SHA-256 is {found}, but the model states {stated}; fit again"
    )]
    Changed {
        /// The stated SHA-256.
        stated: Sha256,
        /// The actual SHA-256.
        found: Sha256,
    },
    /// This runner computes other features.
    #[error(
        "the model has the feature schema {found} (version {version}), this runner has {expected}; fit again"
    )]
    Other {
        /// SHA-256 of the model's schema.
        found: Sha256,
        /// Its version.
        version: u32,
        /// SHA-256 of this runner's schema for the same settings.
        expected: Sha256,
    },
    /// The embeddings of a dataset come from another source than those of the training set.
    #[error(
        "{dataset} has embeddings from {found:?}, but the model was trained on embeddings from {expected:?} (schema {schema}); freeze {dataset} with embeddings from {expected:?} and state that with `--source`, or fit again on embeddings from {found:?}"
    )]
    Embedding {
        /// The dataset.
        dataset: String,
        /// SHA-256 of the model's schema.
        schema: Sha256,
        /// The source of its embeddings.
        found: String,
        /// The source of the training set's embeddings.
        expected: String,
    },
    /// A dataset lacks something.
    #[error(
        "{dataset} has {has}, but the features of the model (schema {schema}) need {needs}; {remedy}"
    )]
    Data {
        /// The dataset.
        dataset: String,
        /// SHA-256 of the model's schema.
        schema: Sha256,
        /// What it has.
        has: String,
        /// What it needs.
        needs: String,
        /// What to do.
        remedy: &'static str,
    },
}

impl Schema {
    /// The features that a training set allows; `components` of them are principal components.
    pub(crate) fn from_dataset(dataset: &FrozenDataset, components: usize, aligns: bool) -> Self {
        let embedding_width = dataset.embedding_width().unwrap_or_default();
        Self::new(
            embedding_width,
            embedding_source(dataset).map(str::to_owned),
            components.min(embedding_width),
            aligns && has_sequences(dataset),
            has_taxa(dataset),
        )
    }

    fn new(
        embedding_width: usize,
        embedding_source: Option<String>,
        components: usize,
        sequences: bool,
        taxa: bool,
    ) -> Self {
        let mut schema = Self {
            version: VERSION,
            features: Vec::new(),
            embedding_width,
            embedding_source,
            sequences,
            taxa,
        };
        let of_table = FEATURES
            .iter()
            .filter(|feature| schema.allows(feature.needs));
        let names = of_table.map(|feature| feature.name.to_owned());
        let components = (1..=components).map(|at| format!("{COMPONENT}{at}"));
        schema.features = names.chain(components).collect();
        schema
    }

    /// Whether the schema has features that require this data.
    pub(crate) fn allows(&self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Taxa => self.taxa,
            Needs::Sequences => self.sequences,
        }
    }

    /// The number of features that are principal components.
    pub(crate) fn components(&self) -> usize {
        let features = self.features.iter();
        features.filter(|name| name.starts_with(COMPONENT)).count()
    }

    /// The identity of the schema.
    pub(crate) fn sha256(&self) -> Sha256 {
        digest_bytes(json!(self).to_string().as_bytes())
    }

    /// Checks that a model's schema has not changed since the model was made, and that this runner
    /// computes its features.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Changed`], [`SchemaError::Other`].
    pub(crate) fn check(&self, stated: Sha256) -> Result<(), SchemaError> {
        let found = self.sha256();
        // Another version may have serialised its schema differently.
        if found != stated && self.version == VERSION {
            return Err(SchemaError::Changed { stated, found });
        }
        let own = Self::new(
            self.embedding_width,
            self.embedding_source.clone(),
            self.components(),
            self.sequences,
            self.taxa,
        );
        if own == *self {
            return Ok(());
        }
        Err(SchemaError::Other {
            found,
            version: self.version,
            expected: own.sha256(),
        })
    }

    /// Checks that a dataset has the data that the features require, and embeddings of the same
    /// source if both state it.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Data`], [`SchemaError::Embedding`].
    pub(crate) fn check_data(&self, dataset: &FrozenDataset) -> Result<(), SchemaError> {
        let lacks = |has: String, needs: String, remedy| SchemaError::Data {
            dataset: dataset.directory().display().to_string(),
            schema: self.sha256(),
            has,
            needs,
            remedy,
        };
        let width = match dataset.embedding_width() {
            Some(width) if width == self.embedding_width => None,
            Some(width) => Some(format!("embeddings of {width} numbers")),
            None => Some("no embeddings".to_owned()),
        };
        if let Some(has) = width {
            return Err(lacks(
                has,
                format!("{} numbers", self.embedding_width),
                "freeze it with the embedding that the model was trained with (`--embeddings` or `--features`)",
            ));
        }
        if let (Some(found), Some(expected)) = (embedding_source(dataset), &self.embedding_source)
            && found != expected
            && ![found, expected].into_iter().any(is_file_name)
        {
            return Err(SchemaError::Embedding {
                dataset: dataset.directory().display().to_string(),
                schema: self.sha256(),
                found: found.to_owned(),
                expected: expected.clone(),
            });
        }
        // A dataset without proteins lacks nothing.
        let lacks_proteins = dataset.is_empty();
        if self.sequences && !lacks_proteins && !has_sequences(dataset) {
            return Err(lacks(
                "no sequences".to_owned(),
                "them".to_owned(),
                "freeze it from a FASTA file with sequences, or train with aligned: 0",
            ));
        }
        if self.taxa && !lacks_proteins && !has_taxa(dataset) {
            return Err(lacks(
                "no taxa".to_owned(),
                "them".to_owned(),
                "freeze it with `--taxonomy T.tsv` or from a FASTA file with OX=",
            ));
        }
        if self.taxa && dataset.lineages().is_err() {
            return Err(lacks(
                "lineages of taxa that cannot be read".to_owned(),
                "readable ones".to_owned(),
                "freeze it again",
            ));
        }
        Ok(())
    }
}

/// The source of a dataset's embeddings, if it states one.
pub(crate) fn embedding_source(dataset: &FrozenDataset) -> Option<&str> {
    let embedding = dataset.manifest().embedding.as_ref()?;
    embedding.source.as_deref()
}

/// Whether a source is only a file name. That is the default when a dataset is frozen, and it
/// differs between datasets with the same embedding.
pub(crate) fn is_file_name(source: &str) -> bool {
    let ending = Path::new(source).extension();
    ending.is_some_and(|ending| FILES.iter().any(|file| ending.eq_ignore_ascii_case(file)))
}

fn has_sequences(dataset: &FrozenDataset) -> bool {
    (0..dataset.len()).any(|protein| dataset.sequence(protein).is_some())
}

fn has_taxa(dataset: &FrozenDataset) -> bool {
    (0..dataset.len()).any(|protein| dataset.taxon(protein).is_some())
}
