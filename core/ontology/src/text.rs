//! Reads text files: every table, list and sequence file of the project goes through this reader.
//!
//! It decompresses, names a file that is not text, and removes what spreadsheets and editors add: a
//! byte-order mark at the start and a Ctrl-Z at the end. Lines end with `\n`, `\r\n` or `\r`.

use std::{
    io::{self, BufRead, BufReader, Cursor, Read},
    path::Path,
};

use memchr::{memchr2, memrchr};

use super::{
    compressed::open_decompressed,
    foreign::{Foreign, ForeignContent},
};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// End of file in CP/M and MS-DOS; some editors and tools of Windows still write it.
const CTRL_Z: u8 = 0x1a;
/// Bytes that are read to recognise the content of a file.
const START_BYTES: u64 = 4 << 10;
const BLOCK: usize = 1 << 20;
const LONGEST_BLOCK_LINE: usize = 16 << 20;

/// Whether a reader removes what is not part of the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TextCleaning {
    /// A byte-order mark and a final Ctrl-Z are removed, and [`TextReader::marks`] tells it.
    #[default]
    Clean,
    /// They are part of the first and of the last field, as for programs in Python that open a file
    /// as UTF-8.
    Verbatim,
}

/// What a reader removed from a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TextMarks {
    /// The file starts with a byte-order mark.
    pub byte_order_mark: bool,
    /// The file ends with a Ctrl-Z.
    pub ctrl_z: bool,
}

/// Why a block cannot be read.
#[derive(Debug)]
pub enum BlockError {
    /// Reading or decompressing fails.
    Io(io::Error),
    /// A line is longer than 16 MiB.
    LineTooLong,
}

/// A line that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineRead {
    /// A line, without its line break.
    Line,
    /// A line longer than the limit. Its rest is not read.
    TooLong,
    /// There is no further line.
    End,
}

/// Reads the text of a file, plain or compressed, line by line or in blocks of whole lines.
pub struct TextReader {
    reader: Box<dyn BufRead + Send>,
    cleaning: TextCleaning,
    marks: TextMarks,
    /// The last line ended with `\r`, so a `\n` right behind belongs to the same line break.
    after_return: bool,
    /// The start of a line that ends in the next block.
    carry: Vec<u8>,
    ended: bool,
}

/// Fails with an error that occurred before.
struct Failing(Option<io::Error>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(self
            .0
            .take()
            .unwrap_or_else(|| io::Error::from(io::ErrorKind::InvalidData)))
    }
}

impl TextReader {
    /// Opens a file.
    ///
    /// # Errors
    ///
    /// Those of [`open_decompressed`]; [`ForeignContent`] inside an [`io::Error`] of kind
    /// `InvalidData` if the content is not text in UTF-8 or an encoding that extends ASCII.
    pub fn open(path: &Path, cleaning: TextCleaning) -> io::Result<Self> {
        Self::from_reader(open_decompressed(path)?, cleaning)
    }

