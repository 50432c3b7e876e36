//! The request to freeze a dataset.

use std::path::PathBuf;

use protea_formats::{ArrayNames, OnDefect, Pool};

use super::ComputeAccretion;
use crate::{DatasetError, EmbeddingType, evidence::Evidence};

/// The inputs and the name of a dataset.
///
/// Every file may be compressed with gzip or Zstandard. [`protea_formats`] describes the formats.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct FreezeRequest {
    /// The directory to create. It must not exist, but its parent must.
    pub out: PathBuf,
    /// Name of the dataset.
    pub name: String,
    /// Version of the dataset. Default: `1`.
    pub version: String,
    /// Licence of the data, an SPDX expression if possible. Default: `unspecified`.
    pub licence: String,
    /// The ontology: OBO, or OBO Graphs JSON, which is converted to OBO.
    pub ontology: PathBuf,
    /// The sequences in FASTA. Their order is the order of the dataset.
    pub fasta: PathBuf,
    /// The annotations: a CAFA table, GAF, GPAD, or a table of gene2go, QuickGO or UniProt. `None`
    /// for proteins to predict for.
    pub annotations: Option<PathBuf>,
    /// Source of the embeddings. Default: none.
    pub embeddings: EmbeddingSource,
    /// Names of the arrays in a file of embeddings, if it has several candidates.
    pub arrays: ArrayNames,
    /// How embeddings of residues become one embedding of their protein. Default: they are an error.
    pub pool: Option<Pool>,
    /// The stored type of the embeddings. Default: f16 for f16, and f32 for f32 and f64.
    pub dtype: Option<EmbeddingType>,
    /// Information accretion of the terms, a table. Where it comes from is recorded if a file beside
    /// it tells: its name with `.provenance.json` appended.
    pub ia: Option<PathBuf>,
    /// Computes the information accretion from the annotations of the dataset, instead of
    /// [`ia`](Self::ia). Default: no.
    pub compute_ia: Option<ComputeAccretion>,
    /// The evidence codes of the annotations to keep. Default: any.
    pub evidence: Evidence,
    /// Taxa of the proteins, a table or GAF. They take precedence over those in the FASTA headers.
    pub taxonomy: Option<PathBuf>,
    /// Lineages of the taxa: `nodes.dmp` of NCBI, or a table of taxon and parent; see
    /// [`read_lineages`](protea_formats::read_lineages). Default: none.
    pub lineages: Option<PathBuf>,
    /// The frozen dataset of which this is a new version. Its SHA-256 is recorded.
    pub parent: Option<PathBuf>,
    /// What to do with damaged rows of annotations and taxa, and with damaged proteins of the FASTA
    /// file. Default: an error. Damaged annotations of other proteins are always left out.
    pub on_defect: OnDefect,
    /// What to do with a protein for which there is no embedding: none in the file, or a sequence
    /// without a 3-mer for k-mer spectra. `Skip` leaves it out and
    /// [lists](super::FreezeReport::without_embedding) it, unless that leaves no protein. Default:
    /// an error for one that is not in the file, and a spectrum without 3-mers.
    pub on_missing_embedding: OnDefect,
    /// Whether obsolete terms are replaced by the terms that the ontology names in `replaced_by`.
    /// Default: no.
    pub map_obsolete: bool,
}

/// The source of the embeddings of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum EmbeddingSource {
    /// No embeddings.
    #[default]
    None,
    /// A matrix and a separate list of the accessions of its rows.
    Matrix {
        /// One row per protein: `.npy`, or a matrix in another format.
        matrix: PathBuf,
        /// The list of accessions: line `i` names row `i`.
        ids: PathBuf,
        /// The model, such as `ESM-2 650M, mean over residues`, if it is known.
        source: Option<String>,
    },
    /// A file that contains the names of its embeddings, such as `.npz` or HDF5.
    Named {
        /// Path of the file; see [`EmbeddingReader`](protea_formats::EmbeddingReader).
        file: PathBuf,
        /// The model, as in [`Matrix`](Self::Matrix).
        source: Option<String>,
    },
    /// [k-mer spectra](crate::features::kmer) computed from the sequences.
    Kmer,
}

impl FreezeRequest {
    /// Creates a request for a dataset without embeddings. Set the other fields as needed.
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
            annotations: Some(annotations.into()),
            embeddings: EmbeddingSource::None,
            arrays: ArrayNames::default(),
            pool: None,
            dtype: None,
            ia: None,
            compute_ia: None,
            evidence: Evidence::Any,
            taxonomy: None,
            lineages: None,
            parent: None,
            on_defect: OnDefect::Stop,
            on_missing_embedding: OnDefect::Stop,
            map_obsolete: false,
        }
    }

    /// Creates a request for a dataset without annotations, of proteins to predict for.
    pub fn queries(
        out: impl Into<PathBuf>,
        name: impl Into<String>,
        ontology: impl Into<PathBuf>,
        fasta: impl Into<PathBuf>,
    ) -> Self {
        Self {
            annotations: None,
            ..Self::new(out, name, ontology, fasta, PathBuf::new())
        }
    }

    /// Validates the names, which are used in manifests, tables and trackers, and the type of the
    /// embeddings.
    pub(super) fn check(&self) -> Result<(), DatasetError> {
        for (field, text) in [
            ("name", &self.name),
            ("version", &self.version),
            ("licence", &self.licence),
        ] {
            let usable =
                !text.trim().is_empty() && text.len() <= 200 && !text.chars().any(char::is_control);
            if !usable {
                return Err(DatasetError::Request(format!(
                    "invalid {field} {text:?}; give 1 to 200 printable characters"
                )));
            }
        }
        if self.dtype.is_some() && self.embeddings == EmbeddingSource::None {
            return Err(DatasetError::Request(
                "a type of embeddings is set, but there are no embeddings; give a matrix and its \
                 accessions, or compute k-mer features"
                    .into(),
            ));
        }
        if self.compute_ia.is_some() && self.ia.is_some() {
            return Err(DatasetError::Request(
                "the request gives a table of information accretion and also asks to compute it; choose one"
                    .into(),
            ));
        }
        if self.compute_ia.is_some() && self.annotations.is_none() {
            return Err(DatasetError::Request(
                "the information accretion cannot be computed without annotations; give them, or a \
                 table"
                    .into(),
            ));
        }
        Ok(())
    }
}
