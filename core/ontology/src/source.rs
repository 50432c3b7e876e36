//! Reading a whole ontology file, compressed or not.

use std::io::{self, Read};
use std::path::Path;

use super::OntologyError;
use crate::compressed::open_decompressed;

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
