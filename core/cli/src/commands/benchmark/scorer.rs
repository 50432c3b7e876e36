//! Scores the predictions of contenders by the rules of CAFA, for the host's benchmark.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use protea_cafa::{
    comparison::{AspectScores, score_predictions},
    dataset::FrozenDataset,
    ontology::Ontology,
    prediction::{PREDICTIONS, predictions_in},
    reference::Reference,
    scoring::{Bootstrap, Resampled, ScoringError},
};
use protea_core::{
    Dataset, FinishedRun, Runner,
    contracts::{
        MetricSchema,
        metrics::{ASPECTS, AUC_PR, COVERAGE, F_MICRO_W, FMAX, SMIN, WFMAX},
    },
    experiment::{Comparison, GroupScores, MetricScore, Scorer, ScorerError},
    store,
};
use serde_json::{Map, Value, json};

use crate::{
    failure::Failure,
    interrupt,
    output::{Reporter, display_path},
};

/// The open dataset that contenders are scored on.
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

    /// The reference for the predictions.
    pub fn reference(&self) -> Result<Reference<'_>, Failure> {
        Ok(Reference::read(&self.dataset, &self.ontology)?)
    }
}

/// Scores by the rules of CAFA.
pub struct CafaScorer<'s> {
    reference: &'s Reference<'s>,
    bootstrap: Option<Bootstrap>,
    reporter: &'s Reporter,
    /// By contender and aspect.
    resampled: HashMap<(String, String), Resampled>,
}

impl<'s> CafaScorer<'s> {
    pub fn new(
        reference: &'s Reference<'s>,
        bootstrap: Option<Bootstrap>,
        reporter: &'s Reporter,
    ) -> Self {
        Self {
            reference,
            bootstrap,
            reporter,
            resampled: HashMap::new(),
        }
    }

    fn score_file(&self, path: &Path) -> Result<Vec<AspectScores>, ScoringError> {
        let mut watch = |done: usize, total: usize| {
            if done == 0 {
                self.reporter.start("resampling");
            }
            self.reporter.progress(done as u64, total as u64);
            interrupt::continue_unless_requested()
        };
        score_predictions(self.reference, path, self.bootstrap.as_ref(), &mut watch)
    }
}

impl Scorer for CafaScorer<'_> {
    fn settings(&self) -> Map<String, Value> {
        Map::from_iter([("bootstrap".to_owned(), json!(self.bootstrap))])
    }

    fn refusal(&self, runner: &Runner) -> Option<String> {
        (!is_cafa(&runner.capabilities().metrics)).then(|| {
            format!(
                "the runner {} does not return the CAFA metrics and writes no predictions to score; compare runners of \
                 its field with `protea search` or `protea runs compare`",
                runner.name()
            )
        })
    }

    fn score(
        &mut self,
        contender: &str,
        run: &FinishedRun,
    ) -> Result<Vec<GroupScores>, ScorerError> {
        let path = predictions(run)?;
        self.reporter.start("scoring");
        let scored = self.score_file(&path);
        self.reporter.abandon();
        let aspects = scored.map_err(|error| match error {
            ScoringError::Cancelled => ScorerError::Cancelled,
            error => ScorerError::Failed(Failure::from(error).message),
        })?;
        let mut groups = Vec::new();
        for mut aspect in aspects {
            let resampled = aspect.resampled.take();
            groups.push(group(&aspect, resampled.as_ref()));
            if let Some(resampled) = resampled {
                let key = (contender.to_owned(), aspect.aspect);
                self.resampled.insert(key, resampled);
            }
        }
        Ok(groups)
    }

    fn compare(&self, group: &str, contender: &str, best: &str) -> Option<Comparison> {
        let resampled = |name: &str| self.resampled.get(&(name.to_owned(), group.to_owned()));
        let difference = resampled(contender)?.minus(resampled(best)?).ok()?;
        Some(Comparison {
            difference: difference.difference,
            interval: difference.interval.into(),
            p_value: difference.p_value,
        })
    }
}

/// The file of predictions that a run wrote.
fn predictions(run: &FinishedRun) -> Result<PathBuf, ScorerError> {
    let directory = run.manifest.artifacts.predictions.as_ref();
    directory
        .and_then(|directory| predictions_in(directory))
        .ok_or_else(|| {
            let place = display_path(&run.directory.join("predictions"));
            ScorerError::Failed(format!(
                "it wrote no {PREDICTIONS} to {place}; a runner must write its predictions there as \
                 `accession term score`"
            ))
        })
}

fn group(aspect: &AspectScores, resampled: Option<&Resampled>) -> GroupScores {
    let score = |name: &str, value: f64| MetricScore {
        name: name.to_owned(),
        value,
        interval: None,
    };
    let fmax = MetricScore {
        interval: resampled.map(|resampled| resampled.interval().into()),
        ..score(FMAX, aspect.fmax)
    };
    let mut metrics = vec![
        fmax,
        score(AUC_PR, aspect.auc_pr),
        score(COVERAGE, aspect.coverage),
    ];
    metrics.extend(aspect.wfmax.map(|value| score(WFMAX, value)));
    metrics.extend(aspect.smin.map(|value| score(SMIN, value)));
    metrics.extend(aspect.f_micro_w.map(|value| score(F_MICRO_W, value)));
    GroupScores {
        group: aspect.aspect.clone(),
        items: aspect.proteins,
        metrics,
    }
}

fn is_cafa(schema: &MetricSchema) -> bool {
    let declares = |name: &str| schema.metrics.iter().any(|metric| metric.name == name);
    ASPECTS
        .iter()
        .all(|aspect| schema.groups.iter().any(|group| group == aspect))
        && [FMAX, AUC_PR, COVERAGE].into_iter().all(declares)
}
