//! The document that `fit` writes, and what lies beside it.

use std::{collections::BTreeMap, fs, path::Path};

use protea_cafa::{assessment::open_references, dataset::FrozenDataset, ontology::Ontology};
use protea_contracts::{FileDigest, prelude::*};

use crate::{
    features::{Schema, SchemaError, embedding_source},
    library::{Booster, LightGbm, LightGbmError},
    principal::Principal,
    spec::LightGbmSpec,
};

/// The file of the principal components.
pub(crate) const COMPONENTS: &str = "components.json";
/// The file of an aspect's trees, in a directory that is named after the aspect.
pub(crate) const TREES: &str = "model.txt";

/// A model: a reference model, and trees for each aspect.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde")]
pub struct Model {
    /// The settings, and the references.
    #[serde(flatten)]
    pub reference: ReferenceModel<LightGbmSpec>,
    /// The features, in the order of the columns.
    pub schema: Schema,
    /// SHA-256 of the schema.
    pub schema_sha256: String,
    /// The principal components of the references' embeddings, `components.json`.
    pub components: FileDigest,
    /// Each namespace of the ontology, in its order.
    pub aspects: Vec<AspectModel>,
}

/// What was learnt of an aspect.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde", default)]
pub struct AspectModel {
    /// The namespace in the ontology, as in `molecular_function`.
    pub namespace: String,
    /// The same as metrics name it: `MFO` and its like.
    pub name: String,
    /// The trees, `MFO/model.txt` and its like; none where none could be grown.
    pub trees: Option<FileDigest>,
    /// How many there are.
    pub count: usize,
    /// Whether their scores take the place of the neighbours' votes.
    pub reranks: bool,
    /// Why, in words.
    pub reason: String,
    /// How the trees do on the held-out proteins, and how the votes do.
    pub held_out: BTreeMap<String, f64>,
    /// By feature, what the splits on it have gained.
    pub gain: BTreeMap<String, f64>,
}

impl AspectModel {
    fn has_trees_that_rank(&self) -> bool {
        self.reranks && self.trees.is_some()
    }
}

impl Model {
    /// Opens the references of the model that lies at `path`, if they still are what it was made with.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`].
    pub fn open_references(&self, path: &Path) -> Result<FrozenDataset, RunnerError> {
        open_references(&self.reference, path)
    }

    /// Checks that this runner computes the model's features, and that a dataset has what they need. Warns where
    /// nobody can tell whether its embeddings are of the model's kind.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`], [`RunnerError::Dataset`].
    pub fn check(&self, queries: &FrozenDataset, emit: &Emitter) -> Result<(), RunnerError> {
        self.schema
            .check(&self.schema_sha256)
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
        if expected != found {
            let name = |source: Option<&str>| source.unwrap_or("an unknown source").to_owned();
            emit.warning(
                "runner.lightgbm.embedding_source",
                &format!(
                    "the embeddings of {} come from {}, those of the training set from {}; predictions mean nothing unless both are of the same model. `protea freeze --source` says which",
                    queries.directory().display(),
                    name(found),
                    name(expected),
                ),
                &json!({ "found": found, "expected": expected }),
            );
        }
        Ok(())
    }

    /// Reads the principal components from beside the model at `path`.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`].
    pub fn read_components(&self, path: &Path) -> Result<Principal, RunnerError> {
        let bytes = read(&self.components, path)?;
        let components: Principal =
            serde_json::from_slice(&bytes).or_model(&format!("reading {COMPONENTS}"))?;
        if components.fits(self.schema.embedding_width, self.schema.components()) {
            return Ok(components);
        }
        Err(RunnerError::Model {
            message: format!(
                "its {COMPONENTS} are of another shape than its schema has; fit again"
            ),
        })
    }

    /// Opens LightGBM, if the trees of some aspect take the place of votes: a model that only votes does without.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Missing`].
    pub fn open_library(&self) -> Result<Option<LightGbm>, RunnerError> {
        let reranks = self.aspects.iter().any(AspectModel::has_trees_that_rank);
        Ok(reranks.then(LightGbm::open).transpose()?)
    }

    /// Reads the trees of each namespace of the ontology, where they take the place of votes.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when they are not what they were, or are of another ontology.
    pub fn read_trees(
        &self,
        library: Option<&LightGbm>,
        ontology: &Ontology,
        path: &Path,
    ) -> Result<Vec<Option<Booster<'static>>>, RunnerError> {
        let namespaces = ontology.namespaces();
        let names = self.aspects.iter().map(|aspect| aspect.namespace.as_str());
        if !names.eq(namespaces.iter().map(|namespace| namespace.name())) {
            return Err(RunnerError::Model {
                message: "its aspects are not those of its references' ontology; fit again"
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

    /// Copies what lies beside the model at `path` to an export.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`], [`RunnerError::Failed`].
    pub fn copy_files(&self, path: &Path, bundle: &mut Bundle) -> Result<(), RunnerError> {
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

/// The bytes of a file beside the model, as it was when the model was made.
fn read(file: &FileDigest, model: &Path) -> Result<Vec<u8>, RunnerError> {
    let directory = model.parent().unwrap_or(Path::new("."));
    file.check(directory)
        .or_model(&format!("checking {}, which belongs to it", file.path))?;
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

/// Writes a file of the model to the directory that it is made in.
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