    /// Like [`open`](Self::open), for an open file, which is not compressed.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn from_reader(
        mut reader: Box<dyn BufRead + Send>,
        cleaning: TextCleaning,
    ) -> io::Result<Self> {
        let mut start = Vec::new();
        let read = reader.by_ref().take(START_BYTES).read_to_end(&mut start);
        if let Some(foreign) = Foreign::recognize(&start) {
            return Err(ForeignContent(foreign).into());
        }
        // What precedes a damaged place is read first, so that its line can be told.
        let rest: Box<dyn BufRead + Send> = match read {
            Ok(_) => reader,
            Err(error) if start.is_empty() => return Err(error),
            Err(error) => Box::new(BufReader::new(Failing(Some(error)))),
        };
        let mut marks = TextMarks::default();
        let mut start = Cursor::new(start);
        if cleaning == TextCleaning::Clean && start.get_ref().starts_with(BYTE_ORDER_MARK) {
            marks.byte_order_mark = true;
            start.set_position(BYTE_ORDER_MARK.len() as u64);
        }
        Ok(Self {
            reader: Box::new(start.chain(rest)),
            cleaning,
            marks,
            after_return: false,
            carry: Vec::new(),
            ended: false,
        })
    }

    /// What was removed so far: the Ctrl-Z is known at the end of the file only.
    #[must_use]
    pub fn marks(&self) -> TextMarks {
        self.marks
    }

    /// Reads the next line of at most `longest` bytes into `line`.
    ///
    /// # Errors
    ///
    /// Errors of the file system and of the decompressor.
    pub fn read_line(&mut self, line: &mut Vec<u8>, longest: usize) -> io::Result<LineRead> {
        line.clear();
        let mut any = false;
        loop {
            let available = match self.reader.fill_buf() {
                Ok(available) => available,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if available.is_empty() {
                break;
            }
            if std::mem::take(&mut self.after_return) {
                // `\r\r\n` is what a file becomes that was converted twice.
                let more = match available {
                    [b'\n', ..] => 1,
                    [b'\r', b'\n', ..] => 2,
                    _ => 0,
                };
                if more > 0 {
                    self.reader.consume(more);
                    continue;
                }
            }
            any = true;
            let Some(end) = memchr2(b'\n', b'\r', available) else {
                let all = available.len();
                line.extend_from_slice(available);
                self.reader.consume(all);
                if line.len() > longest {
                    return Ok(LineRead::TooLong);
                }
                continue;
            };
            line.extend_from_slice(&available[..end]);
            self.after_return = available[end] == b'\r';
            self.reader.consume(end + 1);
            break;
        }
        if !any {
            return Ok(LineRead::End);
        }
        if line.len() > longest {
            return Ok(LineRead::TooLong);
        }
        if line.last() == Some(&CTRL_Z) && self.cleaning == TextCleaning::Clean && self.at_end()? {
            self.marks.ctrl_z = true;
            remove_ctrl_z(line);
            if line.is_empty() {
                return Ok(LineRead::End);
            }
        }
        Ok(LineRead::Line)
    }

    /// Whether only line breaks follow.
    fn at_end(&mut self) -> io::Result<bool> {
        loop {
            let available = self.reader.fill_buf()?;
            if available.is_empty() {
                return Ok(true);
            }
            if !matches!(available[0], b'\r' | b'\n') {
                return Ok(false);
            }
            self.reader.consume(1);
        }
    }

    /// Reads the next block of whole lines, about a MiB, into `block`. `block` is empty at the end
    /// of the file. Lines and blocks of one reader must not be mixed.
    ///
    /// # Errors
    ///
    /// [`BlockError::LineTooLong`] for a line of more than 16 MiB, otherwise [`BlockError::Io`].
    pub fn read_block(&mut self, block: &mut Vec<u8>) -> Result<(), BlockError> {
        block.clear();
        block.append(&mut self.carry);
        while !self.ended {
            let want = BLOCK.max(block.len()) as u64;
            let got = self
                .reader
                .by_ref()
                .take(want)
                .read_to_end(block)
                .map_err(BlockError::Io)?;
            if (got as u64) < want {
                self.ended = true;
                if self.cleaning == TextCleaning::Clean {
                    self.marks.ctrl_z = ends_with_ctrl_z(block);
                    if self.marks.ctrl_z {
                        remove_ctrl_z(block);
                    }
                }
                break;
            }
            // Lines may end with `\r` only.
            if let Some(end) = memrchr(b'\n', block).or_else(|| memrchr(b'\r', block)) {
                self.carry.extend_from_slice(&block[end + 1..]);
                block.truncate(end + 1);
                break;
            }
            if block.len() > LONGEST_BLOCK_LINE {
                return Err(BlockError::LineTooLong);
            }
        }
        Ok(())
    }

    /// Reads the rest of the file.
    ///
    /// # Errors
    ///
    /// Errors of the file system and of the decompressor.
    pub fn read_to_end(&mut self, limit: u64, text: &mut Vec<u8>) -> io::Result<()> {
        self.reader.by_ref().take(limit).read_to_end(text)?;
        if self.cleaning == TextCleaning::Clean && ends_with_ctrl_z(text) {
            self.marks.ctrl_z = true;
            remove_ctrl_z(text);
        }
        Ok(())
    }
}

