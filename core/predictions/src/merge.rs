//! Combines the predictions of several methods.

use protea_scoring::round_score;
use rayon::prelude::*;
use serde::Serialize;

use crate::{
    error::PredictionsError,
    groups::collect,
    names::{Names, Scored, TermKey, Terms},
    run_builder::Tally,
    session::Session,
    source::Source,
    spool::{Spool, SpoolReader},
    write::sort_for_output,
};

/// Rows that are combined at a time, in parallel.
const BATCH_ROWS: usize = 1 << 18;
/// Different scores that ranks distinguish: six decimals.
const MILLION: usize = 1_000_000;

/// How the scores of a protein for a term are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MergeMethod {
    /// The weighted arithmetic mean.
    Mean,
    /// The highest score.
    Max,
    /// The weighted geometric mean.
    Geometric,
    /// The weighted mean of ranks. The rank of a score is the share of the predictions in its file
    /// that it reaches, in (0, 1]; equal scores have the mean of their ranks. Ranks make methods
    /// comparable whose scores mean different things.
    Rank,
}

/// What a file counts for that has no score of a protein for a term.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Absent {
    /// The score 0, as CAFA counts what is not predicted.
    #[default]
    Zero,
    /// Nothing: the mean is over the files that have a score.
    Ignore,
}

/// How to merge.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeOptions {
    /// How scores are combined.
    pub method: MergeMethod,
    /// A weight for each file, not negative; empty: all files have the same weight.
    pub weights: Vec<f64>,
    /// What an absent score counts for.
    pub absent: Absent,
}

/// What was read of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct MergedFile {
    /// Its name.
    pub name: String,
    /// Its weight, as a share of the weights of all files.
    pub weight: f64,
    /// What was read.
    pub tally: Tally,
    /// Proteins with a prediction in it.
    pub proteins: u64,
    /// Rows that repeat a term of their protein. The highest score counts.
    pub repeated: u64,
    /// Predictions that no other file has.
    pub only_here: u64,
}

/// What was merged.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Merged {
    /// The files.
    pub files: Vec<MergedFile>,
    /// Proteins in the result.
    pub proteins: u64,
    /// Predictions in the result.
    pub predictions: u64,
    /// Pairs of protein and term that all files have.
    pub in_all_files: u64,
    /// Pairs of protein and term whose combined score rounds to 0 at six decimals. They are left
    /// out.
    pub zero: u64,
}

