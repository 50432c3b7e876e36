//! Compares files that somebody else may have written with their digests on record.

use std::{fs::File, io, path::Path};

use protea_contracts::{FileDigest, Sha256, content::ContentError};
use protea_files::Directory;

/// Compares a file below a directory with its digest; `digest` computes that of the file. Links are
/// not followed.
pub(crate) fn same(
    expected: &FileDigest,
    directory: &Directory,
    digest: impl FnOnce(&File) -> io::Result<Sha256>,
) -> Result<(), ContentError> {
    let relative = Path::new(&expected.path);
    let path = directory.path().join(relative).display().to_string();
    let unreadable = |source| ContentError::Unreadable {
        path: path.clone(),
        source,
    };
    let file = directory
        .open_file(relative)
        .map_err(|error| unreadable(error.into()))?;
    let found = file.metadata().map_err(unreadable)?.len();
    if found != expected.bytes {
        let expected = expected.bytes;
        return Err(ContentError::Size {
            path,
            expected,
            found,
        });
    }
    let found = digest(&file).map_err(unreadable)?;
    if found != expected.sha256 {
        let expected = expected.sha256;
        return Err(ContentError::Hash {
            path,
            expected,
            found,
        });
    }
    Ok(())
}
