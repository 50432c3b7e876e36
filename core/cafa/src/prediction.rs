//! Shared code of `predict` and `evaluate`: writes the predictions of a runner as CAFA TSV.
//!
//! It knows datasets, the writer of predictions and the contract. It must not know how a runner
//! predicts.

use std::{
    collections::HashMap,
    fmt,
    fs::File,
    io::{BufWriter, Write},
    path::{Path, PathBuf},
};

use protea_contracts::{
    Attribute, Emitter, Explanation, PredictRequest, PredictResult, PredictionCounts, RunnerError,
    explanation::TermExplanation, prelude::serde_json, request::file_uri,
};

use crate::{
    dataset::FrozenDataset,
    scoring::{PredictionWriter, round_score},
};

/// Name of the prediction file in the output directory of a call.
pub const PREDICTIONS: &str = "predictions.tsv";

/// Name of the prediction file of a run that compresses it.
pub const COMPRESSED_PREDICTIONS: &str = "predictions.tsv.gz";

/// The prediction file in the output directory of a call, plain or compressed; `None` if there is none.
#[must_use]
pub fn predictions_in(directory: &Path) -> Option<PathBuf> {
    let names = [PREDICTIONS, COMPRESSED_PREDICTIONS].into_iter();
    names.map(|name| directory.join(name)).find(|path| {
        let metadata = path.symlink_metadata();
        metadata.is_ok_and(|metadata| metadata.is_file())
    })
}

/// Name of the file that lists the proteins without a prediction, in the output directory of
/// `predict`: accession and reason, tab-separated, without a header.
pub const UNPREDICTED: &str = "unpredicted.tsv";

/// Name of the file with the evidence, in the output directory of `predict`: one JSON object a line,
/// an [`Explanation`], for each protein with predictions.
pub const EVIDENCE: &str = "evidence.jsonl";

/// Receives the predictions of a runner, one protein at a time, and writes them.
///
/// A runner adds every protein of the dataset once, so that none is lost without a reason.
pub struct PredictionSink<'s> {
    writer: PredictionWriter,
    /// Receives the same predictions for scoring, in `evaluate`.
    scored: Option<&'s mut Scored<'s>>,
    /// The list of proteins without a prediction, in `predict`.
    unpredicted: Option<BufWriter<File>>,
    /// The file with the evidence, if the request asks for it.
    evidence: Option<BufWriter<File>>,
    contributions: usize,
    limit: usize,
    minimum_score: f64,
    counts: PredictionCounts,
}

/// Receives the accession, term and score of each prediction that was written.
type Scored<'s> = dyn FnMut(&str, &str, f64) + Send + 's;

impl fmt::Debug for PredictionSink<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("PredictionSink")
            .field("limit", &self.limit)
            .field("minimum_score", &self.minimum_score)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}

impl<'s> PredictionSink<'s> {
    /// Writes all predictions to `path`, and gives those that were written to `scored`.
    pub(crate) fn scored(path: &Path, scored: &'s mut Scored<'s>) -> Result<Self, RunnerError> {
        Ok(Self {
            writer: PredictionWriter::create(path).or_failed("writing predictions")?,
            scored: Some(scored),
            unpredicted: None,
            evidence: None,
            contributions: 0,
            limit: 0,
            minimum_score: 0.0,
            counts: PredictionCounts::default(),
        })
    }

    /// The largest number of contributions per term that the request asks for; 0 if it asks for no
    /// evidence.
    #[must_use]
    pub fn contributions(&self) -> usize {
        self.contributions
    }

    /// Adds the predictions of one protein: pairs of term id and score. Scores are in [0, 1]. Sorts
    /// `predictions` in place.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] if a score is out of range or a file cannot be written.
    pub fn add<T: AsRef<str>>(
        &mut self,
        accession: &str,
        predictions: &mut [(T, f64)],
    ) -> Result<(), RunnerError> {
        self.add_explained(accession, predictions, None)
    }

    /// As [`add`](Self::add), with the explanation of the terms if the request asks for evidence
    /// ([`contributions`](Self::contributions)). Terms that are not written are left out of it, and
    /// contributions beyond the number that is asked for.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] if a score is out of range or a file cannot be written.
    pub fn add_explained<T: AsRef<str>>(
        &mut self,
        accession: &str,
        predictions: &mut [(T, f64)],
        explanation: Option<Explanation>,
    ) -> Result<(), RunnerError> {
        let found = predictions.len();
        let kept = self.kept(predictions);
        self.writer
            .write(accession, kept)
            .or_failed("writing predictions")?;
        let mut written = 0;
        for (term, score) in kept.iter() {
            let score = round_score(*score);
            if score > 0.0 {
                written += 1;
                if let Some(scored) = &mut self.scored {
                    scored(accession, term.as_ref(), score);
                }
            }
        }
        if written > 0 {
            if let Some(explanation) = explanation {
                let written = kept.iter().filter(|(_, score)| round_score(*score) > 0.0);
                let terms = written.map(|(term, _)| term.as_ref());
                write_evidence(&mut self.evidence, self.contributions, terms, explanation)?;
            }
            self.counts.predicted += 1;
            self.counts.predictions += written;
            return Ok(());
        }
        let reason = if found == 0 {
            "no term was found"
        } else {
            "no term reaches the minimum score"
        };
        self.add_unpredicted(accession, reason)
    }

