//! Says of any file what it is, what it contains, what would be left out, and what reads it.
//!
//! It reads a file only up to limits of rows and numbers, so it takes bounded time and memory.

mod embeddings;
mod predictions;
mod text;
mod unread;

use std::{
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use protea_ontology::compressed::Compression;

use super::{Content, Defects, FormatError, Separator, embeddings::describe, recognize_file};

/// Largest number of examples.
const EXAMPLES: usize = 3;
/// Limit of the rows of text that are read.
const MOST_ROWS: u64 = 2_000_000;
/// Largest number of names of columns that are shown.
const MOST_COLUMNS: usize = 8;
/// Name of the manifest of a frozen dataset.
const MANIFEST: &str = "dataset.json";
const EMBEDDINGS_TABLE: &str = "embeddings in a table of text";

/// What can read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reading {
    /// Embeddings that name their rows.
    Embeddings,
    /// A matrix that needs a list of accessions.
    EmbeddingsWithIds,
    /// Embeddings of residues, which must be averaged.
    EmbeddingsPooled,
    /// Embeddings of which one array must be chosen by its name.
    EmbeddingsByName,
    /// A list of accessions: for the rows of a matrix, or for a split.
    Ids,
    /// A table of accessions and terms: annotations, or a ground truth.
    Annotations,
    /// Annotations in the format of a database, such as GAF. A ground truth has another format.
    DatabaseAnnotations,
    /// An ontology.
    Ontology,
    /// Sequences of proteins.
    Fasta,
    /// Clusters of proteins.
    Clusters,
    /// Predicted scores of terms.
    Predictions,
    /// Information accretion of terms.
    InformationAccretion,
    /// Taxa of proteins.
    Taxonomy,
    /// Lineages of taxa.
    Lineages,
    /// A file that is read with `nodes.dmp`, in whose directory it is.
    WithLineages,
    /// A list of terms.
    Terms,
    /// A frozen dataset.
    Dataset,
}

/// Rows that would be left out or refused, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dropped {
    /// The reason, which follows the number: `rows with NaN`.
    pub reason: String,
    /// Number of rows.
    pub count: u64,
    /// Up to three of them.
    pub examples: Vec<String>,
}

/// What a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Inspection {
    /// Path of the file or directory.
    pub path: PathBuf,
    /// Size in bytes; of a directory, of its files that were looked at.
    pub bytes: u64,
    /// Name of the compression.
    pub compression: Option<&'static str>,
    /// What the file is, such as `embeddings in HDF5`.
    pub kind: String,
    /// What reads it, if anything does.
    pub reading: Option<Reading>,
    /// Number of rows, vectors, proteins or terms that were read.
    pub rows: Option<u64>,
    /// Whether all of them were read. A large file is read only in part.
    pub complete: bool,
    /// Numbers in a row.
    pub width: Option<usize>,
    /// Type of the numbers.
    pub dtype: Option<&'static str>,
    /// The first ids.
    pub ids: Vec<String>,
    /// What would be left out or refused.
    pub dropped: Vec<Dropped>,
    /// Whether the file has damaged rows that are refused, unless the reader is told to leave them out.
    pub has_damaged_rows: bool,
    /// Further facts, such as the arrays of a file.
    pub notes: Vec<String>,
    /// Why the file cannot be used as it is.
    pub problem: Option<String>,
}

impl Inspection {
    fn new(path: &Path, kind: impl Into<String>) -> Self {
        Self {
            path: path.to_owned(),
            bytes: fs::metadata(path).map_or(0, |metadata| metadata.len()),
            compression: None,
            kind: kind.into(),
            reading: None,
            rows: None,
            complete: true,
            width: None,
            dtype: None,
            ids: Vec::new(),
            dropped: Vec::new(),
            has_damaged_rows: false,
            notes: Vec::new(),
            problem: None,
        }
    }

    /// Adds an id to the examples.
    fn example(&mut self, id: &str) {
        if self.ids.len() < EXAMPLES && !self.ids.iter().any(|known| known == id) {
            self.ids.push(id.to_owned());
        }
    }

    /// Counts a row; `false` at the limit.
    fn count_row(&mut self, most: u64) -> bool {
        let rows = self.rows.get_or_insert(0);
        *rows += 1;
        if *rows < most {
            return true;
        }
        self.complete = false;
        false
    }

    /// Adds damaged rows that were counted by a reader.
    fn damaged(&mut self, reason: &str, defects: &Defects) {
        if defects.count == 0 {
            return;
        }
        let path = format!("{}:", self.path.display());
        let examples = defects.examples.iter().map(|example| {
            let place = example.strip_prefix(&path).unwrap_or(example);
            format!("line {place}")
        });
        self.dropped.push(Dropped {
            reason: reason.to_owned(),
            count: defects.count,
            examples: examples.collect(),
        });
    }

    /// Counts a row that would be left out.
    fn drop_row(&mut self, reason: &str, example: &str) {
        let known = self.dropped.iter().position(|found| found.reason == reason);
        let at = known.unwrap_or_else(|| {
            self.dropped.push(Dropped {
                reason: reason.to_owned(),
                count: 0,
                examples: Vec::new(),
            });
            self.dropped.len() - 1
        });
        let found = &mut self.dropped[at];
        found.count += 1;
        if found.examples.len() < EXAMPLES && !found.examples.iter().any(|e| e == example) {
            found.examples.push(example.to_owned());
        }
    }

