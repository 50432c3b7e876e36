//! Reads the lines of a text file, plain or compressed, in bounded memory.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use protea_ontology::{
    spelling::trim_invisible,
    text::{LineRead, TextCleaning, TextReader, other_separator},
};

use super::FormatError;

/// Longest accepted line, in bytes. The longest known protein has 45,212 residues. The limit keeps
/// a binary file or a genome from being read into memory as one line.
const LONGEST_LINE: usize = 4 << 20;

/// The fields of a line that are separated by tabs or blanks, without quotation marks around them.
pub(super) fn fields(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace().map(trim_invisible).map(unquoted)
}

/// A field without the quotation marks around it, which R and spreadsheets write.
pub(super) fn unquoted(field: &str) -> &str {
    let inner = field
        .strip_prefix('"')
        .and_then(|field| field.strip_suffix('"'));
    inner.unwrap_or(field)
}

/// What to add to a message about a line without the expected columns: `: its columns are separated by
/// commas, not by tabs`. Empty if the line has tabs or no other separator.
pub(super) fn separator_hint(line: &[u8]) -> String {
    match other_separator(line) {
        Some(separator @ ("commas" | "semicolons")) if !line.contains(&b'\t') => {
            format!(": its columns are separated by {separator}, not by tabs")
        }
        _ => String::new(),
    }
}

/// Reads a file line by line and counts the lines.
pub struct Lines {
    path: PathBuf,
    reader: TextReader,
    number: u64,
    buffer: Vec<u8>,
}

impl Lines {
    /// Opens a file. The first call of [`advance`](Self::advance) reads the first line.
    ///
    /// # Errors
    ///
    /// [`FormatError::Read`] if the file cannot be opened, [`FormatError::Foreign`] if it is not text.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        let reader = TextReader::open(path, TextCleaning::Clean);
        Ok(Self::new(
            path,
            reader.map_err(FormatError::unreadable(path))?,
        ))
    }

    /// Like [`open`](Self::open), for an open file, which is not compressed. `path` is for error
    /// messages.
    pub(super) fn from_file(path: &Path, file: File) -> Result<Self, FormatError> {
        let reader = Box::new(BufReader::with_capacity(256 << 10, file));
        let reader = TextReader::from_reader(reader, TextCleaning::Clean);
        Ok(Self::new(
            path,
            reader.map_err(FormatError::unreadable(path))?,
        ))
    }

    fn new(path: &Path, reader: TextReader) -> Self {
        Self {
            path: path.to_owned(),
            reader,
            number: 0,
            buffer: Vec::new(),
        }
    }

    /// The path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Number of the current line, from 1; 0 before the first.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next line. Returns `false` at the end of the file.
    ///
    /// # Errors
    ///
    /// [`FormatError::Read`] if reading fails; [`FormatError::Malformed`] for a line of more than 4
    /// MiB.
    pub fn advance(&mut self) -> Result<bool, FormatError> {
        let read = self
            .reader
            .read_line(&mut self.buffer, LONGEST_LINE)
            .map_err(|source| FormatError::Read {
                path: self.path.clone(),
                line: self.number,
                source,
            })?;
        if read == LineRead::End {
            return Ok(false);
        }
        self.number += 1;
        if read == LineRead::TooLong {
            return Err(self.malformed(
                format!("the line is longer than {LONGEST_LINE} bytes"),
                "this does not look like a text file of this kind",
            ));
        }
        Ok(true)
    }

    /// The current line, without its line break.
    #[must_use]
    pub fn line(&self) -> &[u8] {
        &self.buffer
    }

    /// The current line as a string.
    ///
    /// # Errors
    ///
    /// [`FormatError::Malformed`] if the line is not UTF-8.
    pub fn text(&self) -> Result<&str, FormatError> {
        std::str::from_utf8(&self.buffer).map_err(|_| {
            self.malformed(
                "the line is not UTF-8 text",
                "convert the file to UTF-8, or check that it is a text file",
            )
        })
    }

    /// Creates an error for the current line.
    pub fn malformed(&self, problem: impl Into<String>, remedy: &'static str) -> FormatError {
        FormatError::malformed(&self.path, self.number, problem, remedy)
    }
}
