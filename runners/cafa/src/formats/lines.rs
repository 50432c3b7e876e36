//! Lines of a text file, plain or gzip-compressed, in bounded memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::FormatError;

/// The longest line taken. No protein comes near it (the longest known has 45,212 residues); a binary file or a
/// genome does, and would otherwise be read into memory whole.
const LONGEST_LINE: usize = 4 << 20;
const BUFFER: usize = 256 << 10;

/// Opens a file, decompressing it when it begins with gzip's magic number.
pub(crate) fn open_plain_or_gzip(path: &Path) -> Result<Box<dyn BufRead>, FormatError> {
    let unreadable = |source| FormatError::Read {
        path: path.to_owned(),
        line: 0,
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        return Err(unreadable(io::Error::from(io::ErrorKind::IsADirectory)));
    }
    let mut reader = BufReader::with_capacity(BUFFER, file);
    let gzip = reader
        .fill_buf()
        .map_err(unreadable)?
        .starts_with(&[0x1f, 0x8b]);
    if gzip {
        Ok(Box::new(BufReader::with_capacity(
            BUFFER,
            MultiGzDecoder::new(reader),
        )))
    } else {
        Ok(Box::new(reader))
    }
}

/// Reads a file line by line and counts the lines.
pub(crate) struct Lines {
    path: PathBuf,
    reader: Box<dyn BufRead>,
    number: u64,
    buffer: Vec<u8>,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Self, FormatError> {
        Ok(Self {
            path: path.to_owned(),
            reader: open_plain_or_gzip(path)?,
            number: 0,
            buffer: Vec::new(),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Number of the line last read, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// Moves to the next line. `false` at the end of the file.
    pub(crate) fn advance(&mut self) -> Result<bool, FormatError> {
        self.buffer.clear();
        let read = (&mut self.reader)
            .take(LONGEST_LINE as u64 + 1)
            .read_until(b'\n', &mut self.buffer)
            .map_err(|source| FormatError::Read {
                path: self.path.clone(),
                line: self.number,
                source,
            })?;
        if read == 0 {
            return Ok(false);
        }
        self.number += 1;
        if read > LONGEST_LINE {
            return Err(self.malformed(
                format!("the line is longer than {LONGEST_LINE} bytes"),
                "this does not look like a text file of this kind",
            ));
        }
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
        }
        if self.buffer.last() == Some(&b'\r') {
            self.buffer.pop();
        }
        if self.number == 1 && self.buffer.starts_with(b"\xef\xbb\xbf") {
            self.buffer.drain(..3);
        }
        Ok(true)
    }

    /// The current line, without its line end.
    pub(crate) fn line(&self) -> &[u8] {
        &self.buffer
    }

    /// The current line as text.
    pub(crate) fn text(&self) -> Result<&str, FormatError> {
        std::str::from_utf8(&self.buffer).map_err(|_| {
            self.malformed(
                "the line is not UTF-8 text",
                "convert the file to UTF-8, or check that it is a text file",
            )
        })
    }

    /// An error at the current line.
    pub(crate) fn malformed(
        &self,
        problem: impl Into<String>,
        remedy: &'static str,
    ) -> FormatError {
        FormatError::malformed(&self.path, self.number, problem, remedy)
    }
}
