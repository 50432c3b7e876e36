//! `protea predict`.

pub(super) mod candidate;
mod file_kind;
pub(super) mod model;
pub(super) mod output;
pub(super) mod queries;
pub(super) mod source;
mod vectors;

use std::{io, num::NonZeroUsize, path::Path};

use protea_core::{
    Experiment, Workspace,
    contracts::{PredictRequest, PredictResult},
    store,
};
use serde_json::{Map, Value, json};

pub(super) use self::output::{aspect, check_parquet};
use self::{candidate::Candidate, model::Model, output::Written, queries::Queries};
use super::run_setup::fail_if_cancelled;
use crate::{
    args::{LogFrom, PredictArgs},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, count, display_path, plural},
    progress_observer::ProgressObserver,
    scratch::scratch_directory,
};

/// Predicts with a fitted model for proteins without annotations.
pub fn predict(args: &PredictArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    if args.shards.query_shards > 1 || args.shards.reference_shards > 1 {
        return Err(Failure::new(
            Exit::Usage,
            "--query-shards and --reference-shards split the work of a plan; name its directory with --plan",
        ));
    }
    output::check(args, json)?;
    output::check_vacant(args, &|_| false)?;
    interrupt::cooperate(reporter);
    let scratch = scratch_directory("protea-predict-")?;

    let candidate = Candidate::find(args, reporter)?;
    output::check_places(args, candidate.source())?;
    // Fitting can take hours: what is wrong with the queries is said before.
    let queries = Queries::prepare(args, candidate.source(), scratch.path(), reporter)?;
    candidate.check(&queries)?;
    let model = candidate.fitted()?;
    let request = PredictRequest::new(
        model.uri.clone(),
        queries.dataset.uri.clone(),
        store::uri_of(&scratch.path().join("output"))?,
    );
    let predicted = call(args, &model, &queries, request, reporter)?;
    finish(
        args,
        (&model, &queries),
        &predicted,
        &|_, _| Ok(()),
        reporter,
    )
}

/// Writes what the arguments ask for. Calls `before` for each file, with its path and that of the written
/// file, which is renamed to it then.
pub(super) fn finish(
    args: &PredictArgs,
    (model, queries): (&Model, &Queries),
    predicted: &PredictResult,
    before: &dyn Fn(&Path, &Path) -> io::Result<()>,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    fail_if_cancelled()?;
    let written = output::write(args, (model, queries), predicted, before, reporter)?;
    reporter.abandon();
    let mut predicted = predicted.clone();
    queries.count_left_out(&mut predicted.counts);
    Ok(report(args, model, queries, &predicted, &written, reporter))
}

/// Calls the runner with a request that names model, dataset and output; the arguments say the rest.
pub(super) fn call(
    args: &PredictArgs,
    model: &Model,
    queries: &Queries,
    mut request: PredictRequest,
    reporter: &Reporter,
) -> Result<PredictResult, Failure> {
    request.run_id.clone_from(&model.run_id);
    request.minimum_score = args.minimum_score;
    request.evidence = args.evidence.map_or(0, NonZeroUsize::get);
    request.limit = output::limit(args);
    let workspace = Workspace::at(&args.execution.workspace.workspace)?;
    let log_level = args.execution.log_level.map(LogFrom::level);
    let predicted = Experiment::new(&model.source.runner, &workspace)
        .with_seed(model.seed.unwrap_or(args.execution.seed))
        .with_threads(args.execution.threads)
        .with_observer(ProgressObserver::new(reporter, log_level))
        .predict(&request);
    reporter.abandon();
    predicted.map_err(|error| {
        let failure = Failure::from(error);
        match queries.missing(&model.source) {
            Some(note) => failure.with_note(note),
            None => failure,
        }
    })
}

fn report(
    args: &PredictArgs,
    model: &Model,
    queries: &Queries,
    predicted: &PredictResult,
    written: &Written,
    reporter: &Reporter,
) -> Report {
    let counts = &predicted.counts;
    let descriptor = &model.source.runner.entry().descriptor;
    let mut lines = Lines::default();
    lines.add(
        "predicted by",
        format!("{} {}", descriptor.name, descriptor.version),
    );
    if let Some(training) = &model.source.training {
        lines.add("trained on", &training.manifest().name);
    }
    lines.add(
        "proteins",
        format!(
            "{}, {} with predictions",
            count(counts.proteins),
            count(counts.predicted)
        ),
    );
    let mut label = "without";
    for (reason, proteins) in &counts.unpredicted {
        lines.add(label, format!("{}: {reason}", count(*proteins)));
        label = "";
    }
    let formatted = &written.formatted;
    lines.add("written", format!("{} terms", count(formatted.predictions)));
    if formatted.roots > 0 {
        lines.add(
            "left out",
            format!(
                "{} root terms, which every protein has",
                count(formatted.roots)
            ),
        );
    }
    if formatted.filtered > 0 {
        lines.add(
            "filtered",
            format!(
                "{} terms, because of the options",
                count(formatted.filtered)
            ),
        );
    }
    if formatted.unknown > 0 {
        reporter.warn(&format!(
            "{} ({}) {} not in the ontology {}; its version may differ from that of the model's ontology",
            plural(formatted.unknown, "prediction"),
            formatted.unknown_examples.join(", "),
            if formatted.unknown == 1 {
                "has a term that is"
            } else {
                "have terms that are"
            },
            queries.ontology.source()
        ));
    }
    if let Some(path) = &args.output {
        lines.add("predictions", display_path(path));
    }
    let json = json!({
        "provenance": Value::Object(provenance(model, queries)),
        "counts": counts,
        "written": {
            "proteins": formatted.proteins,
            "predictions": formatted.predictions,
            "roots_left_out": formatted.roots,
            "filtered": formatted.filtered,
            "unknown_terms": formatted.unknown,
        },
        "output": args.output.as_ref().map(|path| path.to_string_lossy()),
        "extras": predicted.extras,
    });
    let text = lines.to_string();
    if args.output.is_some() {
        return Report { text, json };
    }
    // Standard output has the predictions.
    for line in text.lines() {
        reporter.note(line);
    }
    Report {
        text: String::new(),
        json,
    }
}

/// Where predictions come from: what is needed to make them again.
fn provenance(model: &Model, queries: &Queries) -> Map<String, Value> {
    let entry = model.source.runner.entry();
    let training =
        model.source.training.as_ref().map(
            |training| json!({ "name": training.manifest().name, "sha256": training.sha256() }),
        );
    Map::from_iter([
        (
            "runner".to_owned(),
            json!({
                "name": entry.descriptor.name,
                "version": entry.descriptor.version,
                "sha256": entry.sha256,
            }),
        ),
        ("run_id".to_owned(), json!(model.run_id)),
        ("model".to_owned(), json!(store::redacted(&model.uri))),
        ("train_dataset".to_owned(), json!(training)),
        (
            "queries".to_owned(),
            json!({ "name": queries.dataset.name, "sha256": queries.dataset.sha256 }),
        ),
        (
            "ontology_version".to_owned(),
            json!(queries.ontology.version()),
        ),
        (
            "protea_version".to_owned(),
            json!(env!("CARGO_PKG_VERSION")),
        ),
    ])
}
