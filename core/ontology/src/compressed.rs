//! Plain, gzip and Zstandard: told by the first bytes of a file, never by its name.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

const BUFFER: usize = 256 << 10;
/// Enough to know a file by.
const START: usize = 4 << 10;
/// The largest window a Zstandard stream may ask for, as a power of two: what `zstd` itself takes unless told otherwise.
#[cfg(feature = "zstd")]
const LARGEST_WINDOW: u32 = 27;
/// A file that is unpacked to the disk may grow to this times its size, once it is larger than [`UNSUSPICIOUS`]. Embeddings grow
/// by two, at the utmost by ten; deflate's limit is 1032.
const MOST_GROWTH: u64 = 200;
const UNSUSPICIOUS: u64 = 1 << 30;

/// A file is compressed with Zstandard, and this crate was built without its feature `zstd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this build does not read Zstandard files")]
pub struct ZstdNotBuilt;

/// Opens a file, decompressing it if its first bytes say that it is compressed. Several gzip members or Zstandard frames behind
/// each other are one stream. Memory stays bounded whatever the stream claims: 256 KiB, and for Zstandard a window of 128 MiB.
///
/// # Errors
/// Those of the system; [`ZstdNotBuilt`] inside an [`io::Error`] of the kind `Unsupported` for a Zstandard file when this
/// crate is built without its feature `zstd`.
pub fn open_decompressed(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    decompressed(file).map(|(reader, _)| reader)
}

/// The reader, and whether it decompresses.
fn decompressed(file: File) -> io::Result<(Box<dyn BufRead + Send>, bool)> {
    let mut reader = BufReader::with_capacity(BUFFER, file);
    let start = reader.fill_buf()?;
    Ok(if is_gzip(start) {
        let plain = MultiGzDecoder::new(reader);
        (Box::new(BufReader::with_capacity(BUFFER, plain)), true)
    } else if is_zstd(start) {
        (unpacked_zstd(reader)?, true)
    } else {
        (Box::new(reader), false)
    })
}

#[cfg(feature = "zstd")]
fn unpacked_zstd(reader: BufReader<File>) -> io::Result<Box<dyn BufRead + Send>> {
    let mut plain = zstd::Decoder::with_buffer(reader)?;
    plain.window_log_max(LARGEST_WINDOW)?;
    Ok(Box::new(BufReader::with_capacity(BUFFER, plain)))
}

#[cfg(not(feature = "zstd"))]
fn unpacked_zstd(_: BufReader<File>) -> io::Result<Box<dyn BufRead + Send>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, ZstdNotBuilt))
}

fn is_gzip(start: &[u8]) -> bool {
    start.starts_with(&[0x1f, 0x8b])
}

/// A frame, or a skippable frame, with which files of `pzstd` begin.
fn is_zstd(start: &[u8]) -> bool {
    start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        || matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// How large a file of so many bytes may be, unpacked.
#[must_use]
pub fn most_unpacked(bytes: u64) -> u64 {
    bytes.saturating_mul(MOST_GROWTH).max(UNSUSPICIOUS)
}

/// A file that is read here and there, with its first bytes.
pub struct Seekable {
    /// Positioned at its start.
    pub file: File,
    /// Its first bytes, decompressed: 4 KiB unless the file is shorter.
    pub start: Vec<u8>,
}

/// Opens a file that is read here and there: as it is, or unpacked into a file without a name in `scratch`, which goes
/// when it is closed. What `wanted` does not know by its first bytes is not unpacked: `None`.
///
/// # Errors
/// As [`open_decompressed`]; when the unpacked file would be suspiciously large or cannot be written.
pub fn open_seekable(
    path: &Path,
    scratch: &Path,
    wanted: impl FnOnce(&[u8]) -> bool,
) -> io::Result<Option<Seekable>> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let (mut reader, compressed) = decompressed(file.try_clone()?)?;
    let mut start = Vec::new();
    reader.by_ref().take(START as u64).read_to_end(&mut start)?;
    if !wanted(&start) {
        return Ok(None);
    }
    if !compressed && metadata.is_file() {
        file.seek(SeekFrom::Start(0))?;
        return Ok(Some(Seekable { file, start }));
    }
    let most = if compressed {
        most_unpacked(metadata.len())
    } else {
        u64::MAX
    };
    let mut plain = tempfile::tempfile_in(scratch).map_err(|error| unpacking(scratch, &error))?;
    let mut whole = start.as_slice().chain(reader);
    let mut written = 0;
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = match whole.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        written += read as u64;
        if written > most {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "unpacked, it is more than {MOST_GROWTH} times as large, as no embeddings are"
                ),
            ));
        }
        plain
            .write_all(&buffer[..read])
            .map_err(|error| unpacking(scratch, &error))?;
    }
    plain.seek(SeekFrom::Start(0))?;
    Ok(Some(Seekable { file: plain, start }))
}

/// It is not the file read that is at fault.
pub fn unpacking(scratch: &Path, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("unpacking it into {}: {error}", scratch.display()),
    )
}

#[cfg(all(test, not(feature = "zstd")))]
mod tests {
    use super::{ZstdNotBuilt, open_decompressed};

    #[test]
    fn zstd_without_the_feature_is_a_typed_error() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), b"\x28\xb5\x2f\xfd and so on").expect("room for it");
        let error = open_decompressed(file.path()).err().expect("it is refused");
        let cause = error.get_ref().expect("a cause");
        assert!(cause.is::<ZstdNotBuilt>(), "{error}");
        assert_eq!(
            error.to_string(),
            "this build does not read Zstandard files"
        );
    }
}
