//! `protea engine`.

use std::{collections::BTreeMap, path::Path, thread, time::Duration};

use protea_core::engine::{
    Engine, EngineError, MirrorUse, PlanDirectory, SlurmEngine, SlurmOptions, TaskState, TaskStatus,
};
use serde_json::{Value, json};

use super::{
    gather, local,
    location::{Opened, place, require_directory},
    missing, slurm,
};
use crate::{
    args::{EngineCommand, EngineName, EngineResumeArgs, EngineStatusArgs},
    commands::run_setup::fail_if_cancelled,
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Lines, Report, Reporter, plural},
};

/// How often `--watch` looks. Schedulers do not like to be asked more often.
const LOOK: Duration = Duration::from_secs(5);

/// Runs a command about the jobs of a plan.
pub fn engine(command: &EngineCommand, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    match command {
        EngineCommand::Status(args) => status(args, reporter),
        EngineCommand::Resume(args) => resume(args, json, reporter),
        EngineCommand::Cancel { plan } => cancel(plan, reporter),
        EngineCommand::Logs { plan, task } => logs(plan, *task, reporter),
    }
}

fn slurm_of(plan: &PlanDirectory) -> Result<Option<SlurmEngine>, Failure> {
    match SlurmEngine::has_submitted(plan) {
        true => slurm::engine(&SlurmOptions::default()).map(Some),
        false => Ok(None),
    }
}

fn statuses(plan: &PlanDirectory, reporter: &Reporter) -> Result<Vec<TaskStatus>, Failure> {
    let Some(slurm) = slurm_of(plan)? else {
        return Ok(plan.statuses()?);
    };
    match slurm.status(plan) {
        Err(
            error @ (EngineError::Scheduler { .. }
            | EngineError::SchedulerMissing { .. }
            | EngineError::SchedulerUnreachable { .. }),
        ) => {
            reporter.warn(&format!("{error}; this is what the files of the plan say"));
            Ok(plan.statuses()?)
        }
        statuses => Ok(statuses?),
    }
}

fn status(args: &EngineStatusArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let opened = Opened::new(&args.plan, MirrorUse::Status, reporter)?;
    let plan = &opened.plan;
    if args.watch {
        interrupt::cooperate(reporter);
        reporter.start("tasks");
    }
    loop {
        let statuses = statuses(plan, reporter)?;
        if !args.watch || active(&statuses) == 0 {
            reporter.abandon();
            return Ok(report(plan, &statuses));
        }
        let ended = statuses.iter().filter(|status| status.state.has_ended());
        reporter.progress(ended.count() as u64, statuses.len() as u64);
        thread::sleep(interrupt::remaining_wait(LOOK));
        fail_if_cancelled()?;
        opened.refresh()?;
    }
}

/// How many tasks have a job or a process.
fn active(statuses: &[TaskStatus]) -> usize {
    let is_active = |status: &&TaskStatus| match &status.state {
        TaskState::Scheduled(job) => job.is_active,
        TaskState::Claimed(claim) => !claim.holder.is_gone(),
        _ => false,
    };
    statuses.iter().filter(is_active).count()
}

/// What to call for a plan of which no task has a job or a process. None if it is gathered.
fn next_step(plan: &PlanDirectory, statuses: &[TaskStatus]) -> Option<String> {
    let path = place(plan);
    let open = missing::without_result(statuses).len();
    match open {
        0 if plan.gathered().is_some() => None,
        0 => Some(format!("`protea gather {path}` gathers the results")),
        1 => Some(format!(
            "`protea engine resume {path}` executes the task without a result"
        )),
        open => Some(format!(
            "`protea engine resume {path}` executes the {open} tasks without a result"
        )),
    }
}

