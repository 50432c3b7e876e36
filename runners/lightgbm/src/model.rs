//! The document that `fit` writes, and the files beside it.

use std::{collections::BTreeMap, fs, path::Path};

use protea_cafa::{
    assessment::open_references, calibration::Calibration, dataset::FrozenDataset,
    ontology::Ontology,
};
use protea_contracts::{FileDigest, Sha256, prelude::*};

use crate::{
    features::{Schema, SchemaError, embedding_source, is_file_name},
    library::{Booster, LightGbm, LightGbmError},
    principal::Principal,
    spec::LightGbmSpec,
};

/// The file of the principal components.
pub(crate) const COMPONENTS: &str = "components.json";
/// The file of an aspect's trees, in a directory named after the aspect.
pub(crate) const TREES: &str = "model.txt";

/// A model: a reference model with trees for each aspect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde")]
pub(crate) struct Model {
    /// The settings and the references.
    #[serde(flatten)]
    pub(crate) reference: ReferenceModel<LightGbmSpec>,
    /// The features, in the order of the columns.
    pub(crate) schema: Schema,
    /// SHA-256 of the schema.
    pub(crate) schema_sha256: Sha256,
    /// The principal components of the references' embeddings: `components.json`.
    pub(crate) components: FileDigest,
    /// One entry per namespace, in the order of the ontology.
    pub(crate) aspects: Vec<AspectModel>,
    /// Turns scores into probabilities, if the spec asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calibration: Option<Calibration>,
}

/// The result of the training in an aspect.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde", default)]
pub(crate) struct AspectModel {
    /// The namespace in the ontology, such as `molecular_function`.
    pub(crate) namespace: String,
    /// Its name in metrics, such as `MFO`.
    pub(crate) name: String,
    /// The trees, such as `MFO/model.txt`; `None` if none could be trained.
    pub(crate) trees: Option<FileDigest>,
    /// The number of trees.
    pub(crate) count: usize,
    /// Whether the trees' scores replace the neighbours' votes.
    pub(crate) reranks: bool,
    /// Why, for people to read.
    pub(crate) reason: String,
    /// Metrics of the trees and of the votes on the held-out proteins.
    pub(crate) held_out: BTreeMap<String, f64>,
    /// By feature, the total gain of the splits on it.
    pub(crate) gain: BTreeMap<String, f64>,
}

impl AspectModel {
    fn uses_trees(&self) -> bool {
        self.reranks && self.trees.is_some()
    }
}

impl Model {
    /// Reads and checks the model that a request names.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when it cannot be read, or its calibration is missing or invalid.
    pub(crate) fn read(request: &impl HasModel) -> Result<Self, RunnerError> {
        let model: Self = request.read_model()?;
        let invalid = |problem: &str| {
            Err(RunnerError::Model {
                message: format!("{problem}; fit again"),
            })
        };
        match &model.calibration {
            None if model.reference.spec.calibrate => {
                invalid("the setting calibrate is on, but the model has no calibration")
            }
            Some(calibration) if !calibration.is_valid() => invalid(
                "the calibration of the model is not an increasing function from scores to probabilities",
            ),
            _ => Ok(model),
        }
    }

    /// Opens the references of the model at `path`.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when they are missing or have changed.
    pub(crate) fn open_references(&self, path: &Path) -> Result<FrozenDataset, RunnerError> {
        open_references(&self.reference, path)
    }

    /// Checks that this runner computes the model's features, and that a dataset has what they
    /// need. Warns if the source of only one of the embeddings is known.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when this runner computes other features; [`RunnerError::Dataset`]
    /// when the dataset lacks something.
    pub(crate) fn check(&self, queries: &FrozenDataset, emit: &Emitter) -> Result<(), RunnerError> {
        self.schema
            .check(self.schema_sha256)
            .or_model("comparing the features")?;
        self.schema
            .check_data(queries)
            .map_err(|error| match error {
                SchemaError::Data { .. } | SchemaError::Embedding { .. } => RunnerError::Dataset {
                    message: error.to_string(),
                },
                error => RunnerError::Model {
                    message: error.to_string(),
                },
            })?;
        let (expected, found) = (
            self.schema.embedding_source.as_deref(),
            embedding_source(queries),
        );
        // A file name says nothing about the model, so two of them do not contradict each other.
        let declared = [expected, found]
            .into_iter()
            .any(|source| source.is_some_and(|source| !is_file_name(source)));
        if expected != found && declared {
            let name = |source: Option<&str>| source.unwrap_or("an unknown source").to_owned();
            emit.warning(
                "runner.lightgbm.embedding_source",
                &format!(
                    "{} has embeddings from {}, but the training set has embeddings from {}. Predictions are meaningless unless both come from the same model. State the model with `--source` when you freeze a dataset",
                    queries.directory().display(),
                    name(found),
                    name(expected),
                ),
                &json!({ "found": found, "expected": expected }),
            );
        }
        Ok(())
    }

