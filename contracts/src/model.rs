//! Models as documents: `model.json`, and the reference model that takes the place of a trained one.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use url::Url;

use crate::{
    content::open_regular,
    error::{Attribute, RunnerError},
    uri::local_path,
};

/// The name of the file that holds a model's document.
pub const FILE_NAME: &str = "model.json";

/// The largest document of a model that a runner reads, in bytes: 1 GiB. Large parts of a model are
/// files beside its document.
const LARGEST_DOCUMENT: u64 = 1 << 30;

/// What the host writes in place of a model for a runner without a training step.
///
/// `evaluate` and `export` receive its URI as `model_uri`. It holds all that they need.
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ReferenceModel<S = Value> {
    /// Always `reference`.
    pub kind: ReferenceKind,
    /// The settings.
    pub spec: S,
    /// The dataset to predict from: a URI, or, if model and dataset were exported together, a path
    /// relative to the document.
    pub dataset_uri: String,
    /// The dataset's identity: the SHA-256 of its manifest, in hexadecimal.
    // Not a `Sha256`: a document with a malformed hash must stay a reference model to the host, which
    // then refuses the dataset. Runners of older contracts would read such a document too.
    pub dataset_sha256: String,
}

/// The tag of a [`ReferenceModel`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ReferenceKind {
    /// The only one.
    #[default]
    #[serde(rename = "reference")]
    Reference,
}

impl<S> ReferenceModel<S> {
    /// The size in bytes up to which a document can be a reference model: 4 MiB.
    pub const SIZE_LIMIT: u64 = 4 << 20;

    /// The directory of the dataset. `model` is the path of the document.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when the URI is not a path on this machine.
    pub fn dataset_dir(&self, model: &Path) -> Result<PathBuf, RunnerError> {
        match Url::parse(&self.dataset_uri) {
            Ok(uri) => local_path(&uri).map_err(|message| RunnerError::Model { message }),
            Err(url::ParseError::RelativeUrlWithoutBase) => Ok(model
                .parent()
                .unwrap_or(Path::new("."))
                .join(&self.dataset_uri)),
            Err(error) => Err(RunnerError::Model {
                message: format!(
                    "{}: its dataset_uri {:?} is not a URI: {error}",
                    model.display(),
                    self.dataset_uri
                ),
            }),
        }
    }
}

impl<S: DeserializeOwned> ReferenceModel<S> {
    /// Reads a model document. `None` if it is not a reference model, such as a model that `fit`
    /// wrote, or anything larger than [`SIZE_LIMIT`](Self::SIZE_LIMIT). No more than that is read.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn read(document: &Path) -> io::Result<Option<Self>> {
        Ok(Self::read_with_document(document)?.map(|(model, _)| model))
    }

    /// [`read`](Self::read), with the whole document: it may have fields that this contract does not
    /// know and that a copy must keep.
    ///
    /// # Errors
    ///
    /// When the file cannot be read.
    pub fn read_with_document(document: &Path) -> io::Result<Option<(Self, Value)>> {
        let mut bytes = Vec::new();
        let file = open_regular(document)?;
        file.take(Self::SIZE_LIMIT + 1).read_to_end(&mut bytes)?;
        Ok(Self::parse_with_document(&bytes))
    }

    /// [`read_with_document`](Self::read_with_document), from the bytes of the document.
    #[must_use]
    pub fn parse_with_document(bytes: &[u8]) -> Option<(Self, Value)> {
        if bytes.len() as u64 > Self::SIZE_LIMIT {
            return None;
        }
        let value = serde_json::from_slice::<Value>(bytes).ok()?;
        let model = Self::deserialize(&value).ok();
        model.map(|model| (model, value))
    }
}

/// The file of the model at a URI; if that is a directory, `model.json` in it.
///
/// # Errors
///
/// [`RunnerError::Model`] when there is no such file.
pub fn document(uri: &Url) -> Result<PathBuf, RunnerError> {
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
                "{} does not exist; use the model_uri that fit or export returned",
                path.display()
            ),
        })
    }
}

pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, RunnerError> {
    let doing = || format!("reading {}", path.display());
    let too_large = || RunnerError::Model {
        message: format!(
            "{} is larger than 1 GiB, the largest document of a model that is read",
            path.display()
        ),
    };
    let file = open_regular(path).or_model(&doing())?;
    if file.metadata().or_model(&doing())?.len() > LARGEST_DOCUMENT {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    // It may grow meanwhile.
    file.take(LARGEST_DOCUMENT + 1)
        .read_to_end(&mut bytes)
        .or_model(&doing())?;
    if bytes.len() as u64 > LARGEST_DOCUMENT {
        return Err(too_large());
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_small_reference_document_is_a_reference_model() {
        let directory = std::env::temp_dir().join(format!("protea-model-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let path = directory.join(FILE_NAME);
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            ReferenceModel::<Value>::read_with_document(&path).unwrap()
        };
        let reference =
            r#"{"kind":"reference","spec":{},"dataset_uri":"..","dataset_sha256":"0","more":1}"#;
        let (model, document) = read(reference).unwrap();
        assert_eq!(model.dataset_uri, "..");
        assert_eq!(document["more"], 1);
        let blank = " ".repeat(usize::try_from(ReferenceModel::<Value>::SIZE_LIMIT).unwrap());
        for other in ["{}", "", "no JSON", &format!("{reference}{blank}")] {
            assert!(read(other).is_none());
        }
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(ReferenceModel::<Value>::read(&path).is_err());
    }
}
