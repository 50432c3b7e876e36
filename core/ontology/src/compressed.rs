//! Opens plain, gzip and Zstandard files. The format is detected from the first bytes, not from the
//! file name.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flate2::bufread::GzDecoder;

const BUFFER: usize = 256 << 10;
/// Bytes that are read to detect the format of a file.
const START_BYTES: usize = 4 << 10;
/// The largest accepted Zstandard window, as a power of two. This is the default limit of `zstd`
/// itself.
#[cfg(feature = "zstd")]
const MAX_WINDOW_LOG: u32 = 27;
/// A file may grow to this multiple of its size, once it is larger
/// than [`ALWAYS_ALLOWED`]. Embeddings grow by a factor of two, at most ten, predictions by up to
/// fifty; the limit of deflate is 1032.
const MAX_GROWTH: u64 = 200;
const ALWAYS_ALLOWED: u64 = 1 << 30;

/// A file is compressed with Zstandard and this crate was built without its feature `zstd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this build does not read Zstandard files")]
pub struct ZstdNotBuilt;

/// A compression that is read. The others are [foreign](crate::foreign::Foreign).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstandard,
}

impl Compression {
    /// The compression of a file with these first bytes; eight are enough.
    #[must_use]
    pub fn recognize(start: &[u8]) -> Option<Self> {
        if is_gzip(start) {
            Some(Self::Gzip)
        } else if is_zstd(start) {
            Some(Self::Zstandard)
        } else {
            None
        }
    }
}

/// Opens a file and decompresses it if its first bytes are those of gzip or Zstandard. Concatenated
/// gzip members or Zstandard frames are read as one stream. Memory is bounded by 256 KiB, plus a
/// window of 128 MiB for Zstandard.
///
/// # Errors
///
/// Errors of the file system. [`GrowsTooMuch`] inside an [`io::Error`] of kind `InvalidData` if a
/// compressed file grows to more than 200 times its size and more than 1 GiB. For a Zstandard file, [`ZstdNotBuilt`] inside an [`io::Error`] of
/// kind `Unsupported` when this crate is built without its feature `zstd`.
pub fn open_decompressed(path: &Path) -> io::Result<Box<dyn BufRead + Send>> {
    decompressed(open_input(path)?).map(|(reader, _)| reader)
}

/// Opens a file or a pipe to read it to its end.
///
/// # Errors
///
/// Errors of the file system. [`Device`] inside an [`io::Error`] of kind `InvalidInput` for a device:
/// some, such as `/dev/zero`, never end. A terminal and `/dev/null` are accepted.
pub fn open_input(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    #[cfg(unix)]
    {
        use std::{
            io::IsTerminal,
            os::unix::fs::{FileTypeExt, MetadataExt},
        };
        let kind = metadata.file_type();
        let is_null = || {
            let null = std::fs::metadata("/dev/null");
            null.is_ok_and(|null| null.rdev() == metadata.rdev())
        };
        let is_character = kind.is_char_device();
        if kind.is_block_device() || (is_character && !file.is_terminal() && !is_null()) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, Device));
        }
    }
    Ok(file)
}

/// A file is a device, which may have no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is a device, not a file with data")]
pub struct Device;

/// A compressed file that grows too much: it is not the text that it pretends to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "the decompressed file is larger than {limit} bytes, the limit for a compressed file of its size"
)]
pub struct GrowsTooMuch {
    /// The limit in bytes.
    pub limit: u64,
}

/// How large a compressed file is.
struct Compressed {
    /// Its size; 0 for a pipe.
    size: u64,
    /// What was read of it.
    read: Arc<AtomicU64>,
}

/// Counts the compressed bytes that were read.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.read.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

/// Fails with [`GrowsTooMuch`] once the decompressed bytes are out of proportion.
struct Proportionate<R> {
    plain: R,
    given: u64,
    compressed: Compressed,
}

impl<R: Read> Read for Proportionate<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.plain.read(buffer)?;
        self.given += got as u64;
        let read = self.compressed.read.load(Ordering::Relaxed);
        let limit = max_decompressed(read.max(self.compressed.size));
        if self.given > limit {
            let error = GrowsTooMuch { limit };
            return Err(io::Error::new(io::ErrorKind::InvalidData, error));
        }
        Ok(got)
    }
}

/// Returns the reader and whether it decompresses.
fn decompressed(file: File) -> io::Result<(Box<dyn BufRead + Send>, bool)> {
    let metadata = file.metadata()?;
    let compressed = Compressed {
        size: if metadata.is_file() {
            metadata.len()
        } else {
            0
        },
        read: Arc::default(),
    };
    let read = Arc::clone(&compressed.read);
    let mut reader = BufReader::with_capacity(BUFFER, Counted { file, read });
    let start = reader.fill_buf()?;
    Ok(if is_gzip(start) {
        let plain = GzipMembers(Some(GzDecoder::new(reader)));
        (bounded(plain, compressed), true)
    } else if is_zstd(start) {
        (decode_zstd(reader, compressed)?, true)
    } else {
        (Box::new(reader), false)
    })
}

