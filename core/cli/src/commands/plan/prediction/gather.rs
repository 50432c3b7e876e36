//! Gathers a planned prediction: completes it from partial results if the references were split, puts
//! the parts of the queries together, and writes what the planned command would have written.

use std::{
    io,
    path::{Path, PathBuf},
};

use protea_cafa::prediction::UNPREDICTED;
use protea_core::{
    contracts::{PredictRequest, PredictResult},
    engine::{
        EngineError, PlanDirectory, Task, TaskPrediction, TaskState, TaskStatus, model_identity,
    },
    store,
};
use serde_json::Value;

use super::{
    complete,
    joined::{Joined, unwritable},
    layout::{ALL, read_left_out},
    outputs,
};
use crate::{
    args::{Command, PredictArgs},
    commands::{
        output_file::{Existing, check_output},
        plan::{
            command::{parts, recorded},
            missing, parts as plan_parts,
        },
        predict::{self, candidate::Candidate, model::Model, output, queries::Queries},
        run_setup::fail_if_cancelled,
    },
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Report, Reporter, display_path},
    scratch::scratch_directory,
};

/// How many tasks that failed are named.
const EXAMPLES: usize = 3;

/// How a prediction is gathered.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::commands::plan) struct GatherOptions<'o> {
    /// Whether the report goes to standard output.
    pub(in crate::commands::plan) json: bool,
    /// Whether parts without a result are left out.
    pub(in crate::commands::plan) is_partial: bool,
    /// The file to write instead of the planned one.
    pub(in crate::commands::plan) output: Option<&'o Path>,
    /// Whether it may be replaced.
    pub(in crate::commands::plan) force: bool,
}

/// Writes the predictions of a plan.
pub(in crate::commands::plan) fn gather(
    plan: &PlanDirectory,
    options: &GatherOptions<'_>,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    let args = planned_arguments(plan, options)?;
    if let Some(report) = outputs::gathered(plan, &args) {
        return Ok(report);
    }
    output::check(&args, options.json)?;
    output::check_vacant(&args, &|file| plan.is_output(file))?;
    interrupt::cooperate(reporter);
    let tasks = plan.tasks()?;
    let statuses = tasks.iter().map(|task| plan.status(task));
    let statuses = statuses.collect::<Result<Vec<TaskStatus>, EngineError>>()?;
    let groups: Vec<Vec<(&Task, &TaskStatus)>> = by_queries(&tasks, &statuses);
    let queries_len = complete::check_tasks(plan, &tasks, &groups)?;
    if !options.is_partial {
        refuse_failed(plan, &statuses)?;
        if !missing::without_result(&statuses).is_empty() {
            return Err(missing::failure(plan, &statuses, 0));
        }
    }
    let is_whole = |group: &&Vec<(&Task, &TaskStatus)>| {
        let mut states = group.iter().map(|(_, status)| &status.state);
        states.all(|state| matches!(state, TaskState::Finished(_)))
    };
    let whole: Vec<_> = groups.iter().filter(is_whole).collect();
    if whole.is_empty() {
        refuse_failed(plan, &statuses)?;
        return Err(missing::failure(plan, &statuses, 0));
    }
    check_sources(plan)?;
    let scratch = scratch_directory("protea-gather-")?;
    let candidate = Candidate::find(&args, reporter)?;
    output::check_places(&args, candidate.source())?;
    let model = candidate.fitted()?;
    complete::check_model(plan, &model)?;
    let queries = Queries::prepare(&args, &model.source, scratch.path(), reporter)?;
    let queries = queries.with_left_out(read_left_out(plan.path())?);
    complete::check_queries(plan, &queries, queries_len)?;
    let mut joined = Joined::create(&scratch.path().join("joined"))?;
    reporter.start("gathering predictions");
    for (number, group) in whole.iter().enumerate() {
        fail_if_cancelled()?;
        let output = scratch.path().join("completed");
        let part = part(&args, plan, (&model, &queries), group, &output, reporter)?;
        complete::check_counts(group, &part.counts)?;
        joined.add(&part)?;
        remove(&output)?;
        reporter.progress(number as u64 + 1, whole.len() as u64);
    }
    reporter.abandon();
    let predicted = joined.finish()?;
    let note = |file: &Path, written: &Path| outputs::note(plan, file, written);
    let mut report = predict::finish(&args, (&model, &queries), &predicted, &note, reporter)?;
    if whole.len() == groups.len() {
        outputs::keep(plan, &args, &report)?;
        return Ok(report);
    }
    let left_out = groups.len() - whole.len();
    reporter.warn(&format!(
        "{left_out} of {} parts of the proteins are left out",
        groups.len()
    ));
    name_failed(plan, &statuses, reporter)?;
    let text = missing::text(&statuses);
    if args.output.is_some() {
        report.text = format!("{}\n{text}", report.text);
    } else {
        // Standard output has the predictions.
        text.lines().for_each(|line| reporter.note(line));
    }
    if let Value::Object(object) = &mut report.json {
        object.insert("partial".to_owned(), true.into());
        object.insert("tasks".to_owned(), missing::json(&statuses));
    }
    Ok(report)
}