    /// Records why the file cannot be used. The message of an error starts with the path, which is
    /// known.
    fn fail(&mut self, error: &FormatError) {
        let text = error.to_string();
        let path = format!("{}:", self.path.display());
        let text = text.strip_prefix(&path).unwrap_or(&text).trim_start();
        let mut text = text.to_owned();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text = format!("{text}: {cause}");
            source = cause.source();
        }
        self.problem = Some(text);
    }
}

/// Inspects a file or directory. Decompressed data goes to an unnamed file in the directory
/// `scratch`.
///
/// # Errors
///
/// [`FormatError::Read`] if it cannot be opened, or is neither a file nor a directory: reading a
/// pipe would take its content away from its reader.
pub fn inspect(path: &Path, scratch: &Path) -> Result<Inspection, FormatError> {
    let unreadable = FormatError::unreadable(path);
    let metadata = fs::metadata(path).map_err(&unreadable)?;
    if metadata.is_dir() {
        return directory(path, scratch);
    }
    if !metadata.is_file() {
        return Err(unreadable(io::Error::new(
            ErrorKind::InvalidInput,
            "it is a pipe or a device, not a file",
        )));
    }
    let recognized = match recognize_file(path) {
        Ok(recognized) => recognized,
        Err(error @ FormatError::NotBuilt { .. }) => {
            let mut inspection = Inspection::new(path, "a compressed file");
            inspection.fail(&error);
            return Ok(inspection);
        }
        Err(error) => return Err(error),
    };
    let container = describe(path, scratch);
    let mut inspection = match recognized.content {
        _ if container.is_some() => {
            let kind = container.unwrap_or_default();
            let columnar = predictions::columnar(path, kind);
            columnar.unwrap_or_else(|| embeddings::inspect(path, kind, scratch))
        }
        Content::Vectors => embeddings::inspect(path, EMBEDDINGS_TABLE, scratch),
        Content::Foreign(foreign) => {
            let mut inspection = Inspection::new(path, foreign.description());
            inspection.problem = Some(foreign.remedy().to_owned());
            inspection
        }
        Content::Table | Content::Pairs | Content::Text if embeddings::may_be(path, scratch) => {
            embeddings::inspect(path, EMBEDDINGS_TABLE, scratch)
        }
        content => text::inspect(path, content),
    };
    if recognized.content == Content::Predictions
        && inspection.problem.is_none()
        && let Some(separator @ (Separator::Comma | Separator::Semicolon)) = recognized.separator
    {
        inspection.problem = Some(format!(
            "the columns are separated by {}; separate accession, term and score by tabs",
            separator.name()
        ));
    }
    inspection.compression = recognized.compression.map(|compression| match compression {
        Compression::Gzip => "gzip",
        Compression::Zstandard => "Zstandard",
        _ => "another format",
    });
    if recognized.byte_order_mark {
        inspection
            .notes
            .push("starts with a byte-order mark, which is ignored".into());
    }
    if let Some(header) = recognized.header {
        let first = &header[..header.len().min(MOST_COLUMNS)];
        let more = if first.len() < header.len() {
            ", …"
        } else {
            ""
        };
        inspection
            .notes
            .push(format!("header: {}{more}", first.join(", ")));
    }
    Ok(inspection)
}

/// Inspects a directory: a frozen dataset, PyTorch files, or files of one kind.
fn directory(path: &Path, scratch: &Path) -> Result<Inspection, FormatError> {
    let unreadable = FormatError::unreadable(path);
    if path.join(MANIFEST).is_file() {
        let mut inspection = Inspection::new(path, "a frozen dataset");
        inspection.reading = Some(Reading::Dataset);
        let files = fs::read_dir(path).map_err(&unreadable)?.flatten();
        let metadata = files.filter_map(|file| file.metadata().ok());
        inspection.bytes = metadata
            .filter(|found| found.is_file())
            .map(|found| found.len())
            .sum();
        return Ok(inspection);
    }
    let mut kinds: Vec<(String, u64)> = Vec::new();
    let (mut files, mut bytes, mut tensors) = (0, 0, 0);
    let mut predictions = 0;
    for entry in fs::read_dir(path).map_err(&unreadable)? {
        let entry = entry.map_err(&unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(metadata) = fs::metadata(entry.path()) else {
            continue;
        };
        if !metadata.is_file() || name.starts_with('.') {
            continue;
        }
        files += 1;
        bytes += metadata.len();
        tensors += u64::from(name.ends_with(".pt") || name.ends_with(".pth"));
        if files <= 32 {
            let content = recognize_file(&entry.path())
                .map_or("unreadable", |found| found.content.description());
            predictions += u64::from(content == Content::Predictions.description());
            match kinds.iter_mut().find(|(kind, _)| kind == content) {
                Some((_, count)) => *count += 1,
                None => kinds.push((content.to_owned(), 1)),
            }
        }
    }
    let mut inspection = if tensors > 0 || files == 0 {
        embeddings::inspect(path, "a directory of embeddings", scratch)
    } else {
        Inspection::new(path, format!("a directory of {files} files"))
    };
    inspection.bytes = bytes;
    if tensors == 0 {
        let kinds = kinds
            .iter()
            .map(|(kind, count)| format!("{count} × {kind}"));
        inspection.notes.extend(kinds);
        if predictions > 0 {
            inspection.reading = Some(Reading::Predictions);
        }
    }
    Ok(inspection)
}
