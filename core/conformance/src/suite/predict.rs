//! Predictions for proteins without annotations.

use std::{path::Path, sync::Arc};

use protea_core::{
    DispatchError,
    contracts::{Evaluate, Level, Predict, PredictRequest, PredictResult},
};
use url::Url;

use super::{evidence, optional, scope, shards::shards};
use crate::{
    Checked, Subject, Verdict,
    fixture::{Queries, WorkDir, uri_of},
    recorder::Recorder,
    subject::SEED,
    written::{Written, predictions_in, predictions_of},
};

scope! {
    /// Predictions for proteins without annotations.
    PredictTest {
        /// A runner that predicts declares it; one that does not returns `Unsupported` with a remedy
        Declared = "predict/declared" => declared,
        /// `predict` writes the scores that `evaluate` writes for the same proteins
        Agrees = "predict/agrees" => agrees,
        /// `predict` works on a dataset without annotations or without proteins, and does not depend on the number and order of the proteins
        Unannotated = "predict/unannotated" => unannotated,
        /// A limit and a minimum score leave out the lowest scores, and nothing else
        Limited = "predict/limited" => limited,
        /// Evidence names what the training set has, changes no score, and is written only on request
        Evidence = "predict/evidence" => evidence,
        /// Predictions from parts of the references are those of one call, byte for byte
        Shards = "predict/shards" => shards,
    }
}

/// The largest number of terms per protein that `limited` asks for.
const LIMIT: usize = 3;

fn declared(subject: &Subject) -> Checked {
    let declares = subject.runner()?.capabilities().predicts;
    let fitted = subject.fitted()?;
    let request = PredictRequest::new(
        fitted.model_uri.clone(),
        fitted.dir.uri("eval"),
        fitted.dir.uri("predictions"),
    );
    optional::declared("predict", declares, call(subject, request)?)
}

fn agrees(subject: &Subject) -> Checked {
    only_if_declared(subject)?;
    // Not the shared evaluation, whose files later evaluations may have overwritten.
    let dir = subject.work_dir()?;
    let silent = || Arc::new(Recorder::new(Level::Error));
    let (model, _) = subject.fit_in(&dir, "model", silent())?;
    let request = subject.evaluate_model(&model, &dir, "evaluation");
    if let Err(error) = subject.runner()?.call::<Evaluate>(&request, silent()) {
        return Err(Verdict::skipped(format!("evaluate fails: {error}")));
    }
    let Some(evaluated) = predictions_in(&dir.join("evaluation"))? else {
        return Ok(Verdict::skipped(
            "evaluate does not write its predictions, so there is nothing to compare with",
        ));
    };
    let predicted = predict(
        subject,
        &model,
        dir.uri("eval"),
        &dir,
        "predictions",
        |_| {},
    )?;
    same("`evaluate` wrote", &evaluated, &predicted)?;
    let scores: usize = predicted.values().map(|terms| terms.len()).sum();
    Ok(Verdict::noted(format!(
        "{scores} scores of {} proteins",
        predicted.len()
    )))
}

fn unannotated(subject: &Subject) -> Checked {
    only_if_declared(subject)?;
    let Queries {
        all,
        reversed,
        one,
        none,
    } = queries(subject)?;
    let fitted = subject.fitted()?;
    let dir = subject.empty_dir()?;
    let predict = |dataset: &Path, output: &str| {
        predict(
            subject,
            &fitted.model_uri,
            uri_of(dataset),
            &dir,
            output,
            |_| {},
        )
    };
    let annotated = predict(&subject.fixtures.eval, "annotated")?;
    let without = predict(all, "all")?;
    same(
        "they are for the same proteins with annotations",
        &annotated,
        &without,
    )?;
    let backwards = predict(reversed, "reversed")?;
    same("they are in another order", &annotated, &backwards)?;
    let alone = predict(one, "one")?;
    let of_one = annotated
        .into_iter()
        .filter(|(protein, _)| alone.contains_key(protein))
        .collect();
    same("they are among other proteins", &of_one, &alone)?;
    let nothing = predict(none, "none")?;
    same(
        "a dataset without proteins has",
        &Written::default(),
        &nothing,
    )?;
    Ok(Verdict::passed())
}

