//! Writes the plan of a prediction.

use std::{ffi::OsStr, fs, io, path::Path};

use protea_cafa::dataset::FrozenDataset;
use protea_core::{
    Dataset,
    contracts::{ReferenceShard, content::digest_bytes},
    engine::{
        EngineError, Plan, PlanDirectory, PlannedPrediction, PlannedRunner, PredictionPart,
        QUERIES, Resources, Task, TaskDataset, TaskRunner, model_identity,
    },
    store,
    tracking::RunId,
};
use protea_files::{TemporaryDirectory, is_directory};
use serde_json::json;

use super::layout::{ALL, QueryPart, task_dataset, write_left_out, write_parts};
use crate::{
    args::{EngineName, PredictArgs},
    commands::{
        plan::{
            command::{PREDICT, planned},
            made::Made,
        },
        predict::{candidate::Candidate, model::Model, output, queries::Queries},
    },
    example_data,
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Reporter, display_path, plural},
};

/// The memory of a task beside its embeddings, in bytes: the program, the ontology, terms of neighbours.
const BASE_MEMORY: u64 = 512 << 20;
/// What a task keeps of each reference of the model besides the part that it searches, in bytes.
const PER_REFERENCE: u64 = 32;

/// Writes the plan of a prediction to `path`.
pub(in crate::commands::plan) fn write(
    args: &PredictArgs,
    json: bool,
    path: &Path,
    reporter: &Reporter,
) -> Result<Made, Failure> {
    check(args, json)?;
    let existing = match PlanDirectory::open(path) {
        Ok(plan) => Some(plan),
        Err(EngineError::NoPlan { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    if existing.is_none() {
        output::check_vacant(args, &|_| false)?;
    }
    interrupt::cooperate(reporter);
    let staged = stage(path)?;
    let candidate = Candidate::find(args, reporter)?;
    output::check_places(args, candidate.source())?;
    let mut queries = Queries::prepare(args, candidate.source(), staged.path(), reporter)?;
    candidate.check(&queries)?;
    let model = candidate.fitted()?;
    let staged_queries = staged.path().join("parts");
    if args.fasta.is_some() {
        queries = keep_frozen(
            args,
            queries,
            &model,
            existing.as_ref(),
            &staged_queries,
            reporter,
        )?;
    }
    check_numbers(args, &model, &queries)?;
    if !store::is_local(&model.uri) {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "the model is at {}, which only its runner can read; a plan needs a model in a directory that all machines see",
                store::redacted(&model.uri)
            ),
        ));
    }
    let model_sha256 = model_identity(&model.uri)?;
    let place = path.join(QUERIES);
    let all = match args.fasta {
        Some(_) => task_dataset(
            queries.dataset.name.clone(),
            &place.join(ALL),
            queries.dataset.sha256,
        )?,
        None => TaskDataset {
            name: queries.dataset.name.clone(),
            uri: queries.dataset.source().clone(),
            sha256: queries.dataset.sha256,
        },
    };
    let shards = args.shards.query_shards;
    let prediction = PlannedPrediction {
        model: model.uri.clone(),
        model_name: model.name.clone(),
        model_sha256,
        queries: all.clone(),
        query_shards: shards,
        reference_shards: args.shards.reference_shards,
    };
    let plan = plan_of(args, &model, &queries, prediction.clone())?;
    if let Some(found) = existing {
        reporter.abandon();
        let mut made = same(found, &plan)?;
        let resources = args.plan.resources(made.directory.plan().resources.clone());
        made.directory = made.directory.with_resources(resources)?;
        return Ok(made);
    }
    let parts = if shards > 1 {
        write_parts(&queries.frozen, shards, &staged_queries, &place)?
    } else {
        vec![QueryPart {
            dataset: all.clone(),
            rows: 0..queries.frozen.len(),
        }]
    };
    let tasks = tasks(args, &model, &prediction, &parts);
    let staged_queries = is_directory(&staged_queries).then_some(staged_queries);
    let directory =
        PlanDirectory::create_with_queries(path, plan, &tasks, staged_queries.as_deref())?;
    reporter.abandon();
    Ok(Made {
        tasks: tasks.len(),
        directory,
        reused: 0,
        is_new: true,
    })
}