/// Merges files. Passes on proteins in the order in which they first appear in the files. Scores are
/// rounded to six decimals. The result does not depend on the order of the rows and of the files,
/// apart from the order of the proteins.
///
/// Memory is bounded by that of the session and the names of the proteins.
///
/// # Errors
///
/// Those of reading and of `take`; [`PredictionsError::Option`] if the weights do not fit the files;
/// [`PredictionsError::Empty`] for a file without predictions.
pub fn merge(
    sources: &[Source],
    options: &MergeOptions,
    session: &mut Session<'_>,
    take: &mut dyn FnMut(&[MergedProtein<'_>]) -> Result<(), PredictionsError>,
) -> Result<Merged, PredictionsError> {
    let weights = shares(options, sources.len())?;
    let mut names = Names::default();
    let mut files = Vec::with_capacity(sources.len());
    let mut spools = Vec::with_capacity(sources.len());
    let memory = session.memory / sources.len().max(1);
    for (source, &weight) in sources.iter().zip(&weights) {
        let (spool, tally) = collect(source, session, memory, &mut names)?;
        if tally.rows == 0 {
            return Err(PredictionsError::Empty {
                file: source.name().to_owned(),
            });
        }
        files.push(MergedFile {
            name: source.name().to_owned(),
            weight,
            tally,
            proteins: 0,
            repeated: 0,
            only_here: 0,
        });
        spools.push(spool);
    }
    let scratch = session.scratch.display().to_string();
    let unreadable = |source| PredictionsError::Scratch {
        directory: scratch.clone(),
        source,
    };
    let mut ranks = Vec::new();
    if options.method == MergeMethod::Rank {
        for spool in &spools {
            ranks.push(ranks_of(spool).map_err(&unreadable)?);
        }
    }
    let combiner = Combiner {
        options,
        weights,
        ranks,
    };
    let mut readers: Vec<SpoolReader<'_>> = spools
        .iter()
        .map(Spool::reader)
        .collect::<Result<_, _>>()
        .map_err(&unreadable)?;
    let mut merged = Merged {
        files,
        ..Merged::default()
    };
    let mut batch = Vec::new();
    let mut rows_in_batch = 0;
    loop {
        let protein = readers.iter().filter_map(SpoolReader::peek).min();
        if let Some(protein) = protein {
            let mut scores = Vec::with_capacity(readers.len());
            for (reader, file) in readers.iter_mut().zip(&mut merged.files) {
                let mut rows = Vec::new();
                if reader.peek() == Some(protein) {
                    file.repeated += reader.next(&mut rows).map_err(&unreadable)?;
                    file.proteins += u64::from(!rows.is_empty());
                }
                rows_in_batch += rows.len();
                scores.push(rows);
            }
            batch.push((protein, scores));
        }
        if rows_in_batch >= BATCH_ROWS || protein.is_none() {
            session.advance(0)?;
            let terms = &session.terms;
            let combined: Vec<Combined> = batch
                .par_iter()
                .map(|(_, scores)| combiner.combine(scores, terms))
                .collect();
            let mut rows = Vec::with_capacity(batch.len());
            for ((protein, _), combined) in batch.iter().zip(&combined) {
                merged.add(combined);
                if !combined.rows.is_empty() {
                    rows.push(MergedProtein {
                        accession: names.name(*protein),
                        rows: &combined.rows,
                        terms,
                    });
                }
            }
            take(&rows)?;
            batch.clear();
            rows_in_batch = 0;
        }
        if protein.is_none() {
            return Ok(merged);
        }
    }
}

/// The combined terms of a protein.
#[derive(Clone, Copy)]
pub struct MergedProtein<'m> {
    /// The accession of the protein.
    pub accession: &'m str,
    /// Its terms by falling score, then by id.
    pub rows: &'m [Scored],
    /// The names of the terms.
    pub terms: &'m Terms,
}

impl Merged {
    fn add(&mut self, combined: &Combined) {
        self.proteins += u64::from(!combined.rows.is_empty());
        self.predictions += combined.rows.len() as u64;
        self.in_all_files += combined.in_all;
        self.zero += combined.zero;
        for (file, only) in self.files.iter_mut().zip(&combined.only) {
            file.only_here += only;
        }
    }
}

/// The weights as shares of their sum.
fn shares(options: &MergeOptions, files: usize) -> Result<Vec<f64>, PredictionsError> {
    let invalid = |problem: String| {
        Err(PredictionsError::Option {
            option: "weights",
            problem,
        })
    };
    let weights = if options.weights.is_empty() {
        vec![1.0; files]
    } else {
        options.weights.clone()
    };
    if weights.len() != files {
        return invalid(format!("{} weights for {files} files", weights.len()));
    }
    if let Some(weight) = weights.iter().find(|w| !w.is_finite() || **w < 0.0) {
        return invalid(format!("{weight} is not a number of at least 0"));
    }
    // Added in order of size, so that the order of the files does not matter.
    let mut sorted = weights.clone();
    let sum = sum(&mut sorted);
    if sum.is_nan() || sum <= 0.0 {
        return invalid("all weights are 0".to_owned());
    }
    if sum.is_infinite() {
        return invalid("the sum of the weights is too large".to_owned());
    }
    Ok(weights.into_iter().map(|weight| weight / sum).collect())
}

fn sum(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.iter().sum()
}

fn millionths(score: f64) -> usize {
    ((score * MILLION as f64).round() as usize).min(MILLION)
}

/// For each score in millionths its rank among all predictions of a file.
fn ranks_of(spool: &Spool) -> std::io::Result<Vec<f64>> {
    let mut counts = vec![0_u64; MILLION + 1];
    let mut reader = spool.reader()?;
    let (mut rows, mut total) = (Vec::new(), 0_u64);
    while reader.peek().is_some() {
        reader.next(&mut rows)?;
        total += rows.len() as u64;
        for row in &rows {
            counts[millionths(row.score)] += 1;
        }
    }
    let mut below = 0;
    Ok(counts
        .into_iter()
        .map(|count| {
            let rank = below as f64 + (count + 1) as f64 / 2.0;
            below += count;
            rank / total as f64
        })
        .collect())
}

struct Combiner<'o> {
    options: &'o MergeOptions,
    weights: Vec<f64>,
    /// By file, then by score; empty unless ranks are combined.
    ranks: Vec<Vec<f64>>,
}

