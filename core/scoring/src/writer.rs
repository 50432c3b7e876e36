//! Writing predictions in the CAFA format.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use flate2::{Compression, write::GzEncoder};

use crate::{atomic_file::AtomicFile, error::ScoringError};

const MILLION: f64 = 1e6;

/// Rounds a score to six decimals, half away from zero. [`PredictionWriter`] writes this value, and
/// parsing the file returns it exactly.
///
/// ```
/// # use protea_scoring::round_score;
/// assert_eq!(round_score(0.123_456_7), 0.123457);
/// assert_eq!(round_score(2e-7), 0.0);
/// ```
#[must_use]
pub fn round_score(score: f64) -> f64 {
    // Both operands are exact integers, so the quotient is the double nearest to the decimal
    // number. Parsing the decimal gives the same double.
    (score * MILLION).round() / MILLION
}

/// Writes predictions as CAFA TSV: `accession`, `term`, `score`, tab-separated, without a header.
///
/// Scores have at most six decimals, without trailing zeros. Scores that round to 0 are not
/// predictions and are skipped. Proteins stay in the order of the calls. The terms of a protein are
/// sorted by descending score, then by id. The writer uses a temporary file in the same directory,
/// which [`PredictionWriter::finish`] renames to the final path and which is removed on drop. If
/// the path ends with `.gz`, the file is compressed with gzip.
///
/// ```
/// use protea_scoring::PredictionWriter;
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("predictions.tsv");
/// let mut writer = PredictionWriter::create(&path)?;
/// writer.write("P12345", &mut [("GO:0003824", 0.25), ("GO:0005488", 0.9)])?;
/// writer.finish()?;
/// let written = std::fs::read_to_string(&path)?;
/// assert_eq!(written, "P12345\tGO:0005488\t0.9\nP12345\tGO:0003824\t0.25\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct PredictionWriter {
    path: PathBuf,
    out: Output,
    written: u64,
}

#[derive(Debug)]
enum Output {
    Plain(AtomicFile),
    Gzipped(GzEncoder<AtomicFile>),
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Output::Plain(out) => out.write(bytes),
            Output::Gzipped(out) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Output::Plain(out) => out.flush(),
            Output::Gzipped(out) => out.flush(),
        }
    }
}

impl PredictionWriter {
    /// Opens a temporary file in the directory of `path`.
    ///
    /// # Errors
    ///
    /// [`ScoringError::Write`] if the temporary file cannot be created.
    pub fn create(path: impl AsRef<Path>) -> Result<PredictionWriter, ScoringError> {
        let path = path.as_ref().to_owned();
        let file = AtomicFile::create(&path).map_err(|source| ScoringError::Write {
            file: path.display().to_string(),
            source,
        })?;
        let out = if path.extension().is_some_and(|e| e == "gz") {
            Output::Gzipped(GzEncoder::new(file, Compression::default()))
        } else {
            Output::Plain(file)
        };
        Ok(PredictionWriter {
            path,
            out,
            written: 0,
        })
    }

    /// Writes the predictions of one protein. Sorts `predictions` in place.
    ///
    /// # Errors
    ///
    /// [`ScoringError::Unwritable`] if a score is not within 0..=1 or is NaN, or if the accession
    /// or a term is empty or has white space; [`ScoringError::Write`] if the file cannot be
    /// written.
    pub fn write<T: AsRef<str>>(
        &mut self,
        accession: &str,
        predictions: &mut [(T, f64)],
    ) -> Result<(), ScoringError> {
        for (term, score) in predictions.iter() {
            check(accession, term.as_ref(), *score)?;
        }
        predictions.sort_unstable_by(|(a, x), (b, y)| {
            millionths(*y)
                .cmp(&millionths(*x))
                .then_with(|| a.as_ref().cmp(b.as_ref()))
        });
        let mut line = String::new();
        for (term, score) in predictions.iter() {
            let millionths = millionths(*score);
            if millionths == 0 {
                continue;
            }
            line.clear();
            line.push_str(accession);
            line.push('\t');
            line.push_str(term.as_ref());
            line.push('\t');
            push_millionths(&mut line, millionths);
            line.push('\n');
            self.out
                .write_all(line.as_bytes())
                .map_err(|e| self.write_error(e))?;
            self.written += 1;
        }
        Ok(())
    }

    /// Renames the file to its final path, replacing an existing file. Returns the number of
    /// predictions written.
    ///
    /// # Errors
    ///
    /// [`ScoringError::Write`] if the file cannot be written. An existing file then stays
    /// unchanged.
    pub fn finish(self) -> Result<u64, ScoringError> {
        let PredictionWriter { path, out, written } = self;
        let finish = || match out {
            Output::Plain(file) => file.commit(),
            Output::Gzipped(encoder) => encoder.finish()?.commit(),
        };
        match finish() {
            Ok(()) => Ok(written),
            Err(source) => Err(ScoringError::Write {
                file: path.display().to_string(),
                source,
            }),
        }
    }

    fn write_error(&self, source: io::Error) -> ScoringError {
        ScoringError::Write {
            file: self.path.display().to_string(),
            source,
        }
    }
}

fn check(accession: &str, term: &str, score: f64) -> Result<(), ScoringError> {
    let invalid = |name: &str| name.is_empty() || name.contains(char::is_whitespace);
    let problem = if !(0.0..=1.0).contains(&score) {
        "the score must be within 0..=1"
    } else if invalid(accession) || invalid(term) {
        "the accession and the term must not be empty or contain white space"
    } else {
        return Ok(());
    };
    Err(ScoringError::Unwritable {
        accession: accession.to_owned(),
        term: term.to_owned(),
        score,
        problem,
    })
}

fn millionths(score: f64) -> u64 {
    (score * MILLION).round() as u64
}

fn push_millionths(line: &mut String, millionths: u64) {
    let digits = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
    line.push_str(digits.trim_end_matches('0').trim_end_matches('.'));
}