/// The plan that a directory has already, if it is this one.
fn same(found: PlanDirectory, plan: &Plan) -> Result<Made, Failure> {
    if found.plan().id != plan.id {
        return Err(EngineError::OtherPlan {
            path: found.path().to_owned(),
            found: Box::new(found.plan().id),
            expected: Box::new(plan.id),
        }
        .into());
    }
    Ok(Made {
        tasks: found.tasks()?.len(),
        directory: found,
        reused: 0,
        is_new: false,
    })
}

/// Fails for arguments that a plan cannot have.
fn check(args: &PredictArgs, json: bool) -> Result<(), Failure> {
    // Without an engine nothing is printed but the plan.
    output::check(args, json && args.plan.engine == Some(EngineName::Local))?;
    let usage = |message: &str| Err(Failure::new(Exit::Usage, message));
    if args.train.is_some() {
        return usage(
            "--train and --plan cannot be used together; fit first with `protea fit`, and plan with the id of that run",
        );
    }
    if args.model.contains("://") {
        return usage(
            "a plan needs a model in a directory that all machines see; copy it with `protea store cp`",
        );
    }
    if args.plan.engine == Some(EngineName::Slurm) && args.output.is_none() {
        return usage(
            "with --engine slurm the predictions are written by a job; name a file for them with --output",
        );
    }
    Ok(())
}

/// Fails if there are more parts than rows, or the runner cannot search parts.
fn check_numbers(args: &PredictArgs, model: &Model, queries: &Queries) -> Result<(), Failure> {
    let (parts, proteins) = (args.shards.query_shards, queries.frozen.len());
    if parts > proteins.max(1) {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "--query-shards {parts} is more than there are proteins: the dataset has {proteins}"
            ),
        ));
    }
    let parts = args.shards.reference_shards;
    if parts == 1 {
        return Ok(());
    }
    let capabilities = model.source.runner.capabilities();
    if !capabilities.splits_references {
        let descriptor = &capabilities.descriptor;
        return Err(Failure::new(
            Exit::Runner,
            format!(
                "the runner {} {} cannot predict from a part of its references; leave out --reference-shards, and split the proteins with --query-shards",
                descriptor.name, descriptor.version
            ),
        ));
    }
    match &model.source.training {
        Some(training) if parts > training.len() => Err(Failure::new(
            Exit::Usage,
            format!(
                "--reference-shards {parts} is more than there are references: {} has {}",
                training.manifest().name,
                plural(training.len() as u64, "protein")
            ),
        )),
        _ => Ok(()),
    }
}

/// A directory beside that of the plan, on the same file system.
fn stage(path: &Path) -> Result<TemporaryDirectory, Failure> {
    let parent = path.parent().unwrap_or(path);
    let make = || -> io::Result<TemporaryDirectory> {
        fs::create_dir_all(parent)?;
        TemporaryDirectory::create_in(parent, OsStr::new("protea-plan-"), 0o777)
    };
    make().map_err(|error| {
        let message = format!("cannot write to {}: {error}", display_path(parent));
        Failure::new(Exit::Output, message)
    })
}

/// Keeps the queries that were frozen from sequences. If a plan is there already that has the same ones,
/// its own are used: they differ in the time of freezing only.
fn keep_frozen(
    args: &PredictArgs,
    queries: Queries,
    model: &Model,
    existing: Option<&PlanDirectory>,
    staged: &Path,
    reporter: &Reporter,
) -> Result<Queries, Failure> {
    let frozen = store::local_path(&queries.dataset.uri)?;
    let left_out = queries.left_out.clone();
    if let Some(plan) = existing {
        let place = plan.path().join(QUERIES).join(ALL);
        if let Ok(before) = FrozenDataset::open(&place)
            && before.manifest().files == queries.frozen.manifest().files
        {
            let kept = Queries::open(args, &model.source, &place, reporter)?;
            return Ok(kept.with_left_out(left_out));
        }
    }
    drop(queries);
    let place = staged.join(ALL);
    let keep = || fs::create_dir_all(staged).and_then(|()| fs::rename(&frozen, &place));
    keep().map_err(|error| {
        let message = format!("{} cannot be written: {error}", display_path(&place));
        Failure::new(Exit::Output, message)
    })?;
    write_left_out(staged, &left_out)?;
    let kept = Queries::open(args, &model.source, &place, reporter)?;
    Ok(kept.with_left_out(left_out))
}