/// The result for a protein.
struct Combined {
    rows: Vec<Scored>,
    in_all: u64,
    zero: u64,
    /// By file: the terms that no other file has.
    only: Vec<u64>,
}

impl Combiner<'_> {
    /// Combines the terms of a protein, which are sorted by term in each file.
    fn combine(&self, files: &[Vec<Scored>], terms: &Terms) -> Combined {
        let mut combined = Combined {
            rows: Vec::with_capacity(files.iter().map(Vec::len).max().unwrap_or(0)),
            in_all: 0,
            zero: 0,
            only: vec![0; files.len()],
        };
        let mut at = vec![0; files.len()];
        // The file and the score of each file that has the term.
        let mut found: Vec<(usize, f64)> = Vec::with_capacity(files.len());
        let mut parts = Vec::with_capacity(files.len());
        while let Some(term) = next_term(files, &at) {
            found.clear();
            for (file, (rows, at)) in files.iter().zip(&mut at).enumerate() {
                if let Some(row) = rows.get(*at).filter(|row| row.term == term) {
                    found.push((file, row.score));
                    *at += 1;
                }
            }
            combined.in_all += u64::from(found.len() == files.len());
            if let [(file, _)] = found[..] {
                combined.only[file] += 1;
            }
            let score = round_score(self.score(&found, files.len(), &mut parts));
            if score > 0.0 {
                combined.rows.push(Scored { term, score });
            } else {
                combined.zero += 1;
            }
        }
        sort_for_output(&mut combined.rows, terms);
        combined
    }

    fn score(&self, found: &[(usize, f64)], files: usize, parts: &mut Vec<f64>) -> f64 {
        let weight_of_found = || {
            let mut weights: Vec<f64> = found.iter().map(|&(file, _)| self.weights[file]).collect();
            sum(&mut weights)
        };
        // The weights of all files sum to 1.
        let divisor = match self.options.absent {
            Absent::Zero => 1.0,
            Absent::Ignore if found.len() == files => 1.0,
            Absent::Ignore => weight_of_found(),
        };
        if divisor <= 0.0 {
            return 0.0;
        }
        parts.clear();
        match self.options.method {
            MergeMethod::Max => found.iter().map(|&(_, score)| score).fold(0.0, f64::max),
            MergeMethod::Mean => {
                parts.extend(
                    found
                        .iter()
                        .map(|&(file, score)| self.weights[file] * score),
                );
                sum(parts) / divisor
            }
            MergeMethod::Rank => {
                let rank = |file: usize, score| self.ranks[file][millionths(score)];
                parts.extend(
                    found
                        .iter()
                        .map(|&(file, s)| self.weights[file] * rank(file, s)),
                );
                sum(parts) / divisor
            }
            MergeMethod::Geometric => {
                // A factor of 0 makes the product 0. A file of weight 0 has no say.
                let mut absent = (0..files).filter(|f| !found.iter().any(|(file, _)| file == f));
                if self.options.absent == Absent::Zero
                    && absent.any(|file| self.weights[file] > 0.0)
                {
                    return 0.0;
                }
                parts.extend(found.iter().map(|&(file, s)| self.weights[file] * s.ln()));
                (sum(parts) / divisor).exp()
            }
        }
    }
}

fn next_term(files: &[Vec<Scored>], at: &[usize]) -> Option<TermKey> {
    let next = files.iter().zip(at);
    next.filter_map(|(rows, &at)| rows.get(at).map(|row| row.term))
        .min()
}
