//! Writes a plan.

use std::{path::Path, sync::Arc};

use protea_core::{
    engine::{EngineError, PlanDirectory},
    experiment::Delegation,
};
use serde_json::json;

use super::{
    command::{Parts, parts, planned},
    gather, local,
    made::Made,
    prediction, slurm,
    surveying::survey,
};
use crate::{
    args::{Command, EngineName},
    example_data,
    exit::Exit,
    failure::Failure,
    output::{Lines, Report, Reporter, display_path},
};

/// Writes the plan of a command, and does it if an engine is named.
pub fn plan(mut command: Command, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let Some(Parts {
        kind,
        plan,
        execution,
        jobs,
    }) = parts(&mut command)
    else {
        return Err(Failure::new(Exit::Usage, "this command cannot be planned"));
    };
    let engine = plan.engine;
    let options = slurm::options(engine, &plan.slurm)?;
    let directory = plan.plan.clone().unwrap_or_default();
    let directory = std::path::absolute(&directory).unwrap_or(directory);
    if execution.tracking.job.is_some() {
        let message = "--job and --plan cannot be used together; leave out --job, and the runs go to \
                       the jobs of their own settings";
        return Err(Failure::new(Exit::Usage, message));
    }
    if let Command::Run(args) = &command
        && args.output.is_some()
    {
        let message = "--output and --plan cannot be used together; leave out --output, and use \
                       `protea export` after `protea gather`";
        return Err(Failure::new(Exit::Usage, message));
    }
    let made = match &command {
        Command::Predict(args) => prediction::write(args, json, &directory, reporter)?,
        _ => write(kind, &mut command, &directory, reporter)?,
    };
    match engine {
        None => report(&made),
        Some(EngineName::Slurm) => slurm::submit(&made.directory, &options, reporter),
        Some(EngineName::Local) => {
            local::run(&made.directory, jobs, reporter)?;
            gather::gather_all(&made.directory, json, reporter)
        }
    }
}

fn write(
    kind: &str,
    command: &mut Command,
    path: &Path,
    reporter: &Reporter,
) -> Result<Made, Failure> {
    let existing = match PlanDirectory::open(path) {
        Ok(plan) => Some(plan),
        Err(EngineError::NoPlan { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let (workspace, asked) = match parts(command) {
        Some(parts) => (
            parts.execution.workspace.workspace.clone(),
            parts.plan.clone(),
        ),
        None => return Err(Failure::new(Exit::Usage, "this command cannot be planned")),
    };
    let workspace = std::path::absolute(&workspace).unwrap_or(workspace);
    let delegation = Arc::new(match &existing {
        Some(plan) => Delegation::survey_results(plan)?,
        None => Delegation::survey(workspace),
    });
    survey(command, &delegation, reporter)?;
    let mut plan = delegation.plan(planned(kind)?)?;
    plan.example_data = example_data::used();
    plan.resources = asked.resources(plan.resources);
    let tasks = delegation.new_tasks();
    let (directory, is_new) = match existing {
        Some(found) if found.plan().id == plan.id => {
            if !tasks.is_empty() {
                found.append(&tasks)?;
            }
            let resources = asked.resources(found.plan().resources.clone());
            (found.with_resources(resources)?, false)
        }
        _ => (PlanDirectory::create(path, plan, &tasks)?, true),
    };
    Ok(Made {
        tasks: directory.tasks()?.len(),
        directory,
        reused: delegation.reused(),
        is_new,
    })
}

fn report(made: &Made) -> Result<Report, Failure> {
    let plan = made.directory.plan();
    let path = display_path(made.directory.path());
    let last = made.tasks.saturating_sub(1);
    let mut lines = Lines::default();
    lines.add("plan", path.clone());
    lines.add("  tasks", made.tasks.to_string());
    if plan.total > made.tasks + made.reused {
        let later = plan.total - made.tasks - made.reused;
        lines.add("", format!("at most {later} more once these have results"));
    }
    if made.reused > 0 {
        lines.add("", format!("{} reused from earlier runs", made.reused));
    }
    if !made.is_new {
        lines.add("", "the directory had this plan already");
    }
    lines.add(
        "do",
        format!("protea task {path} --index N, N from 0 to {last}"),
    );
    lines.add("gather", format!("protea gather {path}"));
    Ok(Report {
        text: lines.to_string(),
        json: json!({
            "plan": made.directory.path().to_string_lossy(),
            "id": plan.id,
            "kind": plan.kind,
            "tasks": made.tasks,
            "total": plan.total,
            "reused": made.reused,
            "run_id": plan.name.as_ref().map(|_| &plan.parent),
            "workspace": plan.workspace.to_string_lossy(),
        }),
    })
}
