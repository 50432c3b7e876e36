//! Scores what contenders predicted, all of them alike.

use std::{ops::ControlFlow, path::Path};

use protea_cafa::{
    assessment::PREDICTIONS,
    dataset::FrozenDataset,
    ontology::Ontology,
    reference::Reference,
    scoring::{Bootstrap, NamespaceEvaluation, Predictions, Resampled, ScoringOptions},
};
use protea_core::{Dataset, FinishedRun, contracts::metrics::FMAX, store};

use super::result::AspectScores;
use crate::{
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Reporter, shown},
};

/// How far the Fmax that a runner returned may be from that of its predictions: less than tables show.
const TOLERANCE: f64 = 1e-6;

/// The dataset that is scored on, opened.
pub struct Benchmarked {
    dataset: FrozenDataset,
    ontology: Ontology,
}

impl Benchmarked {
    /// Opens a dataset.
    pub fn open(eval: &Dataset) -> Result<Self, Failure> {
        let dataset = FrozenDataset::open(&store::local_path(&eval.uri)?)?;
        Ok(Self {
            ontology: Ontology::read(dataset.ontology_path())?,
            dataset,
        })
    }

    /// What predictions are scored against.
    pub fn standard(&self) -> Result<Reference<'_>, Failure> {
        Ok(Reference::read(&self.dataset, &self.ontology)?)
    }
}

/// What predictions are scored against, and how.
pub struct Judge<'j> {
    pub standard: &'j Reference<'j>,
    pub bootstrap: Option<Bootstrap>,
    pub reporter: &'j Reporter,
}

impl Judge<'_> {
    /// Scores the predictions of a run.
    pub fn score(&self, name: &str, run: &FinishedRun) -> Result<Vec<AspectScores>, Failure> {
        let directory = run.manifest.artifacts.predictions.as_ref();
        let path = directory
            .map(|directory| directory.join(PREDICTIONS))
            .filter(|path| path.is_file())
            .ok_or_else(|| {
                let place = shown(&run.directory.join("predictions"));
                Failure::new(
                    Exit::Failed,
                    format!(
                        "it wrote no {PREDICTIONS} to {place}; a runner that is to be compared writes its predictions there, \
                         as `accession term score`"
                    ),
                )
            })?;
        self.reporter.start("scoring");
        let scored = self.score_file(&path);
        self.reporter.abandon();
        let aspects = scored?;
        self.hold_against(name, run, &aspects);
        Ok(aspects)
    }

    fn score_file(&self, path: &Path) -> Result<Vec<AspectScores>, Failure> {
        let options = ScoringOptions::default();
        let predictions = Predictions::read(path, self.standard.truth(), PREDICTIONS)?;
        let evaluation = self.standard.evaluate(&predictions, &options)?;
        let mut watch = |done: usize, total: usize| {
            if done == 0 {
                self.reporter.start("resampling");
            }
            self.reporter.progress(done as u64, total as u64);
            match interrupt::requested() {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        };
        let resampled = match &self.bootstrap {
            Some(bootstrap) => {
                let resampled =
                    self.standard
                        .resample(&predictions, &options, bootstrap, &mut watch)?;
                resampled.into_iter().map(Some).collect()
            }
            None => vec![None; evaluation.namespaces.len()],
        };
        let mut aspects: Vec<(usize, AspectScores)> = evaluation
            .namespaces
            .into_iter()
            .zip(resampled)
            .map(|(evaluation, resampled)| {
                let order = evaluation
                    .aspect
                    .map_or(usize::MAX, |aspect| aspect as usize);
                (order, scores(&evaluation, resampled))
            })
            .collect();
        aspects.sort_by_key(|(order, _)| *order);
        Ok(aspects.into_iter().map(|(_, scores)| scores).collect())
    }

    /// Says where a runner returned other scores than its predictions have.
    fn hold_against(&self, name: &str, run: &FinishedRun, aspects: &[AspectScores]) {
        for scores in aspects {
            let returned = run.manifest.metrics.get(&scores.aspect);
            let returned = returned.and_then(|group| group.get(FMAX)?.as_f64());
            if let Some(returned) = returned
                && (returned - scores.fmax).abs() > TOLERANCE
            {
                self.reporter.warn(&format!(
                    "{name} returned an Fmax of {returned} in {}, its {PREDICTIONS} has {}; the table has the latter",
                    scores.aspect, scores.fmax
                ));
            }
        }
    }
}

fn scores(evaluation: &NamespaceEvaluation, resampled: Option<Resampled>) -> AspectScores {
    let aspect = evaluation
        .aspect
        .map_or(evaluation.namespace.as_str(), |aspect| aspect.name());
    AspectScores {
        aspect: aspect.to_owned(),
        proteins: evaluation.proteins,
        fmax: evaluation.fmax(),
        auc_pr: evaluation.auc_pr(),
        coverage: evaluation.coverage(),
        wfmax: evaluation.wfmax(),
        smin: evaluation.smin(),
        resampled,
    }
}
