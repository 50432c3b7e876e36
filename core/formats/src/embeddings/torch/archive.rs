//! The zip file of `torch.save`: a pickle, and one member per storage.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom, Write},
    path::Path,
};

use protea_ontology::compressed::{max_decompressed, scratch_error};
use zip::{CompressionMethod, ZipArchive, result::ZipError};

use super::super::{FormatError, tensors::Storage};
use crate::partial_read::read_up_to;

/// Limit of the pickle, in bytes. A tensor takes about 150.
const LARGEST_PICKLE: u64 = 256 << 20;
const PICKLE: &str = "data.pkl";

/// An open file.
pub(super) struct Archive {
    zip: ZipArchive<BufReader<File>>,
    /// The file again, to read storages in place.
    file: File,
    /// The folder of the members, such as `archive/`.
    prefix: String,
    big_endian: bool,
    pub bytes: u64,
    /// A storage that had to be decompressed, with its key.
    unpacked: Option<(String, File, u64)>,
}

/// Whether a zip file is one of `torch.save`: it has a pickle `data.pkl`.
pub(in super::super) fn is_torch(path: &Path, file: &File) -> Result<bool, FormatError> {
    let unreadable = FormatError::unreadable(path);
    let mut again = file.try_clone().map_err(&unreadable)?;
    again.seek(SeekFrom::Start(0)).map_err(&unreadable)?;
    // A damaged archive is reported by the reader of `.npz`, except one that was cut off, which
    // still shows what it was.
    let Ok(zip) = ZipArchive::new(BufReader::new(&mut again)) else {
        again.seek(SeekFrom::Start(0)).map_err(&unreadable)?;
        let mut start = Vec::new();
        again
            .take(4096)
            .read_to_end(&mut start)
            .map_err(&unreadable)?;
        return Ok(start.windows(PICKLE.len()).any(|w| w == PICKLE.as_bytes()));
    };
    let mut names = zip.file_names();
    Ok(names.any(|name| name.is_ok_and(|name| is_pickle(&name))))
}

fn is_pickle(name: &str) -> bool {
    name == PICKLE || name.strip_suffix(PICKLE).is_some_and(|n| n.ends_with('/'))
}

fn failed(path: &Path, error: ZipError) -> FormatError {
    match error {
        ZipError::Io(source) => FormatError::unreadable(path)(source),
        other => damaged(path, &other.to_string()),
    }
}

/// An error for a damaged PyTorch file.
pub(super) fn damaged(path: &Path, problem: &str) -> FormatError {
    FormatError::matrix(
        path,
        format!("the PyTorch file is damaged: {problem}"),
        "copy the file again, or save it again with torch.save",
    )
}

impl Archive {
    pub fn open(path: &Path, file: File) -> Result<Self, FormatError> {
        let unreadable = FormatError::unreadable(path);
        let bytes = file.metadata().map_err(&unreadable)?.len();
        let again = file.try_clone().map_err(&unreadable)?;
        let zip = ZipArchive::new(BufReader::new(file)).map_err(|error| failed(path, error))?;
        let prefix = zip
            .file_names()
            .filter_map(Result::ok)
            .find(|name| is_pickle(name))
            .map(|name| name[..name.len() - PICKLE.len()].to_owned())
            .ok_or_else(|| damaged(path, "it has no data.pkl"))?;
        let mut archive = Self {
            zip,
            file: again,
            prefix,
            big_endian: false,
            bytes,
            unpacked: None,
        };
        let order = archive.member(path, "byteorder", 16)?;
        archive.big_endian = order.is_some_and(|order| order == b"big");
        Ok(archive)
    }

