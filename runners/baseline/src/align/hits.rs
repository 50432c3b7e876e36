//! The results of a search, read query by query: memory does not grow with the number of hits.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use protea_cafa::dataset::FrozenDataset;
use protea_contracts::{Attribute, RunnerError};

/// The file of hits in the output of an evaluation: query, reference, identity in per cent,
/// expectation value, bit score; sorted by query, then by descending bit score. The numbers are
/// those that the program prints.
pub(crate) const HITS: &str = "hits.tsv";

/// The best alignment of a query with a reference.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    /// The row of the query.
    pub(crate) query: u32,
    /// The row of the reference.
    pub(crate) reference: u32,
    /// Identical residues divided by the columns of the alignment, in per cent.
    pub(crate) identity: f64,
    pub(crate) e_value: f64,
    pub(crate) bit_score: f64,
}

/// Consecutive lines of a table about the same query.
#[derive(Debug, Clone, Copy)]
struct Run {
    query: u32,
    lines: u32,
    /// Where the first line begins.
    offset: u64,
}

/// The table that a program wrote. Proteins in it are named by row.
pub(super) struct HitTable {
    path: PathBuf,
    file: BufReader<File>,
    /// Where the next byte of `file` is in the table.
    position: u64,
    /// By query. A program writes the lines of a query together, so there is about one for each.
    runs: Vec<Run>,
    /// The next run.
    next: usize,
}

impl HitTable {
    /// Opens a table and checks every line of it.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] with the number of the first line that is not a hit.
    pub(super) fn open(
        path: &Path,
        queries: usize,
        references: usize,
    ) -> Result<Self, RunnerError> {
        let doing = || format!("reading the hits in {}", path.display());
        let mut lines = BufReader::new(File::open(path).or_failed(&doing())?);
        let mut runs: Vec<Run> = Vec::new();
        let (mut line, mut offset) = (String::new(), 0);
        for number in 1_u64.. {
            line.clear();
            let bytes = lines.read_line(&mut line).or_failed(&doing())?;
            if bytes == 0 {
                break;
            }
            let line = line.trim_end_matches(['\n', '\r']);
            let hit = parse(line)
                .filter(|hit| {
                    (hit.query as usize) < queries && (hit.reference as usize) < references
                })
                .ok_or_else(|| {
                    RunnerError::failed(format!(
                        "{}, line {number}: {line:?} is not a hit in the expected format; check that no other program with this name is on the PATH",
                        path.display(),
                    ))
                })?;
            match runs.last_mut() {
                Some(run) if run.query == hit.query => run.lines += 1,
                _ => runs.push(Run {
                    query: hit.query,
                    lines: 1,
                    offset,
                }),
            }
            offset += bytes as u64;
        }
        // A stable sort, so that lines of a query stay in order.
        runs.sort_by_key(|run| run.query);
        Ok(Self {
            path: path.to_owned(),
            file: BufReader::new(File::open(path).or_failed(&doing())?),
            position: 0,
            runs,
            next: 0,
        })
    }

    /// The number of queries with a hit.
    pub(super) fn queries(&self) -> usize {
        let runs = self.runs.chunk_by(|a, b| a.query == b.query);
        runs.count()
    }

    /// The hits of a query, by descending bit score. Queries must be asked for in ascending order.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when the table cannot be read again.
    pub(super) fn of(&mut self, query: usize) -> Result<Vec<Hit>, RunnerError> {
        let mut hits = Vec::new();
        while let Some(run) = self.runs.get(self.next).copied() {
            if run.query as usize > query {
                break;
            }
            self.next += 1;
            if run.query as usize == query {
                self.read_run(run, &mut hits)
                    .or_failed(&format!("reading the hits in {}", self.path.display()))?;
            }
        }
        hits.sort_by(|a: &Hit, b| {
            let by_score = b.bit_score.total_cmp(&a.bit_score);
            by_score.then(a.reference.cmp(&b.reference))
        });
        // A program may report a pair more than once. Only the best alignment counts.
        let mut seen = std::collections::HashSet::new();
        hits.retain(|hit| seen.insert(hit.reference));
        Ok(hits)
    }

