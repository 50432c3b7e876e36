//! Whether the scores mean what they seem to mean.

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
use crate::{Checked, Subject, Verdict, fixture::Place, recorder::Recorder, subject::cannot_write};

scope! {
    /// Whether the scores mean what they seem to mean.
    ScienceTest {
        /// Learnt from shuffled labels, the scores are no better than those of a method that knows frequencies only
        ShuffledLabels = "science/shuffled-labels" => shuffled_labels,
    }
}

/// So much better than chance may be luck, over the synthetic proteins.
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
            "the datasets of conformance.toml are not the suite's to shuffle",
        ));
    };
    let as_they_are = mean(schema, &subject.metrics()?.metrics);
    let (Some(principal), Some(as_they_are)) = (schema.metrics.first(), as_they_are) else {
        return Ok(Verdict::skipped("the principal metric was not returned"));
    };
    let learnt = |shuffled| Ok(mean(schema, &learnt_from(subject, shuffled)?.metrics));
    let Some(mut by_shuffled) = learnt(first)? else {
        return Ok(Verdict::skipped("the principal metric was not returned"));
    };
    let name = &principal.name;
    let remedy = "predict from what `fit` learnt and the sequences or embeddings; read the annotations of the evaluation set to score only";
    if schema.groups.is_empty() || name != FMAX {
        // What chance comes to for metrics of other fields is not known here.
        let gain = match principal.direction {
            Direction::HigherIsBetter => as_they_are - by_shuffled,
            Direction::LowerIsBetter => by_shuffled - as_they_are,
        };
        if gain <= 0.0 {
            return Ok(Verdict::warning(format!(
                "{name} is {as_they_are:.3} learnt from the labels as they are and {by_shuffled:.3} from shuffled ones: either it learns nothing, or it knows the answers; {remedy}"
            )));
        }
        return Ok(Verdict::noted(format!(
            "{name} {as_they_are:.3}, from shuffled labels {by_shuffled:.3}"
        )));
    }
    let chance = chance(first, &subject.fixtures.eval)
        .map_err(|error| Verdict::skipped(format!("chance cannot be reckoned: {error}")))?;
    for other in others {
        if by_shuffled <= chance + LUCK {
            break;
        }
        by_shuffled = learnt(other)?.map_or(by_shuffled, |score| by_shuffled.min(score));
    }
    let scores = format!(
        "{name} {as_they_are:.3}; from shuffled labels {by_shuffled:.3}; by term frequencies alone {chance:.3}"
    );
    if by_shuffled > chance + LUCK {
        return Err(Verdict::failed(
            format!(
                "learnt from shuffled labels, {name} is near {chance:.3}, what term frequencies alone give"
            ),
            scores,
            remedy,
        ));
    }
    if as_they_are < chance - LUCK {
        return Ok(Verdict::warning(format!(
            "{scores}: worse than term frequencies alone on families of alike sequences"
        )));
    }
    Ok(Verdict::noted(scores))
}

fn learnt_from(subject: &Subject, train: &Path) -> Result<EvalResult, Verdict> {
    let place = Place::with(train, &subject.fixtures.eval).map_err(cannot_write)?;
    let silent = Arc::new(Recorder::new(Level::Error));
    let (model, _) = subject.fit_in(&place, "model", silent)?;
    subject.evaluate(&subject.evaluate_model(&model, &place, "evaluation"))
}

/// The principal metric, its mean over the groups.
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
