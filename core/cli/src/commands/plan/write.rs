//! Writes a plan.

use std::{path::Path, sync::Arc};

use protea_core::{
    engine::{EngineError, MirrorUse, PlanDirectory, Pull, StoredPlan},
    experiment::Delegation,
    store,
};
use serde_json::json;
use url::Url;

use super::{
    command::{PREDICT, Parts, parts, planned},
    gather, local,
    location::{Location, connect, directory_needed, place, to_gather},
    made::Made,
    prediction, slurm,
    surveying::survey,
};
use crate::{
    args::{Command, EngineName},
    example_data,
    exit::Exit,
    failure::Failure,
    output::{Lines, Report, Reporter},
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
    let location = Location::parse(&plan.plan.clone().unwrap_or_default())?;
    if execution.tracking.job.is_some() {
        let message = "--job and --plan cannot be used together; leave out --job: protea then puts \
                       each run into the job of its settings";
        return Err(Failure::new(Exit::Usage, message));
    }
    if let Command::Run(args) = &command
        && args.output.is_some()
    {
        let message = "--output and --plan cannot be used together; leave out --output, and use \
                       `protea export` after `protea gather`";
        return Err(Failure::new(Exit::Usage, message));
    }
    let directory = match location {
        Location::Directory(directory) => directory,
        Location::Stored(uri) => {
            let what = match (engine, kind) {
                (Some(EngineName::Slurm), _) => Some("the engine slurm"),
                (_, PREDICT) => Some("a prediction, whose tasks read the model,"),
                _ => None,
            };
            if let Some(what) = what {
                return Err(directory_needed(&store::redacted(&uri), what));
            }
            let opened = write_stored(kind, &mut command, &uri, reporter)?;
            let Some(EngineName::Local) = engine else {
                return report(&opened.made);
            };
            local::run(&opened.made.directory, jobs, reporter)?;
            return gather::gather_all(&to_gather(&opened.stored)?, json, reporter);
        }
    };
    let directory = std::path::absolute(&directory).unwrap_or(directory);
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

/// A plan that is in a store now.
struct Stored {
    made: Made,
    stored: StoredPlan,
}

/// Writes a plan to a directory of this machine and sends it.
fn write_stored(
    kind: &str,
    command: &mut Command,
    uri: &Url,
    reporter: &Reporter,
) -> Result<Stored, Failure> {
    let stored = connect(uri, reporter)?;
    // What is wrong with the store is told before the command is surveyed.
    let existing = stored.mirror(MirrorUse::Status)?;
    let draft = stored.draft()?;
    let mut made = write(kind, command, &draft.path().join("plan"), reporter)?;
    let plan = made.directory.plan();
    if plan.total > made.tasks + made.reused {
        let what = "a search whose later trials depend on earlier ones";
        return Err(directory_needed(&stored.uri(), what));
    }
    let local = StoredPlan::local_datasets(&made.directory.tasks()?);
    for dataset in local.values().filter(|_| existing.is_none()) {
        reporter.note(&format!(
            "the dataset {} is on this machine only; it is sent to the store with the plan",
            dataset.name
        ));
    }
    stored.publish(&made.directory)?;
    made.is_new = existing.is_none();
    made.directory = stored
        .mirror(MirrorUse::Status)?
        .ok_or_else(|| EngineError::NoPlan {
            path: stored.uri().into(),
        })?;
    made.tasks = made.directory.tasks()?.len();
    stored.pull(&made.directory, Pull::States)?;
    Ok(Stored { made, stored })
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
    let mut plan = delegation.plan(planned(kind, &asked.from_files)?)?;
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
    let path = place(&made.directory);
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
        lines.add("", "the directory already contained this plan");
    }
    match made.tasks {
        0 => &mut lines,
        1 => lines.add("do", format!("protea task {path} --index 0")),
        tasks => lines.add(
            "do",
            format!("protea task {path} --index N, N from 0 to {}", tasks - 1),
        ),
    };
    lines.add("gather", format!("protea gather {path}"));
    Ok(Report {
        text: lines.to_string(),
        json: json!({
            "plan": made.directory.location().to_string_lossy(),
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
