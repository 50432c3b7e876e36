//! Reads protein sequences from FASTA.

use std::path::{Path, PathBuf};

use super::{FormatError, accession, error::excerpt, lines::Lines};

/// Longest accepted sequence, in residues. The longest known protein has 45,212.
const LONGEST_SEQUENCE: usize = 8 << 20;

/// One protein of a FASTA file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FastaRecord {
    /// The accession: `P12345` in `>P12345 …`, `>sp|P12345|NAME …` and `>tr|P12345|NAME …`.
    pub accession: String,
    /// NCBI taxon, from `OX=9606` in the header.
    pub taxon: Option<u32>,
    /// Residues in upper-case one-letter code, without a final `*` (stop). Never empty.
    pub sequence: String,
    /// Line number of the header, from 1.
    pub line: u64,
}

/// Reads the proteins of a FASTA file one by one.
///
/// We do not use `noodles-fasta` because it does not count lines, reads headers of any length into
/// memory and accepts any byte as a residue. The tests compare the two readers.
pub struct FastaReader {
    lines: Lines,
    /// Whether the current line of `lines` is a header that is not yet parsed.
    at_header: bool,
    started: bool,
}

impl FastaReader {
    /// Opens a FASTA file, plain or compressed with gzip or Zstandard.
    ///
    /// # Errors
    ///
    /// [`FormatError::Read`] if the file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        Ok(Self {
            lines: Lines::open(path)?,
            at_header: false,
            started: false,
        })
    }

    /// The path of the file.
    pub fn path(&self) -> PathBuf {
        self.lines.path().to_owned()
    }

    /// Reads the next protein; `None` at the end of the file.
    ///
    /// # Errors
    ///
    /// [`FormatError::Malformed`] for a header without an accession, a protein without a sequence,
    /// or a character that is not a residue; [`FormatError::Empty`] for a file without proteins;
    /// [`FormatError::Read`] if reading fails.
    pub fn next_record(&mut self) -> Result<Option<FastaRecord>, FormatError> {
        while !self.at_header {
            if !self.lines.advance()? {
                if self.started {
                    return Ok(None);
                }
                return Err(FormatError::Empty {
                    path: self.path(),
                    expected: "protein (no line starts with '>')",
                });
            }
            let line = self.lines.line();
            if line.first() == Some(&b'>') {
                self.at_header = true;
            } else if !line.trim_ascii().is_empty() {
                return Err(self.lines.malformed(
                    format!("{} comes before the first header", excerpt(line)),
                    "a FASTA file starts with a line such as '>P12345 OX=9606'",
                ));
            }
        }
        self.started = true;
        self.at_header = false;
        let mut record = self.header()?;
        self.sequence(&mut record)?;
        Ok(Some(record))
    }

    fn header(&self) -> Result<FastaRecord, FormatError> {
        let text = &self.lines.text()?[1..];
        // With a blank after '>' the first word belongs to the description and is not the
        // accession.
        let word = if text.starts_with(char::is_whitespace) {
            ""
        } else {
            text.split_whitespace().next().unwrap_or("")
        };
        let accession = accession::from_word(word).ok_or_else(|| {
            self.lines.malformed(
                format!("the header {} has no accession", excerpt(self.lines.line())),
                "write it as '>P12345 …' or '>sp|P12345|NAME …'",
            )
        })?;
        let taxon = match text
            .split_whitespace()
            .find_map(|word| word.strip_prefix("OX="))
        {
            None => None,
            Some(digits) => Some(accession::parse_taxon(digits).ok_or_else(|| {
                self.lines.malformed(
                    format!("OX={} is not an NCBI taxon", excerpt(digits.as_bytes())),
                    "write a positive whole number, such as OX=9606, or omit it",
                )
            })?),
        };
        Ok(FastaRecord {
            accession: accession.to_owned(),
            taxon,
            sequence: String::new(),
            line: self.lines.number(),
        })
    }

    fn sequence(&mut self, record: &mut FastaRecord) -> Result<(), FormatError> {
        let mut stopped = false;
        while self.lines.advance()? {
            let line = self.lines.line();
            if line.first() == Some(&b'>') {
                self.at_header = true;
                break;
            }
            for &byte in line {
                match byte {
                    b'A'..=b'Z' | b'a'..=b'z' if !stopped => {
                        record.sequence.push(byte.to_ascii_uppercase() as char)
                    }
                    b'*' if !stopped => stopped = true,
                    b' ' | b'\t' | b'\r' => {}
                    b'-' | b'.' => {
                        return Err(self.lines.malformed(
                            format!(
                                "the sequence of {} has a gap ('{}')",
                                record.accession, byte as char
                            ),
                            "give unaligned sequences: remove the gaps",
                        ));
                    }
                    _ => {
                        return Err(self.lines.malformed(
                            format!("{} is not a residue (protein {})", excerpt(&[byte]), record.accession),
                            "sequences are one-letter amino-acid codes; '*' is allowed only at the end",
                        ));
                    }
                }
            }
            if record.sequence.len() > LONGEST_SEQUENCE {
                return Err(self.lines.malformed(
                    format!(
                        "the sequence of {} is longer than {LONGEST_SEQUENCE} residues",
                        record.accession
                    ),
                    "check that this is a file of proteins",
                ));
            }
        }
        if record.sequence.is_empty() {
            return Err(FormatError::malformed(
                self.lines.path(),
                record.line,
                format!("protein {} has no sequence", record.accession),
                "give its sequence on the lines after the header, or remove the header",
            ));
        }
        Ok(())
    }
}
