//! Reading an ontology from a file or from bytes.

use std::io::{self, Read};
use std::path::Path;

use super::build::build;
use super::compressed::open_decompressed;
use super::error::OntologyError;
use super::graph::Ontology;
use super::obographs::as_obo;
use super::scan::{data_version, scan};

/// The largest ontology taken into memory, in bytes, decompressed. The Gene Ontology has 35 MB, and 250 MB in its largest form as JSON.
const LARGEST: u64 = 1 << 30;

/// The bytes of an ontology file, decompressed when its first bytes say that it is compressed.
///
/// # Errors
/// [`OntologyError::Read`] when the file cannot be read or has more than 1 GiB.
pub fn read_ontology(path: &Path) -> Result<Vec<u8>, OntologyError> {
    let failed = |source| OntologyError::Read {
        file: path.display().to_string(),
        source,
    };
    let mut bytes = Vec::new();
    open_decompressed(path)
        .and_then(|reader| reader.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(failed)?;
    if bytes.len() as u64 > LARGEST {
        let problem = format!(
            "it has more than {} MiB, which no ontology has",
            LARGEST >> 20
        );
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, problem)));
    }
    Ok(bytes)
}

impl Ontology {
    /// Reads an ontology in OBO or OBO Graphs JSON, plain or compressed with gzip or Zstandard.
    ///
    /// # Errors
    /// See [`OntologyError`]: unreadable, without terms, malformed, an id twice, a cycle.
    pub fn read(path: impl AsRef<Path>) -> Result<Ontology, OntologyError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        Ontology::parse(&read_ontology(path)?, &file)
    }

    /// Parses the bytes of an OBO file, or of one in OBO Graphs JSON. `source_name` is how errors call it.
    ///
    /// # Errors
    /// See [`OntologyError`].
    pub fn parse(bytes: &[u8], source_name: &str) -> Result<Ontology, OntologyError> {
        let obo = as_obo(bytes, source_name)?;
        let records = scan(&obo, source_name)?;
        build(&records, data_version(&obo), source_name)
    }
}
