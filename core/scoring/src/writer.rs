//! Writing predictions as CAFA takes them.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::atomic_file::AtomicFile;
use super::error::ScoringError;

const MILLION: f64 = 1e6;

/// The score as [`PredictionWriter`] writes it and any reader reads it again: to six decimals, a half away from zero.
///
/// ```
/// # use protea_scoring::round_score;
/// assert_eq!(round_score(0.123_456_7), 0.123457);
/// assert_eq!(round_score(2e-7), 0.0);
/// ```
#[must_use]
pub fn round_score(score: f64) -> f64 {
    // Both numbers are exact integers: the quotient is the double nearest to the decimal, which is what parsing it gives.
    (score * MILLION).round() / MILLION
}

/// Writes predictions as CAFA TSV: `accession`, `term`, `score`, tab-separated, without a header.
///
/// Scores have at most six decimals, without trailing zeros; those that round to 0 are no predictions and are left out. The
/// proteins stay in the order in which they are given; the terms of each are sorted by falling score, then by id. The
/// file gets its name when [`PredictionWriter::finish`] is called; until then there is only a temporary one beside it, removed on drop.
/// A name that ends with `.gz` is gzipped.
///
/// ```
/// use protea_scoring::PredictionWriter;
/// # let directory = tempfile::tempdir()?;
/// let path = directory.path().join("predictions.tsv");
/// let mut writer = PredictionWriter::create(&path)?;
/// writer.write("P12345", &mut [("GO:0003824", 0.25), ("GO:0005488", 0.9)])?;
/// writer.finish()?;
/// assert_eq!(std::fs::read_to_string(&path)?, "P12345\tGO:0005488\t0.9\nP12345\tGO:0003824\t0.25\n");
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
    /// Opens a temporary file beside `path`.
    ///
    /// # Errors
    /// [`ScoringError::Write`].
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

    /// Writes the predictions of one protein, sorting them on the way.
    ///
    /// # Errors
    /// [`ScoringError::Unwritable`] for a score outside 0..=1 (NaN too) or a name that is empty or has white space; [`ScoringError::Write`].
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
                .map_err(|e| self.failed(e))?;
            self.written += 1;
        }
        Ok(())
    }

    /// Gives the file its name, replacing one that is there; returns the number of predictions written.
    ///
    /// # Errors
    /// [`ScoringError::Write`]; then nothing is left under that name, or what was there before.
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

    fn failed(&self, source: io::Error) -> ScoringError {
        ScoringError::Write {
            file: self.path.display().to_string(),
            source,
        }
    }
}

fn check(accession: &str, term: &str, score: f64) -> Result<(), ScoringError> {
    let broken = |name: &str| name.is_empty() || name.contains(char::is_whitespace);
    let problem = if !(0.0..=1.0).contains(&score) {
        "the score must be within 0 to 1"
    } else if broken(accession) || broken(term) {
        "accession and term must not be empty or have white space"
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
