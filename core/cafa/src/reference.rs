//! What predictions for the proteins of a frozen dataset are scored against.

use std::ops::ControlFlow;

use crate::{
    dataset::{DatasetError, FrozenDataset},
    ontology::Ontology,
    scoring::{
        Bootstrap, Evaluation, GroundTruth, InformationAccretion, PartialKnowledge, Predictions,
        Resampled, Rules, ScoringError, ScoringOptions, evaluate_also_silence, resample,
    },
};

/// The annotations of a dataset, with its information accretion and, for partial-knowledge targets, what was known of them before: all
/// that it takes to score predictions for its proteins.
pub struct Reference<'o> {
    truth: GroundTruth<'o>,
    accretion: Option<InformationAccretion<'o>>,
    known: Option<GroundTruth<'o>>,
}

/// Why predictions cannot be scored against a dataset.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// A table of the dataset cannot be read.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Nothing in it can be scored against.
    #[error(transparent)]
    Scoring(#[from] ScoringError),
}

impl<'o> Reference<'o> {
    /// Reads that of a dataset; `ontology` is the dataset's own.
    ///
    /// # Errors
    ///
    /// [`ReferenceError`].
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

    /// The annotations, propagated.
    #[must_use]
    pub fn truth(&self) -> &GroundTruth<'o> {
        &self.truth
    }

    /// Scores predictions, those of nothing too: by the rules of cafaeval, and by those of CAFA-evaluator-PK where something was known.
    ///
    /// # Errors
    ///
    /// [`ScoringError::Option`]; [`ScoringError::NothingLeft`].
    pub fn evaluate(
        &self,
        predictions: &Predictions<'_>,
        options: &ScoringOptions,
    ) -> Result<Evaluation, ScoringError> {
        let knowledge = self.knowledge();
        let rules = rules(knowledge.as_ref());
        evaluate_also_silence(predictions, self.accretion.as_ref(), options, rules)
    }

    /// Resamples the Fmax of predictions, by the same rules; see [`resample`].
    ///
    /// # Errors
    ///
    /// Those of [`resample`].
    pub fn resample(
        &self,
        predictions: &Predictions<'_>,
        options: &ScoringOptions,
        bootstrap: &Bootstrap,
        watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Vec<Resampled>, ScoringError> {
        let knowledge = self.knowledge();
        let rules = rules(knowledge.as_ref());
        resample(predictions, options, rules, bootstrap, watch)
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