fn bounded(plain: impl Read + Send + 'static, compressed: Compressed) -> Box<dyn BufRead + Send> {
    let plain = Proportionate {
        plain,
        given: 0,
        compressed,
    };
    Box::new(BufReader::with_capacity(BUFFER, plain))
}

/// Decompresses the members of a gzip file one after the other. Zeros behind them, which fill a
/// block of a tape or a disk, are ignored, as `gzip` does.
struct GzipMembers<R>(Option<GzDecoder<R>>);

impl<R: BufRead> Read for GzipMembers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(decoder) = &mut self.0 {
            let read = decoder.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let mut rest = match self.0.take() {
                Some(decoder) => decoder.into_inner(),
                None => break,
            };
            if has_member(&mut rest)? {
                self.0 = Some(GzDecoder::new(rest));
            }
        }
        Ok(0)
    }
}

/// Whether another member of a gzip file follows.
fn has_member(rest: &mut impl BufRead) -> io::Result<bool> {
    loop {
        let available = match rest.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        match available.first() {
            None => return Ok(false),
            Some(0x1f) => return Ok(true),
            Some(0) => {
                let zeros = available.iter().take_while(|&&byte| byte == 0).count();
                rest.consume(zeros);
            }
            Some(_) => {
                return Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "bytes that are not gzip follow the compressed data; remove them, or decompress \
                     the file with `gunzip`, which ignores them",
                ));
            }
        }
    }
}

#[cfg(feature = "zstd")]
fn decode_zstd(
    reader: BufReader<Counted>,
    compressed: Compressed,
) -> io::Result<Box<dyn BufRead + Send>> {
    let mut plain = zstd::Decoder::with_buffer(reader)?;
    plain.window_log_max(MAX_WINDOW_LOG)?;
    Ok(bounded(plain, compressed))
}

#[cfg(not(feature = "zstd"))]
fn decode_zstd(_: BufReader<Counted>, _: Compressed) -> io::Result<Box<dyn BufRead + Send>> {
    Err(io::Error::new(io::ErrorKind::Unsupported, ZstdNotBuilt))
}

fn is_gzip(start: &[u8]) -> bool {
    start.starts_with(&[0x1f, 0x8b])
}

/// Matches a frame, or a skippable frame as at the start of files written by `pzstd`.
fn is_zstd(start: &[u8]) -> bool {
    start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd])
        || matches!(start, [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..])
}

/// The largest accepted size after decompression of a file of `bytes` bytes.
#[must_use]
pub fn max_decompressed(bytes: u64) -> u64 {
    bytes.saturating_mul(MAX_GROWTH).max(ALWAYS_ALLOWED)
}

/// A file for random access, with its first bytes.
pub struct Seekable {
    /// The file, positioned at its start.
    pub file: File,
    /// The first bytes, decompressed: 4 KiB unless the file is shorter.
    pub start: Vec<u8>,
}

/// Opens a file for random access. A compressed file is decompressed into an unnamed file in the
/// directory `scratch`, which the system removes when it is closed. Returns `None`, without
/// decompressing the file, if `wanted` rejects its first bytes.
///
/// # Errors
///
/// Those of [`open_decompressed`], and an error if the decompressed file exceeds
/// [`max_decompressed`] or cannot be written.
pub fn open_seekable(
    path: &Path,
    scratch: &Path,
    wanted: impl FnOnce(&[u8]) -> bool,
) -> io::Result<Option<Seekable>> {
    let mut file = open_input(path)?;
    let metadata = file.metadata()?;
    let (mut reader, compressed) = decompressed(file.try_clone()?)?;
    let mut start = Vec::new();
    reader
        .by_ref()
        .take(START_BYTES as u64)
        .read_to_end(&mut start)?;
    if !wanted(&start) {
        return Ok(None);
    }
    if !compressed && metadata.is_file() {
        file.seek(SeekFrom::Start(0))?;
        return Ok(Some(Seekable { file, start }));
    }
    let mut plain =
        tempfile::tempfile_in(scratch).map_err(|error| scratch_error(scratch, &error))?;
    let mut whole = start.as_slice().chain(reader);
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = match whole.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        plain
            .write_all(&buffer[..read])
            .map_err(|error| scratch_error(scratch, &error))?;
    }
    plain.seek(SeekFrom::Start(0))?;
    Ok(Some(Seekable { file: plain, start }))
}

/// Adds the scratch directory to an error of writing there, so that the message does not blame the
/// input file.
pub fn scratch_error(scratch: &Path, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("cannot decompress into {}: {error}", scratch.display()),
    )
}

#[cfg(all(test, not(feature = "zstd")))]
mod tests {
    use super::{ZstdNotBuilt, open_decompressed};

    #[test]
    fn zstd_without_the_feature_is_a_typed_error() {
        let file = tempfile::NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), b"\x28\xb5\x2f\xfd and so on").expect("the file is written");
        let error = open_decompressed(file.path()).err().expect("an error");
        let cause = error.get_ref().expect("a cause");
        assert!(cause.is::<ZstdNotBuilt>(), "{error}");
        assert_eq!(
            error.to_string(),
            "this build does not read Zstandard files"
        );
    }
}
