//! Reads an ontology from a file or from bytes.

use std::{borrow::Cow, io, path::Path};

use super::{
    build::build,
    error::OntologyError,
    findings::FindingKind,
    foreign::ForeignContent,
    graph::Ontology,
    obographs::as_obo,
    reading::Reading,
    scan::{data_version, scan, with_newlines},
    text::{TextCleaning, TextReader},
};

/// The largest ontology that is read into memory, in bytes after decompression. The Gene Ontology
/// has 35 MB as OBO and 250 MB in its largest JSON form.
const MAX_BYTES: u64 = 1 << 30;

/// Reads the bytes of an ontology file, and decompresses them if they are gzip or Zstandard.
///
/// # Errors
///
/// [`OntologyError::Read`] if the file cannot be read or is larger than 1 GiB;
/// [`OntologyError::Foreign`] if it is not text.
pub fn read_ontology(path: &Path) -> Result<Vec<u8>, OntologyError> {
    let read_error = |source: io::Error| match ForeignContent::of(&source) {
        Some(content) => OntologyError::Foreign {
            file: path.display().to_string(),
            content,
        },
        None => OntologyError::Read {
            file: path.display().to_string(),
            source,
        },
    };
    let mut bytes = Vec::new();
    // The byte-order mark stays, so that `Ontology::parse` reports it.
    TextReader::open(path, TextCleaning::Verbatim)
        .and_then(|mut reader| reader.read_to_end(MAX_BYTES + 1, &mut bytes))
        .map_err(read_error)?;
    if bytes.len() as u64 > MAX_BYTES {
        let problem = format!(
            "the file is larger than {} MiB, the limit for an ontology",
            MAX_BYTES >> 20
        );
        return Err(read_error(io::Error::new(
            io::ErrorKind::InvalidData,
            problem,
        )));
    }
    Ok(bytes)
}

impl Ontology {
    /// Reads an ontology in OBO or OBO Graphs JSON, plain or compressed with gzip or Zstandard.
    ///
    /// # Errors
    ///
    /// Any variant of [`OntologyError`]: the file cannot be read, has no terms, is malformed,
    /// defines a term twice or has a cycle.
    pub fn read(path: impl AsRef<Path>) -> Result<Ontology, OntologyError> {
        Self::read_as(path, Reading::default())
    }

    /// Reads an ontology like [`read`](Self::read), with another reading of its tags.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read).
    pub fn read_as(path: impl AsRef<Path>, reading: Reading) -> Result<Ontology, OntologyError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        Ontology::parse_as(&read_ontology(path)?, &file, reading)
    }

    /// Parses the bytes of an OBO or OBO Graphs JSON file. `source_name` names it in error
    /// messages.
    ///
    /// # Errors
    ///
    /// Any variant of [`OntologyError`] but `Read` and `Foreign`.
    pub fn parse(bytes: &[u8], source_name: &str) -> Result<Ontology, OntologyError> {
        Self::parse_as(bytes, source_name, Reading::default())
    }

    /// Parses an ontology like [`parse`](Self::parse), with another reading of its tags.
    ///
    /// # Errors
    ///
    /// Those of [`parse`](Self::parse).
    pub fn parse_as(
        bytes: &[u8],
        source_name: &str,
        reading: Reading,
    ) -> Result<Ontology, OntologyError> {
        let obo = match as_obo(bytes, source_name)? {
            Cow::Borrowed(obo) => with_newlines(obo),
            converted => converted,
        };
        let text = obo.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&obo);
        let mut records = scan(text, source_name, reading)?;
        if text.len() < obo.len() {
            records
                .findings
                .add(FindingKind::ByteOrderMark, String::new);
        }
        build(records, data_version(text), source_name, reading)
    }
}
