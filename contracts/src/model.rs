//! Models as documents: `model.json`, and the reference model that stands in for one.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use crate::{Attribute, RunnerError, request::local_path};

/// The file that holds a model's document.
pub const FILE_NAME: &str = "model.json";

/// What the host writes in place of a model for a runner without a training step.
///
/// `evaluate` and `export` receive its URI as `model_uri`, and find in it all that they need.
///
/// ```
/// use protea_contracts::ReferenceModel;
///
/// let text = r#"{
///     "kind": "reference",
///     "spec": { "k": 5 },
///     "dataset_uri": "file:///data/train",
///     "dataset_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
/// }"#;
/// let model: ReferenceModel = serde_json::from_str(text)?;
/// assert_eq!(model.spec["k"], 5);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReferenceModel<S = Value> {
    /// Always `reference`.
    pub kind: ReferenceKind,
    /// The settings.
    pub spec: S,
    /// The dataset that takes the place of training; relative to the document where it was
    /// exported together with it.
    pub dataset_uri: String,
    /// The dataset's identity: the SHA-256 of its manifest, in hexadecimal.
    pub dataset_sha256: String,
}

/// The tag of a [`ReferenceModel`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ReferenceKind {
    /// The only one.
    #[default]
    #[serde(rename = "reference")]
    Reference,
}

impl<S> ReferenceModel<S> {
    /// The directory of the dataset, for a document that lies at `model`.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when the URI is not a path of this machine.
    pub fn dataset_dir(&self, model: &Path) -> Result<PathBuf, RunnerError> {
        match Url::parse(&self.dataset_uri) {
            Ok(uri) => local_path(&uri).map_err(|message| RunnerError::Model { message }),
            Err(url::ParseError::RelativeUrlWithoutBase) => Ok(model
                .parent()
                .unwrap_or(Path::new("."))
                .join(&self.dataset_uri)),
            Err(error) => Err(RunnerError::Model {
                message: format!(
                    "{}: its dataset_uri {:?} is no URI: {error}",
                    model.display(),
                    self.dataset_uri
                ),
            }),
        }
    }
}

pub(crate) fn path(uri: &Url) -> Result<PathBuf, RunnerError> {
    let named = local_path(uri).map_err(|message| RunnerError::Model { message })?;
    let path = if named.is_dir() {
        named.join(FILE_NAME)
    } else {
        named
    };
    if path.is_file() {
        Ok(path)
    } else {
        Err(RunnerError::Model {
            message: format!(
                "{} is not there; give the model_uri that fit or export answered",
                path.display()
            ),
        })
    }
}

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, RunnerError> {
    let bytes = std::fs::read(path).or_model(&format!("reading {}", path.display()))?;
    let mut parser = serde_json::Deserializer::from_slice(&bytes);
    serde_path_to_error::deserialize(&mut parser).map_err(|error| RunnerError::Model {
        message: format!(
            "{} is not a model of this runner, at {}: {}",
            path.display(),
            error.path(),
            error.inner()
        ),
    })
}

pub(crate) fn write(path: &Path, model: &impl Serialize) -> Result<(), RunnerError> {
    let mut text = serde_json::to_string_pretty(model).or_failed("writing the model as JSON")?;
    text.push('\n');
    std::fs::write(path, text).or_failed(&format!("writing {}", path.display()))
}
