//! What to freeze.

use std::path::PathBuf;

use crate::{DatasetError, EmbeddingType};
use protea_formats::ArrayNames;

/// What goes into a dataset, and what it is called.
///
/// Every file may be compressed with gzip or Zstandard. See [`protea_formats`] for what each of them may look like.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FreezeRequest {
    /// The directory to make. It must not exist; the one it stands in must.
    pub out: PathBuf,
    /// Name of the dataset.
    pub name: String,
    /// Version of the dataset. `1` unless set.
    pub version: String,
    /// Licence of the data, an SPDX expression where there is one. `unspecified` unless set.
    pub licence: String,
    /// The ontology: OBO, or OBO Graphs JSON, which is frozen as OBO.
    pub ontology: PathBuf,
    /// The proteins' sequences, in FASTA. Their order becomes the dataset's.
    pub fasta: PathBuf,
    /// The annotations: a CAFA table, GAF or GPAD.
    pub annotations: PathBuf,
    /// Where embeddings come from. None unless set.
    pub embeddings: EmbeddingSource,
    /// Which arrays of a file of embeddings are meant, where that is not plain from the file.
    pub arrays: ArrayNames,
    /// The type to store embeddings in. Unless set, f16 stays f16, and f32 and f64 become f32.
    pub dtype: Option<EmbeddingType>,
    /// Information accretion of the terms.
    pub ia: Option<PathBuf>,
    /// Taxa of the proteins, a table or GAF; they go before those of the FASTA headers.
    pub taxonomy: Option<PathBuf>,
    /// The frozen dataset that this is a new version of; its hash is recorded.
    pub parent: Option<PathBuf>,
}

/// Where the embeddings of a dataset come from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EmbeddingSource {
    /// The dataset has none.
    #[default]
    None,
    /// A matrix computed elsewhere, and a list of whose rows they are.
    Matrix {
        /// One row per protein: `.npy`, or a matrix in `.npz`, HDF5 or Parquet.
        matrix: PathBuf,
        /// The accession of each row.
        ids: PathBuf,
        /// What made it, such as `ESM-2 650M, mean over residues`, if that is known.
        source: Option<String>,
    },
    /// A file that says itself whose its embeddings are: `.npz`, HDF5 or Parquet.
    Named {
        /// The file; see [`EmbeddingReader`](protea_formats::EmbeddingReader).
        file: PathBuf,
        /// As in [`Matrix`](Self::Matrix).
        source: Option<String>,
    },
    /// [k-mer spectra](crate::features::kmer), computed here from the sequences.
    Kmer,
}

impl FreezeRequest {
    /// A request for a dataset without embeddings; set the other fields as needed.
    ///
    /// ```
    /// use protea_dataset::{EmbeddingSource, FreezeRequest};
    ///
    /// let mut request = FreezeRequest::new("out", "my-proteins", "go-basic.obo", "proteins.fasta", "terms.tsv");
    /// request.embeddings = EmbeddingSource::Kmer;
    /// ```
    pub fn new(
        out: impl Into<PathBuf>,
        name: impl Into<String>,
        ontology: impl Into<PathBuf>,
        fasta: impl Into<PathBuf>,
        annotations: impl Into<PathBuf>,
    ) -> Self {
        Self {
            out: out.into(),
            name: name.into(),
            version: "1".into(),
            licence: "unspecified".into(),
            ontology: ontology.into(),
            fasta: fasta.into(),
            annotations: annotations.into(),
            embeddings: EmbeddingSource::None,
            arrays: ArrayNames::default(),
            dtype: None,
            ia: None,
            taxonomy: None,
            parent: None,
        }
    }

    /// Checks names: they end up in manifests, tables and trackers.
    pub(super) fn check(&self) -> Result<(), DatasetError> {
        for (what, text) in [
            ("name", &self.name),
            ("version", &self.version),
            ("licence", &self.licence),
        ] {
            let usable =
                !text.trim().is_empty() && text.len() <= 200 && !text.chars().any(char::is_control);
            if !usable {
                return Err(DatasetError::Request(format!(
                    "the {what} {text:?} is not usable; give 1 to 200 printable characters"
                )));
            }
        }
        if self.dtype.is_some() && self.embeddings == EmbeddingSource::None {
            return Err(DatasetError::Request("a type of embeddings is set but no embeddings; give a matrix and its ids, or compute k-mer features".into()));
        }
        Ok(())
    }
}
