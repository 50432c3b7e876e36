//! The results of a search.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Write},
    path::Path,
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

/// Reads and sorts the table that a program wrote. Proteins in it are named by row.
pub(super) fn read(
    path: &Path,
    queries: usize,
    references: usize,
) -> Result<Vec<Hit>, RunnerError> {
    let doing = || format!("reading the hits in {}", path.display());
    let file = File::open(path).or_failed(&doing())?;
    let mut hits = Vec::new();
    for (number, line) in BufReader::new(file).lines().enumerate() {
        let line = line.or_failed(&doing())?;
        let hit = parse(&line)
            .filter(|hit| (hit.query as usize) < queries && (hit.reference as usize) < references)
            .ok_or_else(|| {
                RunnerError::failed(format!(
                    "{}, line {}: {line:?} is not a hit in the expected format; check that no other program with this name is on the PATH",
                    path.display(),
                    number + 1
                ))
            })?;
        hits.push(hit);
    }
    hits.sort_by(|a, b| {
        let by_query = a.query.cmp(&b.query);
        let by_score = b.bit_score.total_cmp(&a.bit_score);
        by_query.then(by_score).then(a.reference.cmp(&b.reference))
    });
    // A program may report a pair more than once. Only the best alignment counts.
    let mut seen = std::collections::HashSet::new();
    let mut query = None;
    hits.retain(|hit| {
        if query.replace(hit.query) != Some(hit.query) {
            seen.clear();
        }
        seen.insert(hit.reference)
    });
    Ok(hits)
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

/// Writes the hits with accessions instead of rows.
pub(super) fn write(
    hits: &[Hit],
    path: &Path,
    queries: &FrozenDataset,
    references: &[String],
) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for hit in hits {
        writeln!(
            file,
            "{}\t{}\t{}\t{:e}\t{}",
            queries.accession(hit.query as usize),
            references[hit.reference as usize],
            hit.identity,
            hit.e_value,
            hit.bit_score
        )?;
    }
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_are_sorted_and_a_pair_counts_once() -> Result<(), Box<dyn std::error::Error>> {
        let place = tempfile::tempdir()?;
        let path = place.path().join("hits");
        std::fs::write(
            &path,
            "1\t0\t90.5\t1e-9\t 50.4\n0\t2\t30\t0.0\t20\n0\t1\t40\t1e-200\t20\n1\t0\t99\t1\t30\n",
        )?;
        let hits = read(&path, 2, 3)?;
        let pairs: Vec<_> = hits.iter().map(|hit| (hit.query, hit.reference)).collect();
        assert_eq!(pairs, [(0, 1), (0, 2), (1, 0)]);
        assert_eq!((hits[2].identity, hits[2].bit_score), (90.5, 50.4));
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
            let error = read(&path, 1, 1).expect_err(line);
            assert!(error.to_string().contains("line 1"), "{error}");
        }
        Ok(())
    }
}