    /// Adds a protein for which nothing is predicted, with the reason in a few words, such as
    /// `no sequence`. Nothing that differs from protein to protein belongs into the reason, because
    /// it is counted.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] if a file cannot be written.
    pub fn add_unpredicted(&mut self, accession: &str, reason: &str) -> Result<(), RunnerError> {
        if let Some(list) = &mut self.unpredicted {
            writeln!(list, "{accession}\t{reason}")
                .or_failed("writing the unpredicted proteins")?;
        }
        let counted = self.counts.unpredicted.entry(reason.to_owned());
        *counted.or_default() += 1;
        Ok(())
    }

    /// The predictions that the request asks for, sorted as they are written.
    fn kept<'p, T: AsRef<str>>(&self, predictions: &'p mut [(T, f64)]) -> &'p mut [(T, f64)] {
        if self.limit == 0 && self.minimum_score == 0.0 {
            return predictions;
        }
        predictions.sort_unstable_by(|(a, x), (b, y)| {
            let by_score = round_score(*y).total_cmp(&round_score(*x));
            by_score.then_with(|| a.as_ref().cmp(b.as_ref()))
        });
        let minimum = self.minimum_score;
        // Scores that are not numbers stay, so that the writer refuses them.
        let high = predictions
            .partition_point(|(_, score)| score.is_nan() || round_score(*score) >= minimum);
        let limit = if self.limit == 0 { high } else { self.limit };
        &mut predictions[..high.min(limit)]
    }

    /// Renames the file of predictions to its final path. Returns the counts.
    pub(crate) fn finish(mut self, proteins: usize) -> Result<PredictionCounts, RunnerError> {
        if let Some(list) = &mut self.unpredicted {
            list.flush().or_failed("writing the unpredicted proteins")?;
        }
        if let Some(evidence) = &mut self.evidence {
            evidence.flush().or_failed("writing the evidence")?;
        }
        self.writer.finish().or_failed("writing predictions")?;
        self.counts.proteins = proteins as u64;
        let listed: u64 = self.counts.unpredicted.values().sum();
        let lost = self
            .counts
            .proteins
            .saturating_sub(self.counts.predicted + listed);
        if lost > 0 {
            let counted = self
                .counts
                .unpredicted
                .entry("not returned by the runner".to_owned());
            *counted.or_default() += lost;
        }
        Ok(self.counts)
    }
}

/// Writes the explanation of a protein: the written terms in their order, with their first
/// contributions.
fn write_evidence<'p>(
    out: &mut Option<BufWriter<File>>,
    contributions: usize,
    written: impl Iterator<Item = &'p str>,
    mut explanation: Explanation,
) -> Result<(), RunnerError> {
    let Some(out) = out else {
        return Ok(());
    };
    let terms = std::mem::take(&mut explanation.terms).into_iter();
    let mut by_id: HashMap<String, TermExplanation> =
        terms.map(|term| (term.term.clone(), term)).collect();
    for id in written {
        let explained = by_id.remove(id);
        let mut term = explained.unwrap_or_else(|| TermExplanation::new(id, 0.0));
        term.limit_contributions(contributions);
        explanation.terms.push(term);
    }
    explanation.predicted = explanation.terms.len();
    serde_json::to_writer(&mut *out, &explanation).or_failed("writing the evidence")?;
    writeln!(out).or_failed("writing the evidence")
}

/// Calls `predict` for the proteins of `dataset` and writes its predictions to [`PREDICTIONS`] in
/// the output directory of the request, the proteins without one to [`UNPREDICTED`], and the evidence
/// to [`EVIDENCE`] if the request asks for it and `predict` adds explanations. All work, including
/// `predict`, uses the number of rayon threads in the request.
///
/// # Errors
///
/// [`RunnerError::Failed`] if an output file cannot be written; any error of `predict`.
pub fn write_predictions(
    request: &PredictRequest,
    dataset: &FrozenDataset,
    emit: &Emitter,
    predict: impl FnOnce(&mut PredictionSink<'_>) -> Result<(), RunnerError> + Send,
) -> Result<PredictResult, RunnerError> {
    if !(0.0..=1.0).contains(&request.minimum_score) {
        return Err(RunnerError::failed(format!(
            "the request has the minimum score {}, which is not within 0 and 1",
            request.minimum_score
        )));
    }
    let output = request.output_dir()?;
    let path = output.join(PREDICTIONS);
    let unpredicted =
        File::create(output.join(UNPREDICTED)).or_failed("writing the unpredicted proteins")?;
    let evidence = (request.evidence > 0)
        .then(|| File::create(output.join(EVIDENCE)))
        .transpose()
        .or_failed("writing the evidence")?
        .map(BufWriter::new);
    let mut sink = PredictionSink {
        writer: PredictionWriter::create(&path).or_failed("writing predictions")?,
        scored: None,
        unpredicted: Some(BufWriter::new(unpredicted)),
        evidence,
        contributions: request.evidence,
        limit: request.limit,
        minimum_score: request.minimum_score,
        counts: PredictionCounts::default(),
    };
    let sink = with_threads(request.threads, || {
        predict(&mut sink)?;
        Ok(sink)
    })?;
    emit.check()?;
    let counts = sink.finish(dataset.len())?;
    let mut result = PredictResult::new(file_uri(&path)?, counts);
    if request.evidence > 0 {
        result.evidence_uri = Some(file_uri(&output.join(EVIDENCE))?);
    }
    Ok(result)
}

/// Runs `work` in a pool of `threads` rayon threads. 0 means one thread per core.
///
/// # Errors
///
/// [`RunnerError::Failed`] if the threads cannot be started; any error of `work`.
pub fn with_threads<T: Send>(
    threads: usize,
    work: impl FnOnce() -> Result<T, RunnerError> + Send,
) -> Result<T, RunnerError> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .or_failed("starting threads")?
        .install(work)
}