fn report(plan: &PlanDirectory, statuses: &[TaskStatus]) -> Report {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for status in statuses {
        *counts.entry(status.state.name()).or_default() += 1;
    }
    let mut lines = Lines::default();
    lines.add("tasks", statuses.len().to_string());
    for (name, number) in &counts {
        lines.add("", format!("{number} {name}"));
    }
    if active(statuses) == 0
        && let Some(next) = next_step(plan, statuses)
    {
        lines.add("next", next);
    }
    let tasks = statuses.iter().map(|status| {
        let mut task = json!({
            "index": status.index,
            "id": status.id,
            "name": status.name,
            "state": status.state.name(),
            "reason": status.reason(),
            "attempts": status.attempts,
        });
        if let TaskState::Scheduled(job) = &status.state {
            task["job"] = json!({
                "name": job.job,
                "state": job.state,
                "reason": job.reason,
                "exit_code": job.exit_code,
            });
        }
        task
    });
    let tasks: Vec<Value> = tasks.collect();
    Report {
        text: format!("{lines}\n{}", missing::text(statuses))
            .trim_end()
            .to_owned(),
        json: json!({
            "plan": plan.location().to_string_lossy(),
            "counts": counts,
            "total": plan.plan().total,
            "gathered": plan.gathered().is_some(),
            "tasks": tasks,
        }),
    }
}

fn resume(args: &EngineResumeArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let opened = Opened::new(&args.plan, MirrorUse::Status, reporter)?;
    let plan = &opened.plan;
    let engine = match args.engine {
        Some(engine) => engine,
        None if SlurmEngine::has_submitted(plan) => EngineName::Slurm,
        None => EngineName::Local,
    };
    let options = slurm::options(Some(engine), &args.slurm)?;
    match engine {
        EngineName::Slurm => {
            require_directory(plan, "the engine slurm")?;
            slurm::submit(plan, &options, reporter)
        }
        EngineName::Local => {
            local::run(plan, args.jobs, reporter)?;
            gather::gather_all(&opened.to_gather()?, json, reporter)
        }
    }
}

fn cancel(plan: &Path, reporter: &Reporter) -> Result<Report, Failure> {
    let plan = Opened::new(plan, MirrorUse::Status, reporter)?.plan;
    let (statuses, gathering) = match slurm_of(&plan)? {
        Some(slurm) => {
            let before = (slurm.status(&plan)?, slurm.gathering(&plan)?);
            slurm.cancel(&plan)?;
            before
        }
        None => {
            let statuses = plan.statuses()?;
            cancel_local(&plan)?;
            (statuses, Vec::new())
        }
    };
    let number = active(&statuses);
    let mut text = match (number, gathering.as_slice()) {
        (0, []) => "no task of the plan has a job or a process; nothing is cancelled".to_owned(),
        (0, _) => "the job that gathers is cancelled".to_owned(),
        (_, []) => format!("{} cancelled", plural(number as u64, "task")),
        _ => format!(
            "{} and the job that gathers are cancelled",
            plural(number as u64, "task")
        ),
    };
    if let Some(next) = next_step(&plan, &statuses) {
        text.push_str(&format!("; {next}"));
    }
    Ok(Report {
        text,
        json: json!({
            "plan": plan.location().to_string_lossy(),
            "cancelled": number,
            "gather": gathering,
        }),
    })
}

#[cfg(unix)]
fn cancel_local(plan: &PlanDirectory) -> Result<(), Failure> {
    use protea_core::engine::{LocalEngine, LocalProgress};

    struct Silent;

    impl LocalProgress for Silent {
        fn attempted(&self, _: usize, _: usize) {}

        fn is_cancelled(&self) -> bool {
            false
        }
    }

    Ok(LocalEngine::new(std::path::PathBuf::new(), 1, &Silent).cancel(plan)?)
}

#[cfg(not(unix))]
fn cancel_local(_: &PlanDirectory) -> Result<(), Failure> {
    Err(Failure::new(
        Exit::Usage,
        "the engine local is not supported on this system",
    ))
}

fn logs(plan: &Path, task: usize, reporter: &Reporter) -> Result<Report, Failure> {
    let opened = Opened::new(plan, MirrorUse::Status, reporter)?;
    let plan = &opened.plan;
    let planned = plan.task(task)?;
    let mut lines = match slurm_of(plan)? {
        Some(slurm) => slurm.logs(plan, task)?,
        None => plan.log_lines(task)?,
    };
    // The output of the process is on its machine; the log of the last run is in the store.
    if lines.is_empty()
        && let Some(stored) = &opened.stored
    {
        lines = stored.log_lines(plan, &planned.id)?;
    }
    if lines.is_empty() {
        return Err(Failure::new(
            Exit::Input,
            format!("the task {task} has no log"),
        ));
    }
    Ok(Report {
        text: lines.join("\n"),
        json: json!({ "task": task, "lines": lines }),
    })
}
