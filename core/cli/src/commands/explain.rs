//! `protea explain`.

use protea_cafa::dataset::FrozenDataset;
use protea_core::{
    Dataset, Experiment, Runner, Workspace,
    contracts::ExplainRequest,
    store,
    text::escape_line,
    workspace::{Needed, RecordedRun},
};
use serde_json::{Map, Value, json};

use super::{
    run_setup::{check_record, dataset, isolation, trusted},
    usable_run,
};
use crate::{
    args::ExplainArgs,
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Asked, Report, Reporter, explanation},
    progress_observer::ProgressObserver,
};

/// Shows where the scores of a protein in a run come from, as its runner explains them.
pub fn explain(args: &ExplainArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = Workspace::at(&args.workspace)?;
    let needed = match args.dataset {
        Some(_) => Needed::Model,
        None => Needed::ScoredModel,
    };
    let run = usable_run::find(&workspace, &args.run, needed, reporter)?;
    let manifest = &run.manifest;
    let (recorded, model_uri) = (run.runner()?, run.model_uri()?);
    check_record(model_uri, &args.run, reporter)?;
    let isolation = isolation(&args.isolation)?;
    let catalog = trusted(&args.runners, &args.lock)?;
    let entry = catalog.find(&recorded.name)?;
    if let Err(other) = run.check_runner(&entry) {
        if !args.allow_other_runner {
            let failure = Failure::from(other);
            return Err(failure.with_note(
                "--runner-dir adds a directory to search; --allow-other-runner uses the runner as it is now".to_owned(),
            ));
        }
        reporter.warn(&other.to_string());
    }
    let runner = Runner::load(&catalog.find(&recorded.name)?, &isolation)?;
    interrupt::cooperate(reporter);
    let dataset = dataset_of(args, &run, reporter)?;

    let mut request = ExplainRequest::new(
        model_uri.clone(),
        dataset.uri.clone(),
        args.accession.as_str(),
    );
    request.term.clone_from(&args.term);
    request.limit = args.limit;
    request.run_id = manifest.run_id.to_string();
    let explained = Experiment::new(&runner, &workspace)
        .with_seed(manifest.seed)
        .with_threads(args.threads)
        .with_observer(ProgressObserver::new(reporter, None))
        .explain(&request);
    reporter.abandon();
    let explained = explained.map_err(|error| {
        let failure = Failure::from(error);
        if !is_missing(&dataset, &args.accession) {
            return failure;
        }
        failure.with_note(
            "for a protein of another dataset give --dataset; for new sequences use `protea predict \
             … --evidence`"
                .to_owned(),
        )
    })?;

    let text = format!(
        "{} · {} {} · {} · run {}\n\n{}",
        escape_line(&explained.accession),
        escape_line(&recorded.name),
        runner.entry().descriptor.version,
        escape_line(&dataset.name),
        manifest.run_id,
        explanation(
            &explained,
            match args.term {
                Some(_) => Asked::OneTerm,
                None => Asked::Predicted,
            }
        )
    );
    let mut json = Map::from_iter([
        ("run_id".to_owned(), json!(manifest.run_id)),
        ("runner".to_owned(), json!(recorded.name)),
        ("model_uri".to_owned(), json!(model_uri)),
        ("dataset".to_owned(), json!(dataset)),
    ]);
    if let Value::Object(explained) = json!(explained) {
        json.extend(explained);
    }
    Ok(Report {
        text,
        json: Value::Object(json),
    })
}

/// Whether the dataset is one of proteins and does not have this one.
fn is_missing(dataset: &Dataset, accession: &str) -> bool {
    let path = store::local_path(&dataset.uri).ok();
    let frozen = path.and_then(|path| FrozenDataset::open(&path).ok());
    frozen.is_some_and(|frozen| frozen.index_of(accession).is_none())
}

/// The dataset of `--dataset`, or the one that the run was scored on if it has not changed.
fn dataset_of(
    args: &ExplainArgs,
    run: &RecordedRun,
    reporter: &Reporter,
) -> Result<Dataset, Failure> {
    let staged = |location: &str| dataset(location, reporter);
    if let Some(location) = &args.dataset {
        return staged(location);
    }
    let note = || "--dataset gives the dataset that contains the protein".to_owned();
    let recorded = run
        .dataset("eval")
        .map_err(|error| Failure::from(error).with_note(note()))?;
    let found = staged(recorded.source().as_str()).map_err(|failure| failure.with_note(note()))?;
    if found.sha256 == recorded.sha256 {
        return Ok(found);
    }
    let message = format!(
        "{} has changed since the run {}: its manifest has SHA-256 {}, it was {}",
        recorded.source(),
        run.manifest.run_id,
        found.sha256,
        recorded.sha256
    );
    Err(Failure::new(Exit::Input, message).with_note(note()))
}
