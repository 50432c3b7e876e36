//! Predictions: scores of terms for the proteins of one ground truth.

use std::path::Path;

use protea_ontology::Term;

use super::error::ScoringError;
use super::parsing::{Block, parse};
use super::reading::parse_blocks;
use super::report::Skipped;
use super::sparse::NamespacePredictions;
use super::truth::{GroundTruth, NONE};

/// What one method predicts for the proteins of a ground truth.
///
/// Holds what was predicted for a protein and a namespace of the ground truth; all else is counted in
/// [`Predictions::skipped`]. Nothing is propagated yet. A term given twice for a protein has the higher score. A score that is
/// NaN, zero or negative is none; one above 1 reaches every threshold.
#[derive(Clone, Debug)]
pub struct Predictions<'t> {
    pub(super) name: String,
    pub(super) truth: &'t GroundTruth<'t>,
    pub(super) namespaces: Vec<NamespacePredictions>,
    skipped: Skipped,
}

impl<'t> Predictions<'t> {
    /// No predictions yet. `name` is what tables call them.
    #[must_use]
    pub fn new(truth: &'t GroundTruth<'t>, name: &str) -> Predictions<'t> {
        Predictions {
            name: name.to_owned(),
            truth,
            namespaces: vec![NamespacePredictions::default(); truth.namespaces.len()],
            skipped: Skipped::default(),
        }
    }

    /// Reads a table `accession term score`, plain or compressed: columns separated by white space, those after the third
    /// ignored, lines with fewer skipped. `name` is what tables call it.
    ///
    /// # Errors
    /// [`ScoringError::Read`], [`ScoringError::Directory`], [`ScoringError::LineTooLong`]; [`ScoringError::MalformedScore`] if a score is no number,
    /// though only for proteins and terms that are known (so that a header does no harm).
    pub fn read(
        path: impl AsRef<Path>,
        truth: &'t GroundTruth<'t>,
        name: &str,
    ) -> Result<Predictions<'t>, ScoringError> {
        let path = path.as_ref();
        let mut predictions = Predictions::new(truth, name);
        parse_blocks(
            path,
            "predictions",
            |block| parse(block, truth),
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
        Ok(predictions)
    }

    fn append(&mut self, block: Block) {
        self.skipped.merge(block.skipped);
        for (all, later) in self.namespaces.iter_mut().zip(block.namespaces) {
            all.append(later);
        }
    }

    /// Adds a score for a term, by its primary or an alternative id. What is not of this ground truth or ontology is counted
    /// and left out, as when it is read from a file.
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
            self.skipped.unknown_terms.add(term.as_bytes());
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
        }
        row != NONE
    }

    /// What tables call these predictions.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was read and what of it was left out.
    #[must_use]
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// Whether nothing was predicted for any protein of the ground truth.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.namespaces.iter().all(|n| n.runs.is_empty())
    }
}
