//! `protea gather`.

use std::sync::Arc;

use protea_core::{
    Workspace,
    engine::{MirrorUse, PlanDirectory, TaskState, TaskStatus},
    experiment::Delegation,
    workspace::Status,
};
use serde_json::{Value, json};

use super::{
    command::{parts, recorded, run_command},
    location::Opened,
    missing, parts as plan_parts, prediction,
    surveying::add_tasks,
};
use crate::{
    args::GatherArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter},
};

/// How many tasks that failed are named.
const EXAMPLES: usize = 3;

/// Records the results of a plan in the workspace.
pub fn gather(args: &GatherArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let plan = Opened::new(&args.plan, MirrorUse::Gather, reporter)?.plan;
    if plan.plan().prediction.is_some() {
        let options = prediction::GatherOptions {
            json,
            is_partial: args.partial,
            output: args.output.as_deref(),
            force: args.force,
        };
        return prediction::gather(&plan, &options, reporter);
    }
    if args.output.is_some() || args.force {
        return Err(Failure::new(
            Exit::Usage,
            "--output and --force are for plans of `protea predict`; this one records runs in a workspace",
        ));
    }
    if args.partial {
        return gather_part(&plan, reporter);
    }
    gather_all(&plan, json, reporter)
}

/// Records the results of a plan that is complete.
pub(super) fn gather_all(
    plan: &PlanDirectory,
    json: bool,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    if plan.plan().prediction.is_some() {
        let options = prediction::GatherOptions {
            json,
            ..prediction::GatherOptions::default()
        };
        return prediction::gather(plan, &options, reporter);
    }
    if let Some(report) = gathered(plan) {
        return Ok(report);
    }
    let added = add_tasks(plan, reporter)?;
    let statuses = plan.statuses()?;
    if !missing::without_result(&statuses).is_empty() {
        return Err(missing::failure(plan, &statuses, added));
    }
    name_failed(&statuses, reporter);
    remove_unfinished(plan)?;
    let report = record(plan, false, reporter)?;
    plan.keep_gathered(&json!({ "text": report.text, "json": report.json }))?;
    Ok(report)
}

/// Records what has a result.
fn gather_part(plan: &PlanDirectory, reporter: &Reporter) -> Result<Report, Failure> {
    let statuses = plan.statuses()?;
    if missing::without_result(&statuses).is_empty() && add_tasks(plan, reporter)? == 0 {
        return gather_all(plan, false, reporter);
    }
    name_failed(&statuses, reporter);
    let text = missing::text(&statuses);
    let list = missing::json(&statuses);
    match record(plan, true, reporter) {
        Ok(mut report) => {
            report.text = format!("{}\n{text}", report.text);
            if let Value::Object(object) = &mut report.json {
                object.insert("partial".to_owned(), true.into());
                object.insert("tasks".to_owned(), list);
            }
            Ok(report)
        }
        Err(failure) => Err(failure.with_text(text).with_detail("tasks", list)),
    }
}

fn record(plan: &PlanDirectory, is_partial: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let mut command = recorded(plan)?;
    plan_parts::datasets(plan.plan())?;
    let delegation = Arc::new(Delegation::gather(plan, is_partial)?);
    if let Some(parts) = parts(&mut command) {
        plan_parts::runners(plan.plan(), parts.execution)?;
        // `protea sync` sends what the tasks and this recorded.
        parts.execution.tracking.offline = true;
        parts.execution.delegation = Some(delegation);
    }
    run_command(&command, reporter)
}

/// The report of an earlier call, if what it recorded is still in the workspace.
fn gathered(plan: &PlanDirectory) -> Option<Report> {
    let kept = plan.gathered()?;
    let run_id = kept["json"]["run_id"].as_str()?;
    let workspace = Workspace::at(&plan.plan().workspace).ok()?;
    workspace.find_run(run_id).ok()?;
    Some(Report {
        text: kept["text"].as_str()?.to_owned(),
        json: kept["json"].clone(),
    })
}

/// Removes the run that groups the others, if an earlier call was killed while it recorded.
fn remove_unfinished(plan: &PlanDirectory) -> Result<(), Failure> {
    let plan = plan.plan();
    if plan.name.is_none() || !plan.workspace.is_dir() {
        return Ok(());
    }
    let workspace = Workspace::at(&plan.workspace)?;
    if let Ok(run) = workspace.find_run(plan.parent.as_str())
        && run.manifest.status != Status::Running
    {
        workspace.remove_run(&run.directory, &plan.parent)?;
    }
    Ok(())
}

/// Says which tasks failed for good. They are in the tables too.
fn name_failed(statuses: &[TaskStatus], reporter: &Reporter) {
    let failed = statuses
        .iter()
        .filter(|status| matches!(status.state, TaskState::Failed(_)));
    let failed: Vec<&TaskStatus> = failed.collect();
    for status in failed.iter().take(EXAMPLES) {
        reporter.warn(&format!(
            "task {} ({}) failed: {}",
            status.index,
            status.name,
            status.reason()
        ));
    }
    if failed.len() > EXAMPLES {
        reporter.warn(&format!("{} more tasks failed", failed.len() - EXAMPLES));
    }
}
