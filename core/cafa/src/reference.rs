//! The reference: the annotations of a frozen dataset, prepared for scoring predictions.
//!
//! It knows datasets and scoring. It must not know runners or how predictions are made.

use std::ops::ControlFlow;

use crate::{
    dataset::{DatasetError, FrozenDataset},
    ontology::Ontology,
    scoring::{
        Bootstrap, Evaluation, GroundTruth, InformationAccretion, NamespaceDetails,
        PartialKnowledge, Predictions, Resampled, Rules, ScoringError, ScoringOptions, details,
        evaluate_allowing_empty, resample,
    },
};

/// Everything needed to score predictions for the proteins of a dataset: the annotations, the
/// information accretion if the dataset has it and, for partial-knowledge targets, the annotations
/// known before.
pub struct Reference<'o> {
    truth: GroundTruth<'o>,
    accretion: Option<InformationAccretion<'o>>,
    known: Option<GroundTruth<'o>>,
}

/// Why a dataset cannot be used as a reference.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// A table of the dataset cannot be read or is malformed.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The annotations, the known annotations or the information accretion cannot be used for
    /// scoring.
    #[error(transparent)]
    Scoring(#[from] ScoringError),
}

impl<'o> Reference<'o> {
    /// Reads the reference of a dataset. `ontology` must be the ontology of the same dataset.
    ///
    /// # Errors
    ///
    /// [`ReferenceError`] if a table cannot be read or no annotation has a term of the ontology.
    pub fn read(dataset: &FrozenDataset, ontology: &'o Ontology) -> Result<Self, ReferenceError> {
        let rows = dataset.annotations()?;
        let pairs = rows.map(|row| (dataset.accession(row.protein), row.term));
        let accretion = dataset.ia_path();
        let known = dataset.known_path();
        Ok(Self {
            truth: GroundTruth::from_annotations(ontology, &dataset.manifest().name, pairs)?,
            accretion: accretion
                .map(|path| InformationAccretion::read(path, ontology))
                .transpose()?,
            known: known
                .map(|path| GroundTruth::read_known(path, ontology))
                .transpose()?,
        })
    }

    /// The annotations, propagated to the roots.
    #[must_use]
    pub fn truth(&self) -> &GroundTruth<'o> {
        &self.truth
    }

    /// Scores predictions, including an empty set. Uses the rules of CAFA-evaluator-PK if the
    /// dataset has known annotations, otherwise those of cafaeval.
    ///
    /// # Errors
    ///
    /// [`ScoringError::Option`] if an option is out of range. [`ScoringError::NothingLeft`] if all
    /// terms were known before.
    pub fn evaluate(
        &self,
        predictions: &Predictions<'_>,
        options: &ScoringOptions,
    ) -> Result<Evaluation, ScoringError> {
        let knowledge = self.knowledge();
        let rules = rules(knowledge.as_ref());
        evaluate_allowing_empty(predictions, self.accretion.as_ref(), options, rules)
    }

    /// Resamples the Fmax of predictions by the same rules as [`evaluate`](Self::evaluate). See
    /// [`resample`].
    ///
    /// # Errors
    ///
    /// The errors of [`resample`].
    pub fn resample(
        &self,
        predictions: &Predictions<'_>,
        options: &ScoringOptions,
        bootstrap: &Bootstrap,
        progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Vec<Resampled>, ScoringError> {
        let knowledge = self.knowledge();
        let rules = rules(knowledge.as_ref());
        resample(predictions, options, rules, bootstrap, progress)
    }

    /// The counts of every protein and term behind an evaluation of predictions. See [`details`].
    ///
    /// # Errors
    ///
    /// The errors of [`details`].
    pub fn details(
        &self,
        predictions: &Predictions<'_>,
        options: &ScoringOptions,
        evaluation: &Evaluation,
    ) -> Result<Vec<NamespaceDetails>, ScoringError> {
        details(predictions, self.known.as_ref(), options, evaluation)
    }

    /// The information accretion of terms, if the dataset has it.
    #[must_use]
    pub fn accretion(&self) -> Option<&InformationAccretion<'o>> {
        self.accretion.as_ref()
    }

    fn knowledge(&self) -> Option<PartialKnowledge<'_>> {
        self.known.as_ref().map(|known| PartialKnowledge {
            known: Some(known),
            interest: None,
        })
    }
}

fn rules<'k>(knowledge: Option<&'k PartialKnowledge<'k>>) -> Rules<'k> {
    knowledge.map_or(Rules::Cafaeval, Rules::PartialKnowledge)
}