fn limited(subject: &Subject) -> Checked {
    only_if_declared(subject)?;
    let fitted = subject.fitted()?;
    let dir = subject.work_dir()?;
    let predict = |output: &str, change: &dyn Fn(&mut PredictRequest)| {
        predict(
            subject,
            &fitted.model_uri,
            dir.uri("eval"),
            &dir,
            output,
            change,
        )
    };
    let all = predict("all", &|_| {})?;
    let mut scores: Vec<f64> = all
        .values()
        .flat_map(|terms| terms.values().copied())
        .collect();
    scores.sort_unstable_by(f64::total_cmp);
    let Some(&median) = scores.get(scores.len() / 2) else {
        return Ok(Verdict::skipped("nothing is predicted"));
    };
    let high = predict("high", &|request| request.minimum_score = median)?;
    let mut expected = all.clone();
    for terms in expected.values_mut() {
        terms.retain(|_, score| *score >= median);
    }
    expected.retain(|_, terms| !terms.is_empty());
    same("a minimum score leaves", &expected, &high)?;

    let few = predict("few", &|request| request.limit = LIMIT)?;
    for (protein, terms) in &all {
        let kept = few.get(protein);
        let mut best: Vec<f64> = terms.values().copied().collect();
        best.sort_unstable_by(|a, b| b.total_cmp(a));
        best.truncate(LIMIT);
        let mut found: Vec<f64> = kept
            .into_iter()
            .flat_map(|kept| kept.values().copied())
            .collect();
        found.sort_unstable_by(|a, b| b.total_cmp(a));
        if best != found {
            return Err(Verdict::failed(
                format!("a limit of {LIMIT} keeps the highest scores of each protein"),
                format!("{protein} has the scores {found:?}, and its highest are {best:?}"),
                "apply `request.limit` after sorting by score",
            ));
        }
    }
    Ok(Verdict::passed())
}

fn evidence(subject: &Subject) -> Checked {
    only_if_declared(subject)?;
    let fitted = subject.fitted()?;
    let dir = subject.work_dir()?;
    let predict = |output: &str, contributions: usize| {
        predict_for(
            subject,
            &fitted.model_uri,
            dir.uri("eval"),
            &dir,
            output,
            |request| request.evidence = contributions,
        )
    };
    let (without, expected) = predict("without", 0)?;
    if let Some(uri) = &without.evidence_uri {
        return Err(Verdict::failed(
            "there is no evidence if the request does not ask for it",
            uri.to_string(),
            "return `evidence_uri` only if `request.evidence` is above 0",
        ));
    }
    let (with, seen) = predict("with", evidence::CONTRIBUTIONS)?;
    same("are written without evidence", &expected, &seen)?;
    let contributions = evidence::check(&with, &seen, &subject.fixtures.train)?;
    Ok(Verdict::noted(format!("{contributions} contributions")))
}

fn only_if_declared(subject: &Subject) -> Result<(), Verdict> {
    optional::only_if_declared("predict", subject.runner()?.capabilities().predicts)
}

fn queries(subject: &Subject) -> Result<&Queries, Verdict> {
    let queries = subject.fixtures.queries.as_ref();
    queries.ok_or_else(|| {
        Verdict::skipped("conformance.toml names datasets, but none without annotations")
    })
}

fn call(
    subject: &Subject,
    mut request: PredictRequest,
) -> Result<Result<PredictResult, DispatchError>, Verdict> {
    request.seed = SEED;
    request.run_id = "conformance".to_owned();
    let silent = Arc::new(Recorder::new(Level::Error));
    Ok(subject.runner()?.call::<Predict>(&request, silent))
}

/// Predicts into `output` and reads the predictions that were written.
fn predict(
    subject: &Subject,
    model: &Url,
    dataset: Url,
    dir: &WorkDir,
    output: &str,
    change: impl Fn(&mut PredictRequest),
) -> Result<Written, Verdict> {
    predict_for(subject, model, dataset, dir, output, change).map(|(_, written)| written)
}

/// As [`predict`], with the runner's result.
fn predict_for(
    subject: &Subject,
    model: &Url,
    dataset: Url,
    dir: &WorkDir,
    output: &str,
    change: impl Fn(&mut PredictRequest),
) -> Result<(PredictResult, Written), Verdict> {
    let mut request = PredictRequest::new(model.clone(), dataset, dir.uri(output));
    change(&mut request);
    let result =
        call(subject, request)?.map_err(|error| Verdict::from_dispatch("predict", &error))?;
    let path = result.predictions_uri.to_file_path();
    let written = predictions_of(&path.map_err(|()| {
        Verdict::failed(
            "`predictions_uri` names a file",
            result.predictions_uri.to_string(),
            "return the file:// URI of the file that was written",
        )
    })?)?;
    let rows: usize = written.values().map(|terms| terms.len()).sum();
    let counts = &result.counts;
    if counts.predicted != written.len() as u64 || counts.predictions != rows as u64 {
        return Err(Verdict::failed(
            "the counts are those of the file",
            format!(
                "{} proteins and {} predictions are counted, and the file has {} and {rows}",
                counts.predicted,
                counts.predictions,
                written.len()
            ),
            "count what is written, each term of a protein once",
        ));
    }
    Ok((result, written))
}

fn same(otherwise: &str, expected: &Written, seen: &Written) -> Result<(), Verdict> {
    if expected == seen {
        return Ok(());
    }
    let differs = expected
        .keys()
        .chain(seen.keys())
        .filter(|protein| expected.get(*protein) != seen.get(*protein))
        .min()
        .map_or("", String::as_str);
    let number = |written: &Written| written.get(differs).map_or(0, |terms| terms.len());
    Err(Verdict::failed(
        format!("the predictions are those that {otherwise}"),
        format!(
            "those of {differs} differ: {} terms were expected, {} were written, or their scores differ",
            number(expected),
            number(seen)
        ),
        "use the same code in `predict` and `evaluate`, and predict for each protein by itself",
    ))
}
