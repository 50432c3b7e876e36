//! Errors of opening, freezing, splitting and comparing datasets.

use std::{
    io,
    path::{Path, PathBuf},
};

use protea_contracts::content::ContentError;
use protea_formats::FormatError;
use protea_ontology::OntologyError;

use super::names::{MANIFEST_FILE, SCHEMA_VERSION};

/// A dataset cannot be opened, frozen, split or compared. The message names the file, the place in
/// it and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// The caller cancelled the operation.
    #[error("cancelled")]
    Cancelled,
    /// Nothing is at the path.
    #[error("{}: there is no dataset: the path does not exist", .0.display())]
    Missing(PathBuf),
    /// The directory is not a frozen dataset.
    #[error("{}: not a frozen dataset: it has no {MANIFEST_FILE}", .0.display())]
    NotADataset(PathBuf),
    /// `dataset.json` is invalid.
    #[error("{}: {problem}; get a fresh copy of the dataset, or freeze it again", path.display())]
    Manifest {
        /// Path of the manifest.
        path: PathBuf,
        /// The problem.
        problem: String,
    },
    /// The dataset has a layout that this version does not support.
    #[error("{}: schema_version {found} is not supported (this version supports {SCHEMA_VERSION}); use a newer protea", path.display())]
    SchemaVersion {
        /// Path of the manifest.
        path: PathBuf,
        /// The version in the manifest.
        found: u64,
    },
    /// A file is missing or does not match the manifest.
    #[error("frozen dataset {} is incomplete or has changed", directory.display())]
    Content {
        /// Directory of the dataset.
        directory: PathBuf,
        /// Names the file and the difference.
        source: ContentError,
    },
    /// A table of the dataset has an invalid layout or content.
    #[error("{}: {problem}; get a fresh copy of the dataset, or freeze it again", path.display())]
    Table {
        /// Path of the table.
        path: PathBuf,
        /// The problem, with the name of the column.
        problem: String,
    },
    /// The operation needs embeddings, but the dataset has none.
    #[error("frozen dataset {} has no embeddings", .0.display())]
    NoEmbeddings(PathBuf),
    /// A value of an embedding is NaN or infinite.
    #[error("{}: the embedding of {accession} (row {row}) is {value} in column {column}; freeze the dataset again from finite embeddings", path.display())]
    NotFinite {
        /// Path of the table.
        path: PathBuf,
        /// Accession of the protein.
        accession: String,
        /// Its row, from 0.
        row: usize,
        /// The column of the embedding, from 0.
        column: usize,
        /// The value, NaN or infinite.
        value: f32,
    },
    /// A file cannot be read.
    #[error("{}: cannot be read", path.display())]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// The error of the file system.
        source: io::Error,
    },

    /// An input file cannot be used.
    #[error(transparent)]
    Input(#[from] FormatError),
    /// The request to freeze a dataset is invalid.
    #[error("cannot freeze: {0}")]
    Request(String),
    /// The proteins cannot be assigned to folds as requested.
    #[error("{}: cannot be divided into folds: {problem}", dataset.display())]
    Folds {
        /// Directory of the dataset.
        dataset: PathBuf,
        /// The problem and the remedy.
        problem: String,
    },
    /// The dataset cannot be split as requested.
    #[error("{}: cannot be split: {problem}", dataset.display())]
    Split {
        /// Directory of the dataset.
        dataset: PathBuf,
        /// The problem and the remedy.
        problem: String,
    },
    /// Proteins of the dataset have no taxon, and the request groups by taxon.
    #[error("{}: {problem}; freeze the dataset with a taxonomy", dataset.display())]
    NoTaxon {
        /// Directory of the dataset.
        dataset: PathBuf,
        /// How many proteins have none, with examples.
        problem: String,
    },
    /// The lineages do not fit the dataset.
    #[error("{}: {problem}", path.display())]
    Lineages {
        /// Path of the lineages.
        path: PathBuf,
        /// The problem and the remedy.
        problem: String,
    },
    /// The operation needs lineages of taxa, but the dataset has none.
    #[error("{}: it has no lineages of taxa; freeze it with lineages", .0.display())]
    NoLineages(PathBuf),
    /// The output exists. A frozen dataset is never changed.
    #[error("{}: already exists, and a frozen dataset is never changed; choose another path or remove it", .0.display())]
    Exists(PathBuf),
    /// Proteins of the FASTA file have no embedding.
    #[error("{}: {count} of {proteins} proteins have no embedding ({}); the names in {} are {}; compute the missing embeddings or remove the proteins from the FASTA file", fasta.display(), list(examples, *count), ids_path.display(), quoted(names))]
    MissingEmbeddings {
        /// Path of the FASTA file.
        fasta: PathBuf,
        /// Number of proteins without an embedding.
        count: usize,
        /// Number of proteins in the FASTA file.
        proteins: usize,
        /// A few of their accessions.
        examples: Vec<String>,
        /// The file with the names of the embeddings.
        ids_path: PathBuf,
        /// The first of these names.
        names: Vec<String>,
        /// Whether the file numbers its embeddings instead of naming them.
        are_numbered: bool,
    },
    /// Proteins of the dataset are not in the file of clusters.
    #[error("{}: {problem}", path.display())]
    Clusters {
        /// Path of the clusters.
        path: PathBuf,
        /// The problem, with names of both sides and the remedy.
        problem: String,
    },
    /// Rows of the matrix belong to proteins that are not in the FASTA file.
    #[error("{}: {count} accessions have no sequence in {} ({}; the FASTA file has {}); add them to the FASTA file or remove their rows", ids_path.display(), fasta.display(), list(examples, *count), list(proteins, usize::MAX))]
    MissingSequences {
        /// Path of the list of accessions.
        ids_path: PathBuf,
        /// Path of the FASTA file.
        fasta: PathBuf,
        /// Number of accessions without a sequence.
        count: usize,
        /// A few of their accessions.
        examples: Vec<String>,
        /// The first accessions of the FASTA file.
        proteins: Vec<String>,
    },
    /// No annotation belongs to a protein of the FASTA file.
    #[error("{}: none of its {rows} annotations belongs to a protein in {} (it has {}; the FASTA file has {}); {}", annotations.display(), fasta.display(), examples.join(", "), list(proteins, usize::MAX), same_names(*names_genes))]
    NoAnnotations {
        /// Path of the annotations.
        annotations: PathBuf,
        /// Path of the FASTA file.
        fasta: PathBuf,
        /// Number of annotations read.
        rows: u64,
        /// A few accessions of the annotations.
        examples: Vec<String>,
        /// The first accessions of the FASTA file.
        proteins: Vec<String>,
        /// Whether the file names genes by GeneID, as gene2go of NCBI does.
        names_genes: bool,
    },
    /// No term of the table of information accretion is in the ontology.
    #[error("{}: none of its {rows} terms is in the ontology (it has {}; the ontology has {}); compute the information accretion for this ontology", path.display(), examples.join(", "), terms.join(", "))]
    UnknownAccretion {
        /// Path of the table.
        path: PathBuf,
        /// Number of rows of the table.
        rows: u64,
        /// A few of its terms.
        examples: Vec<String>,
        /// A few terms of the ontology.
        terms: Vec<String>,
    },
    /// The ontology cannot be used.
    #[error(transparent)]
    Ontology(#[from] OntologyError),
    /// No annotation has a term of the ontology.
    #[error("{}: none of the {rows} annotations of proteins in the FASTA file has a term of {} (they have {}); give the ontology with which they were made", annotations.display(), ontology.display(), examples.join(", "))]
    NoKnownTerm {
        /// Path of the annotations.
        annotations: PathBuf,
        /// Path of the ontology.
        ontology: PathBuf,
        /// Number of annotations of proteins in the FASTA file.
        rows: u64,
        /// A few terms of these annotations.
        examples: Vec<String>,
    },
    /// No annotation has one of the evidence codes that count.
    #[error("{}: none of its annotations has one of the evidence codes that count ({}); {rows} have others", annotations.display(), codes.join(", "))]
    NoSuchEvidence {
        /// Path of the annotations.
        annotations: PathBuf,
        /// The codes that count.
        codes: Vec<String>,
        /// Number of annotations with other codes.
        rows: u64,
    },
    /// The information accretion cannot be computed from the annotations.
    #[error("the information accretion cannot be computed")]
    Accretion {
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The dataset cannot be written: for example the disk is full or the directory is read-only.
    #[error("{}: cannot be written", path.display())]
    Write {
        /// Path of the file or directory.
        path: PathBuf,
        /// The error of the file system.
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

fn same_names(names_genes: bool) -> &'static str {
    if names_genes {
        "gene2go names genes by NCBI GeneID: name the sequences by GeneID too, or give a GAF file"
    } else {
        "check that both files use the same kind of accession"
    }
}

fn list(examples: &[String], count: usize) -> String {
    let more = if count > examples.len() { ", …" } else { "" };
    format!("{}{more}", examples.join(", "))
}

/// Names as they are in a file, which can have blanks.
fn quoted(names: &[String]) -> String {
    let short = names.iter().map(|name| {
        let start: String = name.chars().take(40).collect();
        let more = if start.len() < name.len() { "…" } else { "" };
        format!("{start:?}{more}")
    });
    let listed: Vec<String> = short.collect();
    format!("{}, …", listed.join(", "))
}
