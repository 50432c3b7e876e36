//! Protein sequences in FASTA.

use std::path::{Path, PathBuf};

use super::error::excerpt;
use super::lines::Lines;
use super::{FormatError, accession};

/// The longest sequence taken, in residues. The longest protein known has 45,212.
const LONGEST_SEQUENCE: usize = 8 << 20;

/// One protein of a FASTA file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FastaRecord {
    /// The accession: `P12345` of `>P12345 …`, `>sp|P12345|NAME …` and `>tr|P12345|NAME …`.
    pub accession: String,
    /// NCBI taxon, from `OX=9606` in the header.
    pub taxon: Option<u32>,
    /// Residues in upper-case one-letter code; a final `*` (stop) is left out. Never empty.
    pub sequence: String,
    /// The header's line, counted from 1.
    pub line: u64,
}

/// Reads the proteins of a FASTA file one after another.
///
/// Written here rather than taken from `noodles-fasta`, which does not count lines, reads a header of any length
/// into memory, and takes any byte as a residue; the tests hold the two against each other.
pub struct FastaReader {
    lines: Lines,
    /// Whether the current line of `lines` is a header not yet consumed.
    at_header: bool,
    started: bool,
}

impl FastaReader {
    /// Opens a FASTA file, plain or compressed with gzip or Zstandard.
    ///
    /// # Errors
    /// [`FormatError::Read`] if the file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        Ok(Self {
            lines: Lines::open(path)?,
            at_header: false,
            started: false,
        })
    }

    /// The file read.
    pub fn path(&self) -> PathBuf {
        self.lines.path().to_owned()
    }

    /// The next protein; `None` at the end of the file.
    ///
    /// # Errors
    /// [`FormatError::Malformed`] for a header without accession, a protein without sequence, a character that is no
    /// residue; [`FormatError::Empty`] for a file without a protein; [`FormatError::Read`].
    pub fn next_record(&mut self) -> Result<Option<FastaRecord>, FormatError> {
        while !self.at_header {
            if !self.lines.advance()? {
                if self.started {
                    return Ok(None);
                }
                return Err(FormatError::Empty {
                    path: self.path(),
                    what: "protein (no line begins with '>')",
                });
            }
            let line = self.lines.line();
            if line.first() == Some(&b'>') {
                self.at_header = true;
            } else if !line.trim_ascii().is_empty() {
                return Err(self.lines.malformed(
                    format!("{} stands before the first header", excerpt(line)),
                    "a FASTA file begins with a line such as '>P12345 OX=9606'",
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
        let word = text.split_whitespace().next().unwrap_or("");
        // A blank after '>' would make the next word of the description the accession.
        let word = if text.starts_with(char::is_whitespace) {
            ""
        } else {
            word
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
                    format!("OX={} is no NCBI taxon", excerpt(digits.as_bytes())),
                    "write a positive whole number, such as OX=9606, or leave it out",
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
                            format!("{} is no residue (protein {})", excerpt(&[byte]), record.accession),
                            "sequences are one-letter amino-acid codes, with '*' at the very end at most",
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
                    "check that this file holds proteins",
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
