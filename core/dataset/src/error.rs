//! What can be wrong with a dataset, or with a wish to freeze one.

use std::io;
use std::path::{Path, PathBuf};

use protea_contracts::content::ContentError;

use super::names::{MANIFEST_FILE, SCHEMA_VERSION};
use protea_formats::FormatError;
use protea_ontology::OntologyError;

/// A dataset cannot be opened, or not be frozen. The message names the file, the place in it and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The caller asked for the end while the dataset was being frozen.
    #[error("cancelled")]
    Cancelled,
    /// The directory is no frozen dataset.
    #[error("{}: not a frozen dataset: it has no {MANIFEST_FILE}", .0.display())]
    NotADataset(PathBuf),
    /// `dataset.json` cannot be understood.
    #[error("{}: {problem}; get a fresh copy of the dataset, or freeze it again", path.display())]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// The dataset is of a layout this version does not read.
    #[error("{}: schema_version {found} is not known here (this version reads {SCHEMA_VERSION}); use a newer protea", path.display())]
    SchemaVersion {
        /// The manifest.
        path: PathBuf,
        /// The version it states.
        found: u64,
    },
    /// A file is missing, or is not what the manifest says it is.
    #[error("frozen dataset {} is incomplete or has changed", directory.display())]
    Content {
        /// The dataset.
        directory: PathBuf,
        /// Which file, and how it differs.
        source: ContentError,
    },
    /// A table of the dataset is not laid out as it must be.
    #[error("{}: {problem}; get a fresh copy of the dataset, or freeze it again", path.display())]
    Table {
        /// The Arrow file.
        path: PathBuf,
        /// What is wrong, with the column where there is one.
        problem: String,
    },
    /// Embeddings were asked of a dataset that has none.
    #[error("frozen dataset {} has no embeddings", .0.display())]
    NoEmbeddings(PathBuf),
    /// An embedding has a value that is NaN or infinite.
    #[error("{}: the embedding of {accession} (row {row}) is {value} in column {column}; freeze the dataset again from finite embeddings", path.display())]
    NotFinite {
        /// The Arrow file.
        path: PathBuf,
        /// The protein.
        accession: String,
        /// Its row, counted from 0.
        row: usize,
        /// The column of the embedding, counted from 0.
        column: usize,
        /// The value.
        value: f32,
    },
    /// A file cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },

    /// An input of freezing cannot be used.
    #[error(transparent)]
    Input(#[from] FormatError),
    /// What was asked for makes no dataset.
    #[error("cannot freeze: {0}")]
    Request(String),
    /// A dataset cannot be dealt to folds so.
    #[error("{}: cannot be dealt to folds: {problem}", dataset.display())]
    Folds {
        /// The dataset.
        dataset: PathBuf,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// A dataset cannot be split so.
    #[error("{}: cannot be split: {problem}", dataset.display())]
    Split {
        /// The dataset.
        dataset: PathBuf,
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// The output is there already. A frozen dataset is never changed.
    #[error("{}: exists already, and a frozen dataset is never changed; choose another path or remove it first", .0.display())]
    Exists(PathBuf),
    /// Proteins of the FASTA file have no row in the matrix.
    #[error("{}: {count} of {proteins} proteins have no embedding ({}); embed them too or remove them from the FASTA file", fasta.display(), list(examples, *count))]
    MissingEmbeddings {
        /// The FASTA file.
        fasta: PathBuf,
        /// Proteins without embedding.
        count: usize,
        /// Proteins in all.
        proteins: usize,
        /// The first few of them.
        examples: Vec<String>,
    },
    /// Rows of the matrix belong to proteins that are not in the FASTA file.
    #[error("{}: {count} accessions have no sequence in {} ({}); add them to the FASTA file, or remove their rows", ids_path.display(), fasta.display(), list(examples, *count))]
    MissingSequences {
        /// The list of accessions.
        ids_path: PathBuf,
        /// The FASTA file.
        fasta: PathBuf,
        /// Accessions without sequence.
        count: usize,
        /// The first few of them.
        examples: Vec<String>,
    },
    /// Not one annotation belongs to a protein of the FASTA file.
    #[error("{}: none of its {rows} annotations is of a protein in {} (it has {}); check that both use the same kind of accession", annotations.display(), fasta.display(), examples.join(", "))]
    NoAnnotations {
        /// The file of annotations.
        annotations: PathBuf,
        /// The FASTA file.
        fasta: PathBuf,
        /// Annotations read.
        rows: u64,
        /// A few accessions of the annotations.
        examples: Vec<String>,
    },
    /// The ontology cannot be used.
    #[error(transparent)]
    Ontology(#[from] OntologyError),
    /// Not one annotation is of a term of the ontology.
    #[error("{}: none of the {rows} annotations of proteins in the FASTA file is of a term in {} (they have {}); give the ontology they were made with", annotations.display(), ontology.display(), examples.join(", "))]
    NoKnownTerm {
        /// The file of annotations.
        annotations: PathBuf,
        /// The ontology.
        ontology: PathBuf,
        /// Annotations of proteins of the dataset.
        rows: u64,
        /// A few of their terms.
        examples: Vec<String>,
    },
    /// The dataset cannot be written: the disk is full, or the place read-only.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl DatasetError {
    pub(super) fn table(path: &Path, problem: impl Into<String>) -> Self {
        Self::Table {
            path: path.to_owned(),
            problem: problem.into(),
        }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }
}

fn list(examples: &[String], count: usize) -> String {
    let more = if count > examples.len() { ", …" } else { "" };
    format!("{}{more}", examples.join(", "))
}