/// The arguments of the planned command, with those of gathering.
fn planned_arguments(
    plan: &PlanDirectory,
    options: &GatherOptions<'_>,
) -> Result<PredictArgs, Failure> {
    // Before the directory of the planned command becomes the current one.
    let output = options.output.map(std::path::absolute).transpose();
    let output = output.map_err(|error| Failure::new(Exit::Output, error.to_string()))?;
    let mut command = recorded(plan)?;
    if let Some(parts) = parts(&mut command) {
        plan_parts::runners(plan.plan(), parts.execution)?;
    }
    let Command::Predict(mut args) = command else {
        let message = "the planned command is not one that predicts";
        return Err(Failure::new(Exit::Input, message));
    };
    // `latest` and the beginning of an id may mean another run by now.
    if let Some(planned) = &plan.plan().prediction
        && !planned.model_name.is_empty()
    {
        args.model.clone_from(&planned.model_name);
    }
    if let Some(output) = output {
        // The planned --force is about the planned files.
        args.output = Some(output.clone());
        if !plan.is_output(&output) && outputs::gathered(plan, &args).is_none() {
            check_output(&output, Existing::from_force(options.force))?;
        }
    }
    args.force |= options.force;
    if args.fasta.take().is_some() {
        let all = plan.path().join(protea_core::engine::QUERIES).join(ALL);
        args.dataset = Some(crate::commands::run_setup::location_of(&all));
    }
    Ok(*args)
}

/// Fails if the model or a dataset is not the one that was planned with.
fn check_sources(plan: &PlanDirectory) -> Result<(), Failure> {
    plan_parts::datasets(plan.plan())?;
    let Some(planned) = &plan.plan().prediction else {
        return Ok(());
    };
    let found = model_identity(&planned.model)?;
    if found == planned.model_sha256 {
        return Ok(());
    }
    Err(EngineError::ModelChanged {
        path: store::local_path(&planned.model)?,
        found: Box::new(found),
        expected: Box::new(planned.model_sha256),
    }
    .into())
}

/// Fails if a task failed and would fail again.
fn refuse_failed(plan: &PlanDirectory, statuses: &[TaskStatus]) -> Result<(), Failure> {
    let failed = failed(statuses);
    let Some(first) = failed.first() else {
        return Ok(());
    };
    let others = match failed.len() {
        1 => String::new(),
        more => format!(" ({more} tasks failed)"),
    };
    Err(Failure::new(
        Exit::Runner,
        format!(
            "task {} ({}) failed, and would fail again: {}{others}",
            first.index,
            first.name,
            first.reason()
        ),
    )
    .with_note(format!(
        "{}; --partial leaves its proteins out",
        again(plan, first)?
    ))
    .with_detail("tasks", missing::json(statuses)))
}