    /// Reads the principal components that belong to the model at `path`.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when the file is missing or changed, or does not fit the schema.
    pub(crate) fn read_components(&self, path: &Path) -> Result<Principal, RunnerError> {
        let bytes = read(&self.components, path)?;
        let components: Principal =
            serde_json::from_slice(&bytes).or_model(&format!("reading {COMPONENTS}"))?;
        if components.fits(self.schema.embedding_width, self.schema.components()) {
            return Ok(components);
        }
        Err(RunnerError::Model {
            message: format!(
                "{COMPONENTS} has another shape than the schema of the model; fit again"
            ),
        })
    }

    /// Opens LightGBM if the trees of any aspect replace votes. A model that only votes does not
    /// need it.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Missing`] with the remedy.
    pub(crate) fn open_library(&self) -> Result<Option<LightGbm>, RunnerError> {
        let reranks = self.aspects.iter().any(AspectModel::uses_trees);
        Ok(reranks.then(LightGbm::open).transpose()?)
    }

    /// Reads the trees, by namespace of the ontology; `None` for a namespace in which the votes
    /// stay.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when a file is missing or changed, or the ontology is a different
    /// one.
    pub(crate) fn read_trees(
        &self,
        library: Option<&LightGbm>,
        ontology: &Ontology,
        path: &Path,
    ) -> Result<Vec<Option<Booster<'static>>>, RunnerError> {
        let namespaces = ontology.namespaces();
        let names = self.aspects.iter().map(|aspect| aspect.namespace.as_str());
        if !names.eq(namespaces.iter().map(|namespace| namespace.name())) {
            return Err(RunnerError::Model {
                message:
                    "the aspects of the model differ from the ontology of its references; fit again"
                        .to_owned(),
            });
        }
        self.aspects
            .iter()
            .map(|aspect| match &aspect.trees {
                Some(trees) if aspect.reranks => {
                    let library = library.ok_or(LightGbmError::Missing)?;
                    read_trees(library, trees, path).map(Some)
                }
                _ => Ok(None),
            })
            .collect()
    }

    /// Copies the files that belong to the model at `path` into an export.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when a file is missing or changed, [`RunnerError::Failed`] when one
    /// cannot be written.
    pub(crate) fn copy_files(&self, path: &Path, bundle: &mut Bundle) -> Result<(), RunnerError> {
        let trees = self
            .aspects
            .iter()
            .filter_map(|aspect| aspect.trees.as_ref());
        let files = trees.map(|file| ("trees", file));
        for (role, file) in files.chain([("components", &self.components)]) {
            let bytes = read(file, path)?;
            let copy = bundle.add(role, &file.path);
            let directory = copy.parent().unwrap_or(Path::new("."));
            fs::create_dir_all(directory).or_failed("making a directory of the export")?;
            fs::write(&copy, bytes).or_failed(&format!("writing {}", copy.display()))?;
        }
        Ok(())
    }
}

/// Reads a file that belongs to the model, after checking its hash.
fn read(file: &FileDigest, model: &Path) -> Result<Vec<u8>, RunnerError> {
    let directory = model.parent().unwrap_or(Path::new("."));
    file.check(directory)
        .or_model(&format!("checking {}, a file of the model", file.path))?;
    fs::read(directory.join(&file.path)).or_model(&format!("reading {}", file.path))
}

fn read_trees(
    library: &LightGbm,
    file: &FileDigest,
    model: &Path,
) -> Result<Booster<'static>, RunnerError> {
    let bytes = read(file, model)?;
    let text = String::from_utf8(bytes).or_model(&format!("reading {}", file.path))?;
    library
        .read(&text)
        .or_model(&format!("reading {} with LightGBM", file.path))
}

/// Writes a file of the model into its directory.
pub(crate) fn write(
    directory: &Path,
    name: &str,
    content: &[u8],
) -> Result<FileDigest, RunnerError> {
    let path = directory.join(name);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).or_failed(&format!("making {}", parent.display()))?;
    }
    fs::write(&path, content).or_failed(&format!("writing {}", path.display()))?;
    FileDigest::of(directory, name).or_failed(&format!("reading {} again", path.display()))
}
