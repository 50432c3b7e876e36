//! Whether the runner learns from labels, and does not read the answers.

use std::{path::Path, sync::Arc};

use protea_cafa::{
    assessment::{open_dataset, open_ontology},
    propagated::PropagatedTerms,
    scoring::{GroundTruth, Predictions, ScoringOptions, evaluate, round_score},
};
use protea_core::contracts::{
    Attribute, EvalResult, Level, MetricSchema, RunnerError,
    metrics::{Direction, FMAX, Metrics},
};
use serde_json::Value;

use super::scope;
use crate::{
    Checked, Subject, Verdict, fixture::WorkDir, recorder::Recorder, subject::cannot_write,
};

scope! {
    /// Whether the scores come from learning.
    ScienceTest {
        /// Trained on shuffled labels, the runner scores no better than term frequencies alone
        ShuffledLabels = "science/shuffled-labels" => shuffled_labels,
    }
}

/// A score may exceed that of chance by this much by luck, on the synthetic proteins.
const LUCK: f64 = 0.1;

fn shuffled_labels(subject: &Subject) -> Checked {
    let schema = &subject.runner()?.capabilities().metrics;
    if schema.placeholder {
        return Ok(Verdict::skipped(
            "the runner declares its scores to be placeholders",
        ));
    }
    let Some((first, others)) = subject.fixtures.shuffled.split_first() else {
        return Ok(Verdict::skipped(
            "the suite does not shuffle the datasets of conformance.toml",
        ));
    };
    let true_labels = mean(schema, &subject.metrics()?.metrics);
    let (Some(principal), Some(true_labels)) = (schema.metrics.first(), true_labels) else {
        return Ok(Verdict::skipped(
            "the first declared metric was not returned",
        ));
    };
    let score_with = |shuffled| Ok(mean(schema, &trained_on(subject, shuffled)?.metrics));
    let Some(mut shuffled_labels) = score_with(first)? else {
        return Ok(Verdict::skipped(
            "the first declared metric was not returned",
        ));
    };
    let name = &principal.name;
    let remedy = "predict from what `fit` learned and from sequences or embeddings; read the annotations of the evaluation set only to score";
    if schema.groups.is_empty() || name != FMAX {
        // The score of chance is not known for metrics of other fields.
        let gain = match principal.direction {
            Direction::HigherIsBetter => true_labels - shuffled_labels,
            Direction::LowerIsBetter => shuffled_labels - true_labels,
        };
        if gain <= 0.0 {
            return Ok(Verdict::warning(format!(
                "{name} is {true_labels:.3} with true labels and {shuffled_labels:.3} with shuffled labels: either the runner learns nothing, or it reads the answers; {remedy}"
            )));
        }
        return Ok(Verdict::noted(format!(
            "{name} {true_labels:.3}, with shuffled labels {shuffled_labels:.3}"
        )));
    }
    let chance = chance(first, &subject.fixtures.eval).map_err(|error| {
        Verdict::skipped(format!(
            "the score of term frequencies cannot be computed: {error}"
        ))
    })?;
    for other in others {
        if shuffled_labels <= chance + LUCK {
            break;
        }
        shuffled_labels =
            score_with(other)?.map_or(shuffled_labels, |score| shuffled_labels.min(score));
    }
    let scores = format!(
        "{name} {true_labels:.3}; with shuffled labels {shuffled_labels:.3}; from term frequencies alone {chance:.3}"
    );
    if shuffled_labels > chance + LUCK {
        return Err(Verdict::failed(
            format!(
                "trained on shuffled labels, {name} is near {chance:.3}, the score of term frequencies alone"
            ),
            scores,
            remedy,
        ));
    }
    if true_labels < chance - LUCK {
        return Ok(Verdict::warning(format!(
            "{scores}: worse than term frequencies alone on families of similar sequences"
        )));
    }
    Ok(Verdict::noted(scores))
}

fn trained_on(subject: &Subject, train: &Path) -> Result<EvalResult, Verdict> {
    let dir = WorkDir::with(train, &subject.fixtures.eval, &subject.fixtures.scratch)
        .map_err(cannot_write)?;
    let silent = Arc::new(Recorder::new(Level::Error));
    let (model, _) = subject.fit_in(&dir, "model", silent)?;
    subject.evaluate(&subject.evaluate_model(&model, &dir, "evaluation"))
}

/// The mean of the first declared metric over the groups.
fn mean(schema: &MetricSchema, metrics: &Metrics) -> Option<f64> {
    let name = &schema.metrics.first()?.name;
    let values: Vec<f64> = match schema.groups.is_empty() {
        true => metrics
            .get(name)
            .and_then(Value::as_f64)
            .into_iter()
            .collect(),
        false => metrics
            .values()
            .filter_map(|group| group.get(name)?.as_f64())
            .collect(),
    };
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// Fmax of predicting for every protein every term of the training set with its frequency.
fn chance(train: &Path, eval: &Path) -> Result<f64, RunnerError> {
    let train = open_dataset(train)?;
    let ontology = open_ontology(&train)?;
    let annotated =
        PropagatedTerms::read(&train, &ontology).or_dataset("reading the annotations")?;
    let mut counts = vec![0_usize; ontology.len()];
    for protein in 0..train.len() {
        for term in annotated.terms(protein) {
            counts[term.index()] += 1;
        }
    }
    let eval = open_dataset(eval)?;
    let rows = eval.annotations().or_dataset("reading the annotations")?;
    let pairs = rows.map(|row| (eval.accession(row.protein), row.term));
    let truth = GroundTruth::from_annotations(&ontology, "chance", pairs)
        .or_dataset("reading the annotations")?;
    let mut predictions = Predictions::new(&truth, "chance");
    for protein in 0..eval.len() {
        for term in ontology.terms().filter(|term| counts[term.index()] > 0) {
            // Every protein of the synthetic training set has terms of every aspect.
            let frequency = counts[term.index()] as f64 / train.len() as f64;
            let accession = eval.accession(protein);
            predictions.push(accession, ontology.id(term), round_score(frequency));
        }
    }
    let evaluation = evaluate(&predictions, None, &ScoringOptions::default())
        .or_failed("scoring term frequencies")?;
    let schema = MetricSchema::cafa();
    mean(&schema, &evaluation.to_metrics())
        .ok_or_else(|| RunnerError::failed("term frequencies have no score"))
}
