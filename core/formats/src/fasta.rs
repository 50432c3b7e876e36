//! Reads protein sequences from FASTA.

use std::path::{Path, PathBuf};

use super::{FormatError, accession, defects::Defects, error::excerpt, lines::Lines};

/// Longest accepted sequence, in residues. The longest known protein has 45,212.
const LONGEST_SEQUENCE: usize = 8 << 20;

/// Shortest sequence of A, C, G, T, U and N that is not taken for a protein.
const SHORTEST_NUCLEOTIDES: usize = 40;

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
    invalid_taxa: Defects,
    nucleotides: Nucleotides,
    no_protein_file: bool,
}

/// Whether the sequences so far may be nucleotides: all have only their letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nucleotides {
    /// So many sequences, all of them.
    All(u64),
    /// There is a protein, or the question was answered.
    Settled,
}

impl Nucleotides {
    fn add(&mut self, sequence: &str) {
        let Self::All(number) = self else {
            return;
        };
        let letters = |byte: u8| matches!(byte, b'A' | b'C' | b'G' | b'T' | b'U' | b'N');
        // A peptide can have these letters by chance.
        if sequence.len() >= SHORTEST_NUCLEOTIDES && sequence.bytes().all(letters) {
            *number += 1;
        } else {
            *self = Self::Settled;
        }
    }
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
            invalid_taxa: Defects::default(),
            nucleotides: Nucleotides::All(0),
            no_protein_file: false,
        })
    }

    /// The path of the file.
    pub fn path(&self) -> PathBuf {
        self.lines.path().to_owned()
    }

    /// Headers so far with an `OX=` that is not a taxon. Their proteins have none.
    pub fn invalid_taxa(&self) -> &Defects {
        &self.invalid_taxa
    }

    /// Whether an error said that the file is of another kind, not that one protein is damaged.
    pub(crate) fn is_no_protein_file(&self) -> bool {
        self.no_protein_file
    }

    /// Reads the next protein; `None` at the end of the file. Lines that start with `;` are
    /// comments. After an error on a protein, the next call goes on with the next protein.
    ///
    /// # Errors
    ///
    /// [`FormatError::Malformed`] for a header without an accession, a protein without a sequence,
    /// or a character that is not a residue, and at the end of a file that has only nucleotides;
    /// [`FormatError::Empty`] for a file without proteins;
    /// [`FormatError::Read`] if reading fails.
    pub fn next_record(&mut self) -> Result<Option<FastaRecord>, FormatError> {
        while !self.at_header {
            if !self.lines.advance()? {
                if self.started {
                    return self.check_nucleotides().map(|()| None);
                }
                return Err(FormatError::Empty {
                    path: self.path(),
                    expected: "protein (no line starts with '>')",
                });
            }
            let line = self.lines.line();
            if line.first() == Some(&b'>') {
                self.at_header = true;
            } else if !self.started && !line.trim_ascii().is_empty() && !is_comment(line) {
                let found = match other_format(line) {
                    Some(format) => format!("this is {format}, not FASTA"),
                    None => format!("{} comes before the first header", excerpt(line)),
                };
                self.no_protein_file = true;
                return Err(self.lines.malformed(
                    found,
                    "a FASTA file starts with a line such as '>P12345 OX=9606'",
                ));
            }
        }
        self.started = true;
        self.at_header = false;
        let mut record = self.header()?;
        self.sequence(&mut record)?;
        self.nucleotides.add(&record.sequence);
        Ok(Some(record))
    }

    /// At the end of the file, refuses it if no sequence can be a protein.
    fn check_nucleotides(&mut self) -> Result<(), FormatError> {
        match std::mem::replace(&mut self.nucleotides, Nucleotides::Settled) {
            Nucleotides::All(number @ 1..) => {
                self.no_protein_file = true;
                Err(self.lines.malformed(
                format!("all {number} sequences are nucleotides (A, C, G, T, U, N), not proteins"),
                "give the proteins: translate the sequences, or download the protein FASTA file",
                ))
            }
            _ => Ok(()),
        }
    }

    fn header(&mut self) -> Result<FastaRecord, FormatError> {
        let line = self.lines.line();
        // A description can be in any encoding: only the accession and the taxon are used. Some
        // programs write a blank after '>'.
        let mut words = line[1..]
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty());
        let word = words.next().and_then(|word| std::str::from_utf8(word).ok());
        if word.is_some_and(is_pir) {
            self.no_protein_file = true;
            return Err(self.lines.malformed(
                format!("the header {} is that of a PIR file", excerpt(self.lines.line())),
                "convert the file to FASTA: in PIR the line behind the header is a description, not \
                 sequence",
            ));
        }
        let accession = word.and_then(accession::from_word).ok_or_else(|| {
            self.lines.malformed(
                format!("the header {} has no accession", excerpt(line)),
                "write it as '>P12345 …' or '>sp|P12345|NAME …'",
            )
        })?;
        let digits = words.find_map(|word| word.strip_prefix(b"OX="));
        let taxon = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(accession::parse_taxon);
        let record = FastaRecord {
            accession: accession.to_owned(),
            taxon,
            sequence: String::new(),
            line: self.lines.number(),
        };
        if let (Some(digits), None) = (digits, taxon) {
            let error = self.lines.malformed(
                format!("OX={} is not an NCBI taxon", excerpt(digits)),
                "write a positive whole number, such as OX=9606, or omit it",
            );
            self.invalid_taxa.add(&error);
        }
        Ok(record)
    }

    fn sequence(&mut self, record: &mut FastaRecord) -> Result<(), FormatError> {
        let mut stopped = false;
        while self.lines.advance()? {
            let line = self.lines.line();
            if line.first() == Some(&b'>') {
                self.at_header = true;
                break;
            }
            if is_comment(line) {
                continue;
            }
            for (at, &byte) in line.iter().enumerate() {
                match byte {
                    _ if stopped && !byte.is_ascii_whitespace() && byte != b'*' => {
                        return Err(self.lines.malformed(
                            format!(
                                "the sequence of {} continues after a stop ('*'), which is not a residue",
                                record.accession
                            ),
                            "cut the sequence there or remove the protein; '*' is allowed only at the end",
                        ));
                    }
                    b'A'..=b'Z' | b'a'..=b'z' => {
                        record.sequence.push(byte.to_ascii_uppercase() as char)
                    }
                    b'*' => stopped = true,
                    b' ' | b'\t' | b'\r' => {}
                    b'>' => {
                        return Err(self.lines.malformed(
                            format!(
                                "the sequence of {} has a '>' within a line",
                                record.accession
                            ),
                            "a header starts on a line of its own: insert the missing line break, \
                             as when files without a final line break are joined",
                        ));
                    }
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
                            format!("{} is not a residue (protein {})", letter(&line[at..]), record.accession),
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

/// The first letter of a text for a message, which can have several bytes.
fn letter(text: &[u8]) -> String {
    let letter = std::str::from_utf8(text)
        .ok()
        .and_then(|text| text.chars().next());
    letter.map_or_else(
        || excerpt(&text[..1]),
        |letter| format!("{:?}", letter.to_string()),
    )
}

/// What a file is that starts with a line of another format of sequences or alignments.
pub(super) fn other_format(line: &[u8]) -> Option<&'static str> {
    const STARTS: [(&[u8], &str); 9] = [
        (b"CLUSTAL", "an alignment of Clustal"),
        (b"# STOCKHOLM", "an alignment in Stockholm"),
        (b"#NEXUS", "an alignment in NEXUS"),
        (b"LOCUS ", "a GenBank file"),
        (b"ID   ", "an entry of UniProt or EMBL"),
        (b"@", "FASTQ (nucleotide reads)"),
        (b"##gff-version", "GFF"),
        (b"HEADER ", "a structure in PDB format"),
        (b"data_", "a structure in mmCIF format"),
    ];
    let line = line.trim_ascii();
    STARTS
        .into_iter()
        .find(|(start, _)| line.starts_with(start))
        .map(|(_, format)| format)
}

/// Whether the first word of a header is that of PIR, such as `P1;CRAB_ANAPL`.
fn is_pir(word: &str) -> bool {
    const TYPES: [&str; 10] = ["P1", "F1", "DL", "DC", "RL", "RC", "N1", "N3", "XX", "D1"];
    word.split_once(';')
        .is_some_and(|(kind, name)| TYPES.contains(&kind) && !name.is_empty())
}

/// Pearson's FASTA has comments.
fn is_comment(line: &[u8]) -> bool {
    line.first() == Some(&b';')
}