/// The tasks, in the order of the queries, then of the references.
fn tasks(
    args: &PredictArgs,
    model: &Model,
    prediction: &PlannedPrediction,
    parts: &[QueryPart],
) -> Vec<Task> {
    let count = prediction.reference_shards;
    let entry = model.source.runner.entry();
    let mut tasks = Vec::with_capacity(parts.len() * count);
    for part in parts {
        for index in 0..count {
            let references = (count > 1).then_some(ReferenceShard { index, count });
            let is_whole = references.is_none();
            let predicted = PredictionPart {
                model: prediction.model.clone(),
                model_sha256: prediction.model_sha256,
                queries: part.dataset.clone(),
                all_queries: prediction.queries.sha256,
                rows: part.rows.clone(),
                references,
                // A search in a part of the references does not depend on these.
                limit: if is_whole { output::limit(args) } else { 0 },
                minimum_score: if is_whole { args.minimum_score } else { 0.0 },
                evidence: match args.evidence {
                    Some(evidence) if is_whole => evidence.get(),
                    _ => 0,
                },
            };
            let runner = TaskRunner {
                name: entry.descriptor.name.clone(),
                sha256: entry.sha256,
            };
            let seed = model.seed.unwrap_or(args.execution.seed);
            let mut task = Task::predict(runner, predicted, seed);
            task.index = tasks.len();
            task.threads = args.execution.threads;
            tasks.push(task);
        }
    }
    tasks
}

fn plan_of(
    args: &PredictArgs,
    model: &Model,
    queries: &Queries,
    prediction: PlannedPrediction,
) -> Result<Plan, Failure> {
    let command = planned(PREDICT, &args.plan.from_files)?;
    let entry = model.source.runner.entry();
    let workspace = &args.execution.workspace.workspace;
    let workspace = std::path::absolute(workspace).unwrap_or_else(|_| workspace.clone());
    let identity = json!({
        "command": command.arguments,
        "directory": command.directory.to_string_lossy(),
        "workspace": workspace.to_string_lossy(),
        "runner": entry.sha256,
        "model": prediction.model_sha256,
        "queries": prediction.queries.sha256,
    });
    let id = digest_bytes(identity.to_string().as_bytes());
    let mut plan = Plan::new(id, RunId::from(model.run_id.as_str()));
    plan.kind = command.kind;
    plan.command = command.arguments;
    plan.directory = command.directory;
    plan.workspace = workspace;
    plan.runners.push(PlannedRunner {
        name: entry.descriptor.name.clone(),
        version: entry.descriptor.version.clone(),
        path: std::path::absolute(&entry.path).unwrap_or_else(|_| entry.path.clone()),
        sha256: entry.sha256,
    });
    if args.fasta.is_none() {
        plan.datasets.push(queries.dataset.clone());
    }
    if let Some(training) = &model.source.training {
        plan.datasets.push(Dataset::unchecked(
            training.manifest().name.clone(),
            store::uri_of(training.directory())?,
            training.sha256(),
        ));
    }
    plan.total = prediction.query_shards * prediction.reference_shards;
    plan.resources = args
        .plan
        .resources(resources(args, model, queries, &prediction));
    plan.example_data = example_data::used();
    plan.prediction = Some(prediction);
    Ok(plan)
}

/// What is known of the needs of a task. The time is not: it depends on the runner.
fn resources(
    args: &PredictArgs,
    model: &Model,
    queries: &Queries,
    prediction: &PlannedPrediction,
) -> Resources {
    let bytes = |dataset: &FrozenDataset| {
        let embedding = dataset.manifest().embedding.as_ref();
        let row = embedding.map_or(0, |embedding| embedding.width * embedding.dtype.bytes());
        (dataset.len() * row) as u64
    };
    let of_model = model.source.training.as_ref().map(|training| {
        bytes(training) / prediction.reference_shards as u64 + training.len() as u64 * PER_REFERENCE
    });
    Resources {
        cpus: Some(args.execution.threads).filter(|threads| *threads > 0),
        // Only a search in parts is known to keep no more of its references.
        memory: of_model
            .filter(|_| prediction.reference_shards > 1)
            .map(|of_model| {
                BASE_MEMORY + of_model + bytes(&queries.frozen) / prediction.query_shards as u64
            }),
        ..Resources::default()
    }
}
