//! Gathers a planned prediction: completes it from partial results if the references were split, puts
//! the parts of the queries together, and writes what the planned command would have written.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
};

use protea_cafa::prediction::{EVIDENCE, PREDICTIONS, UNPREDICTED};
use protea_core::{
    contracts::{PredictRequest, PredictResult, PredictionCounts, content::digest_file},
    engine::{
        EngineError, PlanDirectory, Task, TaskPrediction, TaskState, TaskStatus, model_identity,
    },
    store,
};
use protea_files::{Links, is_regular};
use serde_json::{Map, Value, json};

use super::layout::ALL;
use crate::{
    args::{Command, PredictArgs},
    commands::{
        output_file::{Existing, check_output},
        plan::{
            command::{parts, recorded},
            missing, parts as plan_parts,
        },
        predict::{self, model::Model, output, queries::Queries},
        run_setup::fail_if_cancelled,
    },
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Report, Reporter},
    scratch::scratch_directory,
};

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
    if let Some(report) = gathered(plan, args.output.as_deref()) {
        return Ok(report);
    }
    output::check(&args, options.json)?;
    output::check_vacant(&args)?;
    interrupt::cooperate(reporter);
    let statuses = plan.statuses()?;
    let tasks = plan.tasks()?;
    refuse_failed(&statuses)?;
    let open = missing::without_result(&statuses);
    if !open.is_empty() && !options.is_partial {
        return Err(missing::failure(plan, &statuses, 0));
    }
    let groups: Vec<Vec<(&Task, &TaskStatus)>> = by_queries(&tasks, &statuses);
    let is_whole = |group: &&Vec<(&Task, &TaskStatus)>| {
        let mut states = group.iter().map(|(_, status)| &status.state);
        states.all(|state| matches!(state, TaskState::Finished(_)))
    };
    let whole: Vec<_> = groups.iter().filter(is_whole).collect();
    if whole.is_empty() {
        return Err(missing::failure(plan, &statuses, 0));
    }
    check_sources(plan)?;
    let scratch = scratch_directory("protea-gather-")?;
    let model = Model::find(&args, reporter)?;
    let queries = Queries::prepare(&args, &model, scratch.path(), reporter)?;
    let mut joined = Joined::create(&scratch.path().join("joined"))?;
    reporter.start("gathering predictions");
    for (number, group) in whole.iter().enumerate() {
        fail_if_cancelled()?;
        let output = scratch.path().join("completed");
        let part = part(&args, plan, (&model, &queries), group, &output, reporter)?;
        joined.add(&part)?;
        remove(&output)?;
        reporter.progress(number as u64 + 1, whole.len() as u64);
    }
    reporter.abandon();
    let predicted = joined.finish()?;
    let mut report = predict::finish(&args, &model, &queries, &predicted, reporter)?;
    if open.is_empty() {
        keep(plan, &args, &report)?;
    } else {
        let left_out = groups.len() - whole.len();
        reporter.warn(&format!(
            "{left_out} of {} parts of the proteins are left out",
            groups.len()
        ));
        report.text = format!("{}\n{}", report.text, missing::text(&statuses));
        if let Value::Object(object) = &mut report.json {
            object.insert("partial".to_owned(), true.into());
            object.insert("tasks".to_owned(), missing::json(&statuses));
        }
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
    let mut command = recorded(plan.plan())?;
    if let Some(parts) = parts(&mut command) {
        plan_parts::runners(plan.plan(), parts.execution)?;
    }
    let Command::Predict(mut args) = command else {
        let message = "the planned command is not one that predicts";
        return Err(Failure::new(Exit::Input, message));
    };
    if let Some(output) = output {
        // The planned --force is about the planned files.
        if gathered(plan, Some(&output)).is_none() {
            check_output(&output, Existing::from_force(options.force))?;
        }
        args.output = Some(output);
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

/// A task that failed for good makes the prediction impossible.
fn refuse_failed(statuses: &[TaskStatus]) -> Result<(), Failure> {
    let is_failed = |status: &&TaskStatus| matches!(status.state, TaskState::Failed(_));
    let failed: Vec<&TaskStatus> = statuses.iter().filter(is_failed).collect();
    let Some(first) = failed.first() else {
        return Ok(());
    };
    let others = match failed.len() {
        1 => String::new(),
        more => format!(" ({} tasks failed)", more),
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
    .with_detail("tasks", missing::json(statuses)))
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
        prediction.check(task.index, &directory)?;
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

/// The predictions of all parts, one after the other.
struct Joined {
    directory: PathBuf,
    predictions: File,
    unpredicted: File,
    evidence: Option<File>,
    counts: PredictionCounts,
    extras: Vec<Map<String, Value>>,
}

impl Joined {
    fn create(directory: &Path) -> Result<Self, Failure> {
        fs::create_dir(directory).map_err(unwritable(directory))?;
        let create = |name: &str| {
            let path = directory.join(name);
            File::create(&path).map_err(unwritable(&path))
        };
        Ok(Self {
            directory: directory.to_owned(),
            predictions: create(PREDICTIONS)?,
            unpredicted: create(UNPREDICTED)?,
            evidence: None,
            counts: PredictionCounts::default(),
            extras: Vec::new(),
        })
    }

    fn add(&mut self, part: &PredictResult) -> Result<(), Failure> {
        let predictions = store::local_path(&part.predictions_uri)?;
        append(&predictions, &mut self.predictions)?;
        let unpredicted = predictions.with_file_name(OsStr::new(UNPREDICTED));
        // A runner does not have to list them.
        if is_regular(&unpredicted) {
            append(&unpredicted, &mut self.unpredicted)?;
        }
        if let Some(uri) = &part.evidence_uri {
            let evidence = match &mut self.evidence {
                Some(evidence) => evidence,
                none => {
                    let path = self.directory.join(EVIDENCE);
                    none.insert(File::create(&path).map_err(unwritable(&path))?)
                }
            };
            append(&store::local_path(uri)?, evidence)?;
        }
        let (all, counts) = (&mut self.counts, &part.counts);
        all.proteins += counts.proteins;
        all.predicted += counts.predicted;
        all.predictions += counts.predictions;
        for (reason, proteins) in &counts.unpredicted {
            *all.unpredicted.entry(reason.clone()).or_default() += proteins;
        }
        if !self.extras.contains(&part.extras) {
            self.extras.push(part.extras.clone());
        }
        Ok(())
    }

    fn finish(mut self) -> Result<PredictResult, Failure> {
        let predictions = store::uri_of(&self.directory.join(PREDICTIONS))?;
        let mut result = PredictResult::new(predictions, self.counts);
        if self.evidence.is_some() {
            result.evidence_uri = Some(store::uri_of(&self.directory.join(EVIDENCE))?);
        }
        result.extras = match self.extras.len() {
            0 | 1 => self.extras.pop().unwrap_or_default(),
            // What runners return beside predictions need not be what can be added.
            _ => Map::from_iter([("parts".to_owned(), json!(self.extras))]),
        };
        Ok(result)
    }
}

fn append(from: &Path, to: &mut File) -> Result<(), Failure> {
    let mut file = protea_files::open(from, Links::Refuse).map_err(EngineError::from)?;
    io::copy(&mut file, to).map_err(unwritable(from))?;
    Ok(())
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> Failure {
    let path = path.to_owned();
    move |source| EngineError::Write { path, source }.into()
}

fn remove(directory: &Path) -> Result<(), Failure> {
    match protea_files::remove_tree(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(unwritable(directory)(error)),
        _ => Ok(()),
    }
}

/// The report of an earlier call, if the file that it wrote is as it was.
fn gathered(plan: &PlanDirectory, output: Option<&Path>) -> Option<Report> {
    let output = output?;
    let kept = plan.gathered()?;
    if kept["output"].as_str()? != output_name(output) {
        return None;
    }
    let (sha256, _) = digest_file(output).ok()?;
    (kept["sha256"].as_str()? == sha256.to_string()).then(|| Report {
        text: kept["text"].as_str().unwrap_or_default().to_owned(),
        json: kept["json"].clone(),
    })
}

fn keep(plan: &PlanDirectory, args: &PredictArgs, report: &Report) -> Result<(), Failure> {
    let Some(output) = args.output.as_deref() else {
        return Ok(());
    };
    let (sha256, _) = digest_file(output).map_err(unwritable(output))?;
    Ok(plan.keep_gathered(&json!({
        "text": report.text,
        "json": report.json,
        "output": output_name(output),
        "sha256": sha256,
    }))?)
}

fn output_name(output: &Path) -> String {
    let absolute = std::path::absolute(output).unwrap_or_else(|_| output.to_owned());
    absolute.to_string_lossy().into_owned()
}
