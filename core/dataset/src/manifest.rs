//! `dataset.json`.

use std::io::Read;
use std::path::Path;

use protea_contracts::content::{FileDigest, digest_bytes};
use serde::{Deserialize, Serialize};

use super::error::DatasetError;
use super::names::{MANIFEST_FILE, SCHEMA_VERSION};
use super::staging::write_new;

/// A manifest lists a handful of files; anything near this size is something else.
const LARGEST_MANIFEST: u64 = 4 << 20;

/// What a frozen dataset is: the content of `dataset.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout, [`SCHEMA_VERSION`].
    pub schema_version: u64,
    /// Name of the dataset.
    pub name: String,
    /// Version of the dataset, as its maker counts.
    pub version: String,
    /// Licence under which the data may be used; an SPDX expression where there is one.
    pub licence: String,
    /// When it was frozen: RFC 3339 in UTC. `SOURCE_DATE_EPOCH` in the environment fixes it.
    pub created: String,
    /// What froze it.
    pub created_by: String,
    /// How much it holds.
    pub counts: Counts,
    /// Its embeddings, if it has any.
    pub embedding: Option<EmbeddingInfo>,
    /// SHA-256 of the `dataset.json` this one was derived from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// Every other file of the dataset.
    pub files: Vec<FileDigest>,
}

/// How much a dataset holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Proteins.
    pub proteins: u64,
    /// Proteins with at least one annotation.
    pub annotated_proteins: u64,
    /// Rows of annotations, each different.
    pub annotations: u64,
    /// Different terms in the annotations, as written (not propagated).
    pub terms: u64,
    /// Different taxa of the proteins.
    pub taxa: u64,
}

/// What the embeddings of a dataset are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingInfo {
    /// Numbers in each embedding.
    pub width: usize,
    /// Type of the numbers.
    pub dtype: EmbeddingType,
    /// What made them, if that is known: a model, or the formula that made them from the sequences.
    pub source: Option<String>,
}

/// Type of the numbers of an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingType {
    /// IEEE single precision.
    F32,
    /// IEEE half precision: half the space, three decimal digits, up to 65,504.
    F16,
}

impl EmbeddingType {
    /// `f32` or `f16`.
    pub fn name(self) -> &'static str {
        match self {
            Self::F32 => "f32",
            Self::F16 => "f16",
        }
    }

    /// Bytes of one number.
    pub fn bytes(self) -> usize {
        match self {
            Self::F32 => 4,
            Self::F16 => 2,
        }
    }
}

impl Manifest {
    /// The listed file of this name.
    pub fn file(&self, name: &str) -> Option<&FileDigest> {
        self.files.iter().find(|file| file.path == name)
    }

    /// Reads the manifest of the dataset in `directory`; answers its bytes too, whose hash is the dataset's identity.
    pub(super) fn read(directory: &Path) -> Result<(Self, Vec<u8>), DatasetError> {
        let path = directory.join(MANIFEST_FILE);
        let wrong = |problem: String| DatasetError::Manifest {
            path: path.clone(),
            problem,
        };
        let file = match std::fs::File::open(&path) {
            Ok(file) => file,
            Err(error)
                if matches!(
                    error.kind(),
                    std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                ) =>
            {
                return Err(DatasetError::NotADataset(directory.to_owned()));
            }
            Err(source) => return Err(DatasetError::Read { path, source }),
        };
        let mut bytes = Vec::new();
        if let Err(source) = file.take(LARGEST_MANIFEST + 1).read_to_end(&mut bytes) {
            return Err(DatasetError::Read { path, source });
        }
        if bytes.len() as u64 > LARGEST_MANIFEST {
            return Err(wrong(format!(
                "larger than {LARGEST_MANIFEST} bytes, which is no manifest"
            )));
        }

        // Only the version first: a later layout may well not parse as this one.
        #[derive(Deserialize)]
        struct Versioned {
            schema_version: u64,
        }
        let Versioned { schema_version } = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(format!("not the manifest of a frozen dataset ({error})")))?;
        if schema_version != SCHEMA_VERSION {
            return Err(DatasetError::SchemaVersion {
                path,
                found: schema_version,
            });
        }
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|error| wrong(format!("cannot be understood ({error})")))?;
        for (place, file) in manifest.files.iter().enumerate() {
            if manifest.files[..place]
                .iter()
                .any(|earlier| earlier.path == file.path)
            {
                return Err(wrong(format!("lists {:?} twice", file.path)));
            }
        }
        Ok((manifest, bytes))
    }
    /// Writes it to a new file; answers its SHA-256, which is the identity of the dataset.
    pub(crate) fn write(&self, path: &Path) -> Result<String, DatasetError> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| DatasetError::write(path)(error.into()))?;
        text.push(b'\n');
        write_new(path, &text)?;
        Ok(digest_bytes(&text))
    }
}