    /// The bytes of a member; `None` if the file does not have it.
    fn member(
        &mut self,
        path: &Path,
        name: &str,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, FormatError> {
        let Some(index) = self.zip.index_for_name(&format!("{}{name}", self.prefix)) else {
            return Ok(None);
        };
        let member = self.zip.by_index(index).map_err(|e| failed(path, e))?;
        let mut bytes = Vec::new();
        member
            .take(limit + 1)
            .read_to_end(&mut bytes)
            .map_err(|error| damaged_member(path, error))?;
        if bytes.len() as u64 > limit {
            return Err(damaged(path, &format!("its {name} is too large")));
        }
        Ok(Some(bytes))
    }

    /// The pickle.
    pub fn pickle(&mut self, path: &Path) -> Result<Vec<u8>, FormatError> {
        let pickle = self.member(path, PICKLE, LARGEST_PICKLE)?;
        pickle.ok_or_else(|| damaged(path, "it has no data.pkl"))
    }

    /// The storage with this key.
    pub fn storage(
        &mut self,
        path: &Path,
        key: &str,
        scratch: &Path,
    ) -> Result<Storage<'_>, FormatError> {
        let big_endian = self.big_endian;
        let known = self
            .unpacked
            .as_ref()
            .is_some_and(|(known, ..)| known == key);
        if !known {
            let name = format!("{}data/{key}", self.prefix);
            let missing = || damaged(path, &format!("it has no storage {name:?}"));
            let index = self.zip.index_for_name(&name).ok_or_else(missing)?;
            let member = self.zip.by_index_raw(index).map_err(|e| failed(path, e))?;
            let stored = (member.compression() == CompressionMethod::Stored && !member.encrypted())
                .then(|| (member.header_start(), member.size()));
            drop(member);
            if let Some((header, bytes)) = stored {
                let at = data_start(&mut self.file, header)
                    .map_err(FormatError::unreadable(path))?
                    .ok_or_else(|| damaged(path, "a storage has no header"))?;
                if at.checked_add(bytes).is_none_or(|end| end > self.bytes) {
                    return Err(damaged(path, "a storage is cut off"));
                }
                return Ok(Storage {
                    file: &mut self.file,
                    at,
                    bytes,
                    big_endian,
                });
            }
            let mut member = self.zip.by_index(index).map_err(|e| failed(path, e))?;
            let limit = max_decompressed(self.bytes);
            let mut file = tempfile::tempfile_in(scratch)
                .map_err(|error| FormatError::unreadable(path)(scratch_error(scratch, &error)))?;
            let mut piece = vec![0; 256 << 10];
            let mut bytes = 0;
            loop {
                let got = member
                    .read(&mut piece)
                    .map_err(|error| damaged_member(path, error))?;
                if got == 0 {
                    break;
                }
                bytes += got as u64;
                if bytes > limit {
                    return Err(damaged(
                        path,
                        "a storage is hundreds of times as large as the file",
                    ));
                }
                file.write_all(&piece[..got]).map_err(|error| {
                    FormatError::unreadable(path)(scratch_error(scratch, &error))
                })?;
            }
            drop(member);
            self.unpacked = Some((key.to_owned(), file, bytes));
        }
        match &mut self.unpacked {
            Some((_, file, bytes)) => Ok(Storage {
                file,
                at: 0,
                bytes: *bytes,
                big_endian,
            }),
            None => Err(damaged(path, "a storage is missing")),
        }
    }
}

fn damaged_member(path: &Path, error: io::Error) -> FormatError {
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput | io::ErrorKind::UnexpectedEof => {
            damaged(path, "a member cannot be decompressed")
        }
        _ => FormatError::unreadable(path)(error),
    }
}

/// Where the bytes of a member start, after its local header; `None` without a header. Format:
/// <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, 4.3.7.
fn data_start(file: &mut File, header: u64) -> io::Result<Option<u64>> {
    let mut local = [0; 30];
    file.seek(SeekFrom::Start(header))?;
    if read_up_to(file, &mut local)? < local.len() || !local.starts_with(b"PK\x03\x04") {
        return Ok(None);
    }
    let length = |at: usize| u64::from(u16::from_le_bytes([local[at], local[at + 1]]));
    Ok(Some(header + local.len() as u64 + length(26) + length(28)))
}
