//! Compresses files of predictions, for experiments that ask for it.
//!
//! The runner writes plain files, whatever its version and language. The host compresses them before
//! the step ends, so that the manifest, the log and the trackers have the compressed files.

use std::{
    ffi::OsStr,
    io::{self, Read, Write},
    path::Path,
};

use flate2::{Compression, write::GzEncoder};
use protea_files::{Directory, Links, TemporaryFile};

use crate::store::PARTIAL;

/// What the name of a compressed file ends with.
const SUFFIX: &str = ".gz";
const BLOCK: usize = 1 << 20;

/// Why a file was not compressed.
enum Kept {
    /// The user cancelled.
    Cancelled,
    /// It cannot be read or written.
    Failed(String),
}

/// Compresses those of the files that are in the directory. A file that cannot be compressed stays as
/// it is; the answer then says why, as the note of a step.
pub(super) fn compress(
    directory: &Path,
    names: &[&str],
    is_cancelled: &dyn Fn() -> bool,
) -> Option<String> {
    let mut failed = Vec::new();
    for name in names {
        if !protea_files::is_regular(&directory.join(name)) {
            continue;
        }
        match compress_one(directory, name, is_cancelled) {
            Ok(()) => {}
            // The next step, or the end of the run, tells that it was cancelled.
            Err(Kept::Cancelled) => break,
            Err(Kept::Failed(reason)) => failed.push(format!("{name} is not compressed: {reason}")),
        }
    }
    (!failed.is_empty()).then(|| failed.join("; "))
}

fn compress_one(directory: &Path, name: &str, is_cancelled: &dyn Fn() -> bool) -> Result<(), Kept> {
    let opened = Directory::open(directory, Links::Refuse);
    let plain = opened.and_then(|directory| directory.open_file(Path::new(name)));
    let mut plain = plain.map_err(|error| Kept::Failed(error.reason()))?;
    let failed = |error: io::Error| Kept::Failed(error.to_string());
    let file = TemporaryFile::create_in(directory, OsStr::new(PARTIAL), 0o666).map_err(failed)?;
    // Without a name and a time in the header, the same predictions are the same file.
    let mut encoder = GzEncoder::new(file, Compression::default());
    let mut block = vec![0; BLOCK];
    loop {
        if is_cancelled() {
            return Err(Kept::Cancelled);
        }
        match plain.read(&mut block).map_err(failed)? {
            0 => break,
            read => encoder.write_all(&block[..read]).map_err(failed)?,
        }
    }
    let file = encoder.finish().map_err(failed)?;
    let compressed = directory.join(format!("{name}{SUFFIX}"));
    file.persist(&compressed).map_err(failed)?;
    std::fs::remove_file(directory.join(name)).map_err(failed)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use flate2::read::GzDecoder;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_named_file_is_replaced_and_others_stay() {
        let directory = tempfile::tempdir().unwrap();
        let text = "P1\tGO:0003674\t0.5\n".repeat(100_000);
        fs::write(directory.path().join("predictions.tsv"), &text).unwrap();
        fs::write(directory.path().join("other.tsv"), "a").unwrap();
        let note = compress(directory.path(), &["predictions.tsv", "absent"], &|| false);
        assert_eq!(note, None);
        assert_eq!(names(directory.path()), ["other.tsv", "predictions.tsv.gz"]);
        let mut read = String::new();
        let file = fs::File::open(directory.path().join("predictions.tsv.gz")).unwrap();
        GzDecoder::new(file).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
    }

    #[test]
    fn a_cancelled_compression_leaves_the_plain_file() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("predictions.tsv"), "a").unwrap();
        assert_eq!(
            compress(directory.path(), &["predictions.tsv"], &|| true),
            None
        );
        assert_eq!(names(directory.path()), ["predictions.tsv"]);
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_cannot_be_compressed_stays_and_is_told() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("predictions.tsv"), "a").unwrap();
        // The compressed file cannot be renamed to this name.
        fs::create_dir(directory.path().join("predictions.tsv.gz")).unwrap();
        let note = compress(directory.path(), &["predictions.tsv"], &|| false).unwrap();
        assert!(
            note.starts_with("predictions.tsv is not compressed: "),
            "{note}"
        );
        assert_eq!(
            names(directory.path()),
            ["predictions.tsv", "predictions.tsv.gz"]
        );
    }
}