    fn read_run(&mut self, run: Run, hits: &mut Vec<Hit>) -> io::Result<()> {
        if self.position != run.offset {
            self.file.seek(SeekFrom::Start(run.offset))?;
            self.position = run.offset;
        }
        let mut line = String::new();
        for _ in 0..run.lines {
            line.clear();
            self.position += self.file.read_line(&mut line)? as u64;
            hits.extend(parse(line.trim_end_matches(['\n', '\r'])));
        }
        Ok(())
    }
}

fn parse(line: &str) -> Option<Hit> {
    let mut fields = line.split('\t').map(str::trim);
    let hit = Hit {
        query: fields.next()?.parse().ok()?,
        reference: fields.next()?.parse().ok()?,
        identity: fields.next()?.parse().ok()?,
        e_value: fields.next()?.parse().ok()?,
        bit_score: fields.next()?.parse().ok()?,
    };
    let is_valid = (0.0..=100.0).contains(&hit.identity)
        && hit.bit_score.is_finite()
        && hit.bit_score >= 0.0
        && fields.next().is_none();
    is_valid.then_some(hit)
}

/// Writes hits with accessions instead of rows.
pub(super) struct HitWriter(BufWriter<File>);

impl HitWriter {
    pub(super) fn create(path: &Path) -> io::Result<Self> {
        Ok(Self(BufWriter::new(File::create(path)?)))
    }

    pub(super) fn write(
        &mut self,
        hits: &[Hit],
        queries: &FrozenDataset,
        references: &[String],
    ) -> io::Result<()> {
        for hit in hits {
            writeln!(
                self.0,
                "{}\t{}\t{}\t{:e}\t{}",
                queries.accession(hit.query as usize),
                references[hit.reference as usize],
                hit.identity,
                hit.e_value,
                hit.bit_score
            )?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_sorted_and_a_pair_counts_once() -> Result<(), Box<dyn std::error::Error>> {
        let place = tempfile::tempdir()?;
        let path = place.path().join("hits");
        // The lines of query 1 are not together.
        std::fs::write(
            &path,
            "1\t0\t90.5\t1e-9\t50.4\n0\t2\t30\t0.0\t20\n0\t1\t40\t1e-200\t20\n1\t0\t99\t1\t30\n",
        )?;
        let mut table = HitTable::open(&path, 3, 3)?;
        let mut hits = table.of(0)?;
        hits.extend(table.of(1)?);
        assert_eq!(table.of(2)?, []);
        let pairs: Vec<_> = hits.iter().map(|hit| (hit.query, hit.reference)).collect();
        assert_eq!(pairs, [(0, 1), (0, 2), (1, 0)]);
        assert_eq!((hits[2].identity, hits[2].bit_score), (90.5, 50.4));
        // Queries in between may be left out.
        assert_eq!(HitTable::open(&path, 3, 3)?.of(1)?, hits[2..]);
        Ok(())
    }

    #[test]
    fn an_invalid_table_is_an_error_with_its_line() -> Result<(), Box<dyn std::error::Error>> {
        let place = tempfile::tempdir()?;
        let path = place.path().join("hits");
        for line in [
            "",
            "0\t0",
            "0\t9\t50\t1\t1",
            "0\t0\t101\t1\t1",
            "0\t0\tNaN\t1\t1",
            "0\t0\t1\t1\tinf",
        ] {
            std::fs::write(&path, format!("{line}\n"))?;
            let error = HitTable::open(&path, 1, 1).err().ok_or("it was opened")?;
            assert!(error.to_string().contains("line 1"), "{line}: {error}");
        }
        Ok(())
    }
}
