//! Reads an ontology from a file or from bytes.

use std::{
    io::{self, Read},
    path::Path,
};

use super::{
    build::build,
    compressed::open_decompressed,
    error::OntologyError,
    graph::Ontology,
    obographs::as_obo,
    scan::{data_version, scan},
};

/// The largest ontology that is read into memory, in bytes after decompression. The Gene Ontology
/// has 35 MB as OBO and 250 MB in its largest JSON form.
const MAX_BYTES: u64 = 1 << 30;

/// Reads the bytes of an ontology file, and decompresses them if they are gzip or Zstandard.
///
/// # Errors
///
/// [`OntologyError::Read`] if the file cannot be read or is larger than 1 GiB.
pub fn read_ontology(path: &Path) -> Result<Vec<u8>, OntologyError> {
    let read_error = |source| OntologyError::Read {
        file: path.display().to_string(),
        source,
    };
    let mut bytes = Vec::new();
    open_decompressed(path)
        .and_then(|reader| reader.take(MAX_BYTES + 1).read_to_end(&mut bytes))
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
        let path = path.as_ref();
        let file = path.display().to_string();
        Ontology::parse(&read_ontology(path)?, &file)
    }

    /// Parses the bytes of an OBO or OBO Graphs JSON file. `source_name` names it in error
    /// messages.
    ///
    /// # Errors
    ///
    /// Any variant of [`OntologyError`] but `Read`.
    pub fn parse(bytes: &[u8], source_name: &str) -> Result<Ontology, OntologyError> {
        let obo = as_obo(bytes, source_name)?;
        let records = scan(&obo, source_name)?;
        build(&records, data_version(&obo), source_name)
    }
}