/// Says which tasks failed and are left out.
fn name_failed(
    plan: &PlanDirectory,
    statuses: &[TaskStatus],
    reporter: &Reporter,
) -> Result<(), Failure> {
    let failed = failed(statuses);
    for status in failed.iter().take(EXAMPLES) {
        reporter.warn(&format!(
            "task {} ({}) failed: {}; {}",
            status.index,
            status.name,
            status.reason(),
            again(plan, status)?
        ));
    }
    if failed.len() > EXAMPLES {
        reporter.warn(&format!("{} more tasks failed", failed.len() - EXAMPLES));
    }
    Ok(())
}

fn failed(statuses: &[TaskStatus]) -> Vec<&TaskStatus> {
    let is_failed = |status: &&TaskStatus| matches!(status.state, TaskState::Failed(_));
    statuses.iter().filter(is_failed).collect()
}

/// How to try a failed task again.
fn again(plan: &PlanDirectory, status: &TaskStatus) -> Result<String, Failure> {
    let result = plan.result(&status.id)?;
    let directory = result.map_or_else(|| plan.path().to_owned(), |(directory, _)| directory);
    Ok(format!(
        "to try again, remove {} and execute the task {} with `protea task`",
        display_path(&directory),
        status.index
    ))
}

/// The tasks of each part of the queries, in the order of these parts.
fn by_queries<'t>(
    tasks: &'t [Task],
    statuses: &'t [TaskStatus],
) -> Vec<Vec<(&'t Task, &'t TaskStatus)>> {
    let mut sorted: Vec<_> = tasks.iter().zip(statuses).collect();
    let place = |task: &Task| {
        let part = task.prediction.as_ref();
        let shard = part.and_then(|part| part.references);
        (
            part.map_or(0, |part| part.rows.start),
            shard.map_or(0, |shard| shard.index),
        )
    };
    sorted.sort_by_key(|(task, _)| place(task));
    sorted
        .chunk_by(|(one, _), (other, _)| place(one).0 == place(other).0)
        .map(<[_]>::to_vec)
        .collect()
}

/// The predictions for one part of the queries: those of its task, or completed from partial results.
fn part(
    args: &PredictArgs,
    plan: &PlanDirectory,
    (model, queries): (&Model, &Queries),
    group: &[(&Task, &TaskStatus)],
    output: &Path,
    reporter: &Reporter,
) -> Result<PredictResult, Failure> {
    let mut results = Vec::with_capacity(group.len());
    for (task, _) in group {
        let found = plan.result(&task.id)?;
        let Some((directory, prediction)) =
            found.and_then(|(directory, result)| Some((directory, result.prediction?)))
        else {
            let path = plan.path().to_owned();
            let reason = format!("the result of the task {} has no predictions", task.index);
            return Err(EngineError::Document { path, reason }.into());
        };
        prediction.check(task.index, &directory, &[UNPREDICTED])?;
        results.push((directory, prediction));
    }
    let (Some((task, _)), Some((directory, prediction))) = (group.first(), results.first()) else {
        return Err(Failure::new(Exit::Failed, "the plan has no tasks"));
    };
    let Some(part) = task
        .prediction
        .as_ref()
        .filter(|part| part.references.is_some())
    else {
        return as_result(directory, prediction);
    };
    let mut request = PredictRequest::new(
        model.uri.clone(),
        part.queries.uri.clone(),
        store::uri_of(output)?,
    );
    for (directory, prediction) in &results {
        let path = directory.join(&prediction.predictions);
        request.partials.push(store::uri_of(&path)?);
    }
    predict::call(args, model, queries, request, reporter)
}

fn as_result(directory: &Path, prediction: &TaskPrediction) -> Result<PredictResult, Failure> {
    let uri = |path: &PathBuf| store::uri_of(&directory.join(path));
    let mut result = PredictResult::new(uri(&prediction.predictions)?, prediction.counts.clone());
    result.evidence_uri = prediction.evidence.as_ref().map(uri).transpose()?;
    result.extras.clone_from(&prediction.extras);
    Ok(result)
}

fn remove(directory: &Path) -> Result<(), Failure> {
    match protea_files::remove_tree(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(directory)(error)),
        _ => Ok(()),
    }
}