/// The separator of a line that is one column for the reader.
#[must_use]
pub fn other_separator(line: &[u8]) -> Option<&'static str> {
    let count = |separator: u8| line.iter().filter(|&&byte| byte == separator).count();
    [
        (b'|', "vertical bars"),
        (b',', "commas"),
        (b';', "semicolons"),
    ]
    .into_iter()
    .filter(|&(separator, _)| count(separator) > 0)
    .max_by_key(|&(separator, _)| count(separator))
    .map(|(_, name)| name)
}

fn ends_with_ctrl_z(text: &[u8]) -> bool {
    text.trim_ascii_end().last() == Some(&CTRL_Z)
}

/// Removes every Ctrl-Z at the end, and what is behind the first of them.
fn remove_ctrl_z(text: &mut Vec<u8>) {
    while ends_with_ctrl_z(text) {
        text.truncate(text.trim_ascii_end().len() - 1);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(content: &[u8]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
        file.write_all(content).expect("the file is written");
        file
    }

    fn lines(content: &[u8]) -> Vec<String> {
        let file = file(content);
        let mut reader = TextReader::open(file.path(), TextCleaning::Clean).expect("text");
        let (mut all, mut line) = (Vec::new(), Vec::new());
        while reader.read_line(&mut line, 100).expect("readable") == LineRead::Line {
            all.push(String::from_utf8_lossy(&line).into_owned());
        }
        all
    }

    fn blocks(content: &[u8]) -> Vec<u8> {
        let file = file(content);
        let mut reader = TextReader::open(file.path(), TextCleaning::Clean).expect("text");
        let (mut all, mut block) = (Vec::new(), Vec::new());
        loop {
            reader.read_block(&mut block).expect("readable");
            if block.is_empty() {
                return all;
            }
            all.extend_from_slice(&block);
        }
    }

    #[test]
    fn every_line_break_and_mark_gives_the_same_lines() {
        let cases: &[(&[u8], &[&str])] = &[
            (b"", &[]),
            (b"\n", &[""]),
            (b"a\nb", &["a", "b"]),
            (b"a\nb\n", &["a", "b"]),
            (b"a\r\nb\r\n", &["a", "b"]),
            (b"a\rb\r", &["a", "b"]),
            (b"a\r\rb", &["a", "", "b"]),
            (b"a\r\r\nb\r\r\n", &["a", "b"]),
            (b"a\n\nb", &["a", "", "b"]),
            (b"\xef\xbb\xbfa\nb", &["a", "b"]),
            (b"\xef\xbb\xbf", &[]),
            (b"a\nb\n\x1a", &["a", "b"]),
            (b"a\nb\x1a", &["a", "b"]),
            (b"a\nb\n\x1a\r\n", &["a", "b"]),
            (b"a\n\x1ab\n", &["a", "\x1ab"]),
        ];
        for (content, wanted) in cases {
            assert_eq!(lines(content), *wanted, "{content:?}");
        }
    }

    #[test]
    fn blocks_have_neither_mark_nor_ctrl_z() {
        assert_eq!(blocks(b"\xef\xbb\xbfa\nb\n\x1a"), b"a\nb\n");
        assert_eq!(blocks(b"\xef\xbb\xbf\x1a"), b"");
        let long = b"0123456789abcde\n".repeat(BLOCK / 8);
        assert_eq!(blocks(&long), long);
    }

    #[test]
    fn verbatim_keeps_the_marks() {
        let file = file(b"\xef\xbb\xbfa\n\x1a");
        let mut reader = TextReader::open(file.path(), TextCleaning::Verbatim).expect("text");
        let mut block = Vec::new();
        reader.read_block(&mut block).expect("readable");
        assert_eq!(block, b"\xef\xbb\xbfa\n\x1a");
        assert_eq!(reader.marks(), TextMarks::default());
    }

    #[test]
    fn a_line_over_the_limit_is_not_kept() {
        let file = file(&[b'a'; 1000]);
        let mut reader = TextReader::open(file.path(), TextCleaning::Clean).expect("text");
        let mut line = Vec::new();
        let read = reader.read_line(&mut line, 100).expect("readable");
        assert_eq!(read, LineRead::TooLong);
    }
}
