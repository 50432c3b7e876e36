//! Submits the tasks of a plan to Slurm.

use protea_core::engine::{
    Engine, EngineError, PlanDirectory, SlurmEngine, SlurmOptions, Submission,
};
use serde_json::json;

use super::surveying::add_tasks;
use crate::{
    args::EngineName,
    exit::Exit,
    failure::Failure,
    output::{Lines, Report, Reporter, display_path, plural},
};

/// The options of `--slurm`.
pub(super) fn options(
    engine: Option<EngineName>,
    pairs: &[String],
) -> Result<SlurmOptions, Failure> {
    if !pairs.is_empty() && engine != Some(EngineName::Slurm) {
        return Err(Failure::new(Exit::Usage, "--slurm needs --engine slurm"));
    }
    SlurmOptions::parse(pairs.iter().map(String::as_str))
        .map_err(|error| Failure::new(Exit::Usage, format!("--slurm: {error}")))
}

/// The engine, with jobs that call this program.
pub(super) fn engine(options: &SlurmOptions) -> Result<SlurmEngine, Failure> {
    let program = std::env::current_exe().map_err(|error| {
        Failure::new(
            Exit::Failed,
            format!("cannot find the path of this program: {error}"),
        )
    })?;
    Ok(SlurmEngine::new(program, options.clone()))
}

/// Submits the tasks that have no result and no job.
pub(super) fn submit(
    plan: &PlanDirectory,
    options: &SlurmOptions,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    add_tasks(plan, reporter)?;
    let tasks = plan.tasks()?;
    let open = tasks.iter().filter(|task| !plan.has_ended(&task.id));
    let open: Vec<usize> = open.map(|task| task.index).collect();
    let submitted = match open.is_empty() {
        // Slurm has nothing to do, and need not be there.
        true => Submission::default(),
        false => engine(options)?.submit(plan, &open).map_err(remedied)?,
    };
    for note in &submitted.notes {
        reporter.note(note);
    }
    let path = display_path(plan.path());
    let mut lines = Lines::default();
    lines.add("plan", path.clone());
    lines.add("submitted", plural(submitted.tasks as u64, "task"));
    if !submitted.jobs.is_empty() {
        lines.add("jobs", submitted.jobs.join(", "));
    }
    if let Some(gather) = &submitted.gather {
        lines.add("gather", format!("job {gather}, when these have ended"));
    }
    lines.add("status", format!("protea engine status {path}"));
    if open.is_empty() && plan.gathered().is_none() {
        lines.add("gather", format!("protea gather {path}"));
    }
    Ok(Report {
        text: lines.to_string(),
        json: json!({
            "plan": plan.path().to_string_lossy(),
            "engine": "slurm",
            "tasks": tasks.len(),
            "submitted": submitted.tasks,
            "jobs": submitted.jobs,
            "gather": submitted.gather,
            "notes": submitted.notes,
        }),
    })
}

/// Says what is kept, and what the user can do.
fn remedied(error: EngineError) -> Failure {
    let cause = match &error {
        EngineError::PartlySubmitted { source, .. } => source,
        error => error,
    };
    let remedy = match cause {
        EngineError::SchedulerMissing { .. } => Some(
            "call this on a login node of the cluster, or use --engine local. The plan is written",
        ),
        EngineError::SchedulerUnreachable { .. } => {
            Some("the plan is written: repeat this command when the scheduler answers")
        }
        EngineError::Scheduler { program, .. } if program == "sbatch" => Some(
            "the plan is written, and options that sbatch refuses are not kept: repeat this command \
             with others. `--slurm KEY=` drops the option KEY of an earlier call",
        ),
        _ => None,
    };
    let failure = Failure::from(error);
    match remedy {
        Some(remedy) => failure.with_remedy(remedy.to_owned()),
        None => failure,
    }
}
