//! Predictions: the scores of terms for the proteins of one ground truth.

use std::path::Path;

use protea_ontology::Term;

use crate::{
    error::ScoringError,
    namespace_truth::NONE,
    parsing::{Parsed, parse},
    reading::parse_blocks,
    report::SkippedLines,
    sparse::NamespacePredictions,
    truth::GroundTruth,
    work_counter::WorkCounter,
};

/// The predictions of one method for the proteins of a ground truth.
///
/// Only predictions for a protein and a namespace of the ground truth are kept. Others are counted
/// in [`Predictions::skipped`]. The scores are not propagated yet. If a protein has several scores
/// for a term, the highest is used. A score that is NaN, zero or negative is not a prediction. A
/// score above 1 reaches every threshold.
#[derive(Clone, Debug)]
pub struct Predictions<'t> {
    pub(super) name: String,
    pub(super) truth: &'t GroundTruth<'t>,
    pub(super) namespaces: Vec<NamespacePredictions>,
    skipped: SkippedLines,
}

impl<'t> Predictions<'t> {
    /// Creates an empty set of predictions. The tables use `name`.
    #[must_use]
    pub fn new(truth: &'t GroundTruth<'t>, name: &str) -> Predictions<'t> {
        Predictions {
            name: name.to_owned(),
            truth,
            namespaces: vec![NamespacePredictions::default(); truth.namespaces.len()],
            skipped: SkippedLines::default(),
        }
    }

    /// Reads a table `accession term score`, plain or compressed. Columns are separated by white
    /// space. Further columns are ignored, and lines with fewer columns are skipped. The tables use
    /// `name`.
    ///
    /// # Errors
    ///
    /// [`ScoringError::Read`], [`ScoringError::Directory`] or [`ScoringError::LineTooLong`] if the
    /// file cannot be read as a table; [`ScoringError::MalformedScore`] if a score is not a number.
    /// Scores of unknown proteins and terms are not parsed, so a header is skipped.
    pub fn read(
        path: impl AsRef<Path>,
        truth: &'t GroundTruth<'t>,
        name: &str,
    ) -> Result<Predictions<'t>, ScoringError> {
        Self::read_counted(path, truth, name, &WorkCounter::default())
    }

    /// As [`read`](Self::read), and counts the bytes of the table, after decompression.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub fn read_counted(
        path: impl AsRef<Path>,
        truth: &'t GroundTruth<'t>,
        name: &str,
        bytes: &WorkCounter,
    ) -> Result<Predictions<'t>, ScoringError> {
        let path = path.as_ref();
        let mut predictions = Predictions::new(truth, name);
        let marks = parse_blocks(
            path,
            "predictions",
            truth.ontology.reading(),
            |block| {
                let length = block.text.len() as u64;
                let parsed = parse(block, truth);
                bytes.add(length);
                parsed
            },
            |line, parsed| {
                match parsed {
                    Ok(block) => predictions.append(block),
                    Err(bad) => {
                        return Err(ScoringError::MalformedScore {
                            file: path.display().to_string(),
                            line: line + bad.line,
                            text: bad.text,
                        });
                    }
                }
                Ok(())
            },
        )?;
        predictions.skipped.mark(marks);
        Ok(predictions)
    }

    fn append(&mut self, block: Parsed) {
        self.skipped.merge(block.skipped);
        for (all, later) in self.namespaces.iter_mut().zip(block.namespaces) {
            all.append(later);
        }
    }

    /// Adds a score for a term, given by its primary id or an alternative id. Like
    /// [`read`](Self::read), it skips and counts proteins and terms that are not in the ground
    /// truth or the ontology.
    pub fn push(&mut self, accession: &str, term: &str, score: f64) {
        self.skipped.lines += 1;
        let Some(&protein) = self.truth.proteins.get(accession.as_bytes()) else {
            self.skipped.unknown_proteins.add(accession.as_bytes());
            return;
        };
        let truth = self.truth;
        let terms = truth
            .ontology
            .resolve_predicted(term.as_bytes(), |n| truth.namespaces[n].rows() > 0);
        if terms.is_empty() {
            self.skipped
                .add_unknown_term(term.as_bytes(), truth.ontology);
            return;
        }
        let mut used = false;
        for &term in terms.iter() {
            used |= self.push_term(protein, term, score);
        }
        if used {
            self.skipped.used += 1;
        } else {
            self.skipped.other_namespace += 1;
        }
    }

    fn push_term(&mut self, protein: u32, term: Term, score: f64) -> bool {
        let ontology = self.truth.ontology;
        let at = ontology.namespace_of(term);
        let row = self.truth.namespaces[at].row_of[protein as usize];
        if row != NONE {
            let place = term.index() - ontology.namespaces()[at].offset();
            self.namespaces[at].push(row, place as u32, score);
            self.namespaces[at].compact_if_large();
        }
        row != NONE
    }

    /// Creates the predictions of a method that gives every protein of the ground truth the same
    /// scores, such as the frequencies of terms. The tables use `name`.
    #[must_use]
    pub fn for_every_protein(
        truth: &'t GroundTruth<'t>,
        name: &str,
        scores: &[(Term, f64)],
    ) -> Predictions<'t> {
        let mut predictions = Predictions::new(truth, name);
        for (at, namespace) in truth.ontology.namespaces().iter().enumerate() {
            let own: Vec<(u32, f64)> = scores
                .iter()
                .filter(|(term, _)| truth.ontology.namespace_of(*term) == at)
                .map(|(term, score)| ((term.index() - namespace.offset()) as u32, *score))
                .collect();
            for row in 0..truth.namespaces[at].rows() as u32 {
                for &(place, score) in &own {
                    predictions.namespaces[at].push(row, place, score);
                }
                predictions.namespaces[at].compact_if_large();
            }
        }
        predictions
    }

    /// Counts the proteins while these predictions are scored: each once in every namespace, or
    /// twice by the rules for partial knowledge with information accretion.
    #[must_use]
    pub fn counting_into(mut self, counter: &WorkCounter) -> Self {
        for namespace in &mut self.namespaces {
            namespace.counter = Some(counter.clone());
        }
        self
    }

    /// The name of these predictions in the tables.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was read and what was skipped.
    #[must_use]
    pub fn skipped(&self) -> &SkippedLines {
        &self.skipped
    }

    /// Number of proteins of the ground truth with at least one prediction.
    #[must_use]
    pub fn proteins(&self) -> usize {
        let mut predicted = vec![false; self.truth.len()];
        for (predictions, truth) in self.namespaces.iter().zip(&self.truth.namespaces) {
            let mut rows = vec![false; truth.rows()];
            for run in &predictions.runs {
                rows[run.row as usize] = true;
            }
            for (protein, &row) in truth.row_of.iter().enumerate() {
                predicted[protein] |= row != NONE && rows[row as usize];
            }
        }
        predicted.into_iter().filter(|&predicted| predicted).count()
    }

    /// Whether no protein of the ground truth has a prediction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.namespaces.iter().all(|n| n.runs.is_empty())
    }
}
