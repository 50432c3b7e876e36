//! Reads and writes `dataset.json`.

use std::path::Path;

use protea_contracts::{
    Sha256,
    content::{FileDigest, digest_bytes},
};
use protea_files::{FilesError, Links};
use serde::{Deserialize, Serialize};

use super::{
    error::DatasetError,
    names::{MANIFEST_FILE, SCHEMA_VERSION},
    staging::write_new,
};

/// Limit of the size of a manifest, in bytes. A real manifest lists a handful of files and is far
/// smaller.
const LARGEST_MANIFEST: u64 = 4 << 20;

/// The content of `dataset.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the layout, [`SCHEMA_VERSION`].
    pub schema_version: u64,
    /// Name of the dataset.
    pub name: String,
    /// Version of the dataset, chosen by its author.
    pub version: String,
    /// Licence of the data, an SPDX expression if possible.
    pub licence: String,
    /// Creation time: RFC 3339 in UTC. The environment variable `SOURCE_DATE_EPOCH` sets it.
    pub created: String,
    /// The program that froze it.
    pub created_by: String,
    /// Numbers of proteins, annotations, terms and taxa.
    pub counts: Counts,
    /// Description of the embeddings, if there are any.
    pub embedding: Option<EmbeddingInfo>,
    /// Where the information accretion comes from, if that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub information_accretion: Option<AccretionInfo>,
    /// SHA-256 of the `dataset.json` of the dataset that this one is derived from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Sha256>,
    /// Path, size and SHA-256 of every other file.
    pub files: Vec<FileDigest>,
}

/// The size of a dataset.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Number of proteins.
    pub proteins: u64,
    /// Number of proteins with at least one annotation.
    pub annotated_proteins: u64,
    /// Number of different annotations.
    pub annotations: u64,
    /// Number of different terms in the annotations (not propagated).
    pub terms: u64,
    /// Number of different taxa.
    pub taxa: u64,
}

/// Where a table of information accretion comes from: what is needed to compute it again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccretionInfo {
    /// The `data-version` of the ontology, if it states one.
    pub ontology_version: Option<String>,
    /// SHA-256 of the annotations that were counted: the different pairs of accession and term, as
    /// sorted lines `accession<TAB>term<LF>`, not propagated. It does not depend on the format of
    /// the file that they were read from.
    pub corpus_sha256: Sha256,
    /// Number of different proteins in these annotations.
    pub proteins: u64,
    /// Number of these annotations.
    pub annotations: u64,
    /// The evidence codes that counted, or only `any`.
    pub evidence: Vec<String>,
    /// The version of protea that computed the table.
    pub protea_version: String,
}

/// Describes the embeddings of a dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EmbeddingInfo {
    /// Number of values in each embedding.
    pub width: usize,
    /// Type of the numbers.
    pub dtype: EmbeddingType,
    /// The model or formula that computed the embeddings, if it is known.
    pub source: Option<String>,
}

impl EmbeddingInfo {
    /// The source, unless it is only the name of a file. That is the default when a dataset is
    /// frozen, and it differs between datasets with the same embedding: `train.npy`, `test.npy`.
    #[must_use]
    pub fn declared_source(&self) -> Option<&str> {
        const SUFFIXES: [&str; 14] = [
            "npy",
            "npz",
            "h5",
            "hdf5",
            "hdf",
            "parquet",
            "pq",
            "pt",
            "pth",
            "safetensors",
            "csv",
            "tsv",
            "txt",
            "bin",
        ];
        let is_file_name = |source: &str| {
            let name = source
                .strip_suffix(".gz")
                .or_else(|| source.strip_suffix(".zst"))
                .unwrap_or(source);
            name.rsplit_once('.')
                .is_some_and(|(_, suffix)| SUFFIXES.contains(&suffix.to_ascii_lowercase().as_str()))
        };
        self.source
            .as_deref()
            .filter(|source| !is_file_name(source))
    }
}

/// Number type of an embedding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmbeddingType {
    /// IEEE single precision.
    F32,
    /// IEEE half precision: half the space, three decimal digits, up to 65,504.
    F16,
}

impl EmbeddingType {
    /// The name for messages and manifests: `f32` or `f16`.
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
    /// The entry of the file `name`, if the manifest lists it.
    pub fn file(&self, name: &str) -> Option<&FileDigest> {
        self.files.iter().find(|file| file.path == name)
    }

    /// Reads the manifest of the dataset in `directory`. Also returns its bytes, whose SHA-256 is
    /// the identity of the dataset.
    pub(super) fn read(directory: &Path) -> Result<(Self, Vec<u8>), DatasetError> {
        let path = directory.join(MANIFEST_FILE);
        let invalid = |problem: String| DatasetError::Manifest {
            path: path.clone(),
            problem,
        };
        let bytes = match protea_files::read(&path, Links::Follow, LARGEST_MANIFEST) {
            Ok(bytes) => bytes,
            Err(FilesError::TooLarge { limit, .. }) => {
                return Err(invalid(format!(
                    "it is larger than {limit} bytes, the limit for a manifest"
                )));
            }
            Err(error) => match std::io::Error::from(error) {
                error
                    if matches!(
                        error.kind(),
                        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                    ) =>
                {
                    let directory = directory.to_owned();
                    return Err(if directory.exists() {
                        DatasetError::NotADataset(directory)
                    } else {
                        DatasetError::Missing(directory)
                    });
                }
                source => return Err(DatasetError::Read { path, source }),
            },
        };

        // The version is parsed first, because a later layout may not parse as this one.
        #[derive(Deserialize)]
        struct Versioned {
            schema_version: u64,
        }
        let Versioned { schema_version } = serde_json::from_slice(&bytes).map_err(|error| {
            invalid(format!(
                "it is not the manifest of a frozen dataset ({error})"
            ))
        })?;
        if schema_version != SCHEMA_VERSION {
            return Err(DatasetError::SchemaVersion {
                path,
                found: schema_version,
            });
        }
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|error| invalid(format!("it cannot be parsed ({error})")))?;
        for (place, file) in manifest.files.iter().enumerate() {
            if manifest.files[..place]
                .iter()
                .any(|earlier| earlier.path == file.path)
            {
                return Err(invalid(format!("it lists {:?} twice", file.path)));
            }
        }
        Ok((manifest, bytes))
    }

    /// Writes the manifest to a new file. Returns its SHA-256, the identity of the dataset.
    pub(crate) fn write(&self, path: &Path) -> Result<Sha256, DatasetError> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|error| DatasetError::write(path)(error.into()))?;
        text.push(b'\n');
        write_new(path, &text)?;
        Ok(digest_bytes(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_is_not_a_declared_source() {
        let source = |source: Option<&str>| EmbeddingInfo {
            width: 1,
            dtype: EmbeddingType::F32,
            source: source.map(str::to_owned),
        };
        for name in ["train.npy", "test.H5", "all.npz.gz", "part.safetensors"] {
            assert_eq!(source(Some(name)).declared_source(), None, "{name}");
        }
        for name in ["ESM-2 650M, mean", "esm1b_t33_650M_UR50S", "ProtT5 v1.1"] {
            assert_eq!(source(Some(name)).declared_source(), Some(name), "{name}");
        }
        assert_eq!(source(None).declared_source(), None);
    }
}
