//! The whole lines of a growing file.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
};

use protea_files::Links;

/// How much is read in one check, in bytes.
const MOST_BYTES: u64 = 4 << 20;
/// The longest line in bytes. Longer ones are left out and counted.
const LONGEST_LINE: usize = 1 << 20;

/// A file that is read while it grows.
#[derive(Debug)]
pub struct Tail {
    path: PathBuf,
    /// How much of the end is read at first, in bytes.
    first: u64,
    file: Option<File>,
    offset: u64,
    /// The start of a line whose end has not been written yet.
    partial: Vec<u8>,
    /// Whether the rest of the current line is left out.
    skips: bool,
}

/// What one check of the file found.
#[derive(Debug, Default)]
pub struct Found {
    /// Whole lines without their ends.
    pub lines: Vec<String>,
    /// Lines that were too long.
    pub too_long: u64,
    /// How many bytes before the first line were left out.
    pub left_out: u64,
    /// Whether the file was replaced or cut, so that `lines` starts again at its beginning.
    pub restarted: bool,
    /// Whether there may be more to read at once.
    pub has_more: bool,
}

impl Tail {
    /// Follows a file, which need not be there yet. Of a longer file, only the last `first` bytes are
    /// read.
    pub fn new(path: PathBuf, first: u64) -> Self {
        Self {
            path,
            first,
            file: None,
            offset: 0,
            partial: Vec::new(),
            skips: false,
        }
    }

    /// What was added since the last look.
    ///
    /// # Errors
    ///
    /// If the file cannot be read. A missing file is not an error.
    pub fn look(&mut self) -> io::Result<Found> {
        let mut found = Found::default();
        let length = match &self.file {
            Some(file) => file.metadata()?.len(),
            None => 0,
        };
        if length < self.offset {
            *self = Self::new(std::mem::take(&mut self.path), self.first);
            found.restarted = true;
        }
        if self.file.is_none() {
            let mut file = match protea_files::open(&self.path, Links::Refuse) {
                Ok(file) => file,
                Err(error) if error.is_not_found() => return Ok(found),
                Err(error) => return Err(error.into()),
            };
            let length = file.metadata()?.len();
            self.offset = length.saturating_sub(self.first);
            found.left_out = self.offset;
            // The first line is whole only if the byte before it is the end of another.
            self.skips = self.offset > 0;
            file.seek(SeekFrom::Start(self.offset))?;
            self.file = Some(file);
        }
        let Some(file) = &mut self.file else {
            return Ok(found);
        };
        let mut bytes = Vec::new();
        let read = file.take(MOST_BYTES).read_to_end(&mut bytes)? as u64;
        self.offset += read;
        found.has_more = read == MOST_BYTES;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let (piece, is_whole) = match piece.split_last() {
                Some((b'\n', line)) => (line, true),
                _ => (piece, false),
            };
            if !self.skips {
                self.partial.extend_from_slice(piece);
            }
            if self.partial.len() > LONGEST_LINE {
                self.partial = Vec::new();
                self.skips = true;
                found.too_long += 1;
            }
            if is_whole {
                if !self.skips {
                    let line = String::from_utf8_lossy(&self.partial).into_owned();
                    found.lines.push(line);
                }
                self.partial.clear();
                self.skips = false;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::{fs, io::Write};

    use super::*;

    #[test]
    fn lines_are_read_once_they_are_whole() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("events.jsonl");
        let mut tail = Tail::new(path.clone(), 1 << 20);
        assert!(tail.look().unwrap().lines.is_empty());
        let mut file = File::create(&path).unwrap();
        file.write_all(b"one\ntw\xc3").unwrap();
        assert_eq!(tail.look().unwrap().lines, ["one"]);
        assert!(tail.look().unwrap().lines.is_empty());
        file.write_all(b"\xb6\n\xff\n").unwrap();
        assert_eq!(tail.look().unwrap().lines, ["tw\u{f6}", "\u{fffd}"]);
        fs::write(&path, "new\n").unwrap();
        let found = tail.look().unwrap();
        assert!(found.restarted);
        assert_eq!(found.lines, ["new"]);
    }

    #[test]
    fn long_files_and_lines_are_cut() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("run.log");
        fs::write(&path, "first\nsecond\nthird\n").unwrap();
        let found = Tail::new(path.clone(), 8).look().unwrap();
        assert_eq!(
            (found.lines, found.left_out),
            (vec!["third".to_owned()], 11)
        );
        let long = "x".repeat(LONGEST_LINE + 1);
        fs::write(&path, format!("a\n{long}\nb\n")).unwrap();
        let found = Tail::new(path, 4 << 20).look().unwrap();
        assert_eq!((found.lines.len(), found.too_long), (2, 1));
    }
}
