//! Which features a model has, in which order.

use std::path::Path;

use protea_cafa::dataset::FrozenDataset;
use protea_contracts::{content::digest_bytes, prelude::*};

use super::{FEATURES, Needs};

/// Changes whenever a feature of the same name is computed in another way.
const VERSION: u32 = 2;
/// The features that are principal components begin with this.
const COMPONENT: &str = "component_";
/// How the names of files with embeddings end.
const FILES: [&str; 7] = ["npy", "npz", "h5", "hdf5", "parquet", "gz", "zst"];

/// The features of a model, and what a dataset must have for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde", deny_unknown_fields)]
pub struct Schema {
    /// The version of the features' definitions.
    pub version: u32,
    /// Their names, in the order of the columns.
    pub features: Vec<String>,
    /// The width of the embeddings.
    pub embedding_width: usize,
    /// What made the embeddings, if the training set says so.
    pub embedding_source: Option<String>,
    /// Whether some features need sequences.
    pub sequences: bool,
    /// Whether some features need taxa.
    pub taxa: bool,
}

/// Why a model does not go with something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaError {
    /// The schema in the model is not the one that the model was made with.
    #[error(
        "its feature schema has the SHA-256 {found}, and {stated} is stated; it was changed, fit again"
    )]
    Changed {
        /// What is stated.
        stated: String,
        /// What it is.
        found: String,
    },
    /// This runner computes other features.
    #[error(
        "its features are of schema {found} (version {version}), this runner's are of {expected}; fit again"
    )]
    Other {
        /// SHA-256 of the model's schema.
        found: String,
        /// Its version.
        version: u32,
        /// SHA-256 of what this runner has for the same settings.
        expected: String,
    },
    /// The embeddings of a dataset are of another model than those that the trees know.
    #[error(
        "the embeddings of {dataset} come from {found:?}, those that the model was trained with (schema {schema}) from {expected:?}; freeze it with the latter (`--source` says what made them), or fit on embeddings of the former"
    )]
    Embedding {
        /// The dataset.
        dataset: String,
        /// SHA-256 of the model's schema.
        schema: String,
        /// Where its embeddings come from.
        found: String,
        /// Where those of the training set came from.
        expected: String,
    },
    /// A dataset lacks something.
    #[error(
        "{dataset} has {has}, and the features of the model (schema {schema}) need {needs}; {remedy}"
    )]
    Data {
        /// The dataset.
        dataset: String,
        /// SHA-256 of the model's schema.
        schema: String,
        /// What it has.
        has: String,
        /// What it needs.
        needs: String,
        /// What to do.
        remedy: &'static str,
    },
}

impl Schema {
    /// The features that a training set allows, `components` of them principal components.
    #[must_use]
    pub fn of(dataset: &FrozenDataset, components: usize, aligns: bool) -> Self {
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

    /// Whether features with this need are among these.
    #[must_use]
    pub fn allows(&self, needs: Needs) -> bool {
        match needs {
            Needs::Nothing => true,
            Needs::Taxa => self.taxa,
            Needs::Sequences => self.sequences,
        }
    }

    /// How many of the features are principal components.
    #[must_use]
    pub fn components(&self) -> usize {
        let features = self.features.iter();
        features.filter(|name| name.starts_with(COMPONENT)).count()
    }

    /// Its identity.
    #[must_use]
    pub fn sha256(&self) -> String {
        digest_bytes(json!(self).to_string().as_bytes())
    }

    /// Checks that a model's schema is what it was when the model was made, and what this runner computes.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Changed`], [`SchemaError::Other`].
    pub fn check(&self, stated: &str) -> Result<(), SchemaError> {
        let found = self.sha256();
        // A schema of another version need not have been written as this one is.
        if found != stated && self.version == VERSION {
            return Err(SchemaError::Changed {
                stated: stated.to_owned(),
                found,
            });
        }
        let own = Self::new(
            self.embedding_width,
            self.embedding_source.clone(),
            self.components(),
            self.sequences,
            self.taxa,
        );
        match own == *self {
            true => Ok(()),
            false => Err(SchemaError::Other {
                found,
                version: self.version,
                expected: own.sha256(),
            }),
        }
    }

    /// Checks that a dataset has what the features need, and embeddings of the same model where both say which.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Data`], [`SchemaError::Embedding`].
    pub fn check_data(&self, dataset: &FrozenDataset) -> Result<(), SchemaError> {
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
        if self.sequences && !has_sequences(dataset) {
            return Err(lacks(
                "no sequences".to_owned(),
                "them".to_owned(),
                "freeze it from a FASTA file with sequences, or train with aligned: 0",
            ));
        }
        if self.taxa && !has_taxa(dataset) {
            return Err(lacks(
                "no taxa".to_owned(),
                "them".to_owned(),
                "freeze it with `--taxonomy T.tsv` or from a FASTA file with OX=",
            ));
        }
        Ok(())
    }
}

/// What made the embeddings of a dataset, if it says so.
pub(crate) fn embedding_source(dataset: &FrozenDataset) -> Option<&str> {
    let embedding = dataset.manifest().embedding.as_ref()?;
    embedding.source.as_deref()
}

/// Whether a source is a mere file's name, which `protea freeze` takes where `--source` says nothing: it differs
/// between sets of the same embedding.
fn is_file_name(source: &str) -> bool {
    let ending = Path::new(source).extension();
    ending.is_some_and(|ending| FILES.iter().any(|file| ending.eq_ignore_ascii_case(file)))
}

fn has_sequences(dataset: &FrozenDataset) -> bool {
    (0..dataset.len()).any(|protein| dataset.sequence(protein).is_some())
}

fn has_taxa(dataset: &FrozenDataset) -> bool {
    (0..dataset.len()).any(|protein| dataset.taxon(protein).is_some())
}
