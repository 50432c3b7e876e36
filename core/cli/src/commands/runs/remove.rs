//! `protea runs rm` and `protea runs gc`.

use protea_core::{
    Workspace,
    tracking::RunId,
    workspace::{KeptRun, RemovableRun, RemovalPlan, Removed, Retention},
};
use serde_json::{Value, json};

use super::{all, confirm::confirmed, find, selection, workspace};
use crate::{
    args::{ConfirmArgs, GcArgs, RmArgs},
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter, Table, bytes, plural},
};

/// Removes the runs that the user names.
pub fn rm(args: &RmArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = workspace(&args.workspace)?;
    let mut ids: Vec<RunId> = Vec::new();
    for run in &args.runs {
        let run = find(&workspace, run)?;
        let id = run.manifest.run_id;
        let recorded = workspace.run_directories();
        if !recorded
            .iter()
            .any(|(_, directory)| *directory == run.directory)
        {
            let message = format!(
                "the run {id} is not in the workspace {}; name its workspace with --workspace",
                workspace.directory().display()
            );
            return Err(Failure::new(Exit::Input, message));
        }
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let plan = workspace.plan_removal(&ids)?;
    if !plan.kept.is_empty() {
        let kept: Vec<String> = plan.kept.iter().map(in_words).collect();
        let message = format!("nothing was removed:\n{}", kept.join("\n"));
        return Err(Failure::new(Exit::Failed, message).with_detail("kept", kept_json(&plan.kept)));
    }
    carry_out(&workspace, &ids, &plan, &args.confirm, json, reporter)
}

/// Removes the runs that are not wanted any more.
pub fn gc(args: &GcArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = workspace(&args.workspace)?;
    let list = all(&workspace, reporter);
    let mut retention = Retention::new();
    if let Some(age) = args.older_than {
        retention = retention.older_than(age);
    }
    if let Some(count) = args.keep_best {
        retention = retention.keep_best(count, args.metric.clone());
    }
    if args.failed {
        retention = retention.failed();
    }
    if retention == Retention::new() {
        reporter.note("without a condition no run is removed; give one, such as --older-than 30d");
    }
    let selected = selection::filtered(&args.filters);
    let ids = retention.unwanted(&list, &selected, protea_core::tracking::now())?;
    let plan = workspace.plan_removal(&ids)?;
    carry_out(&workspace, &ids, &plan, &args.confirm, json, reporter)
}

/// Shows what goes, asks, and removes.
fn carry_out(
    workspace: &Workspace,
    ids: &[RunId],
    plan: &RemovalPlan,
    confirm: &ConfirmArgs,
    json: bool,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    let planned = Report {
        text: plan_text(plan),
        json: report_json(&plan.runs, &plan.kept, &plan.unfinished, true),
    };
    if confirm.dry_run || (plan.runs.is_empty() && plan.unfinished.is_empty()) {
        return Ok(planned);
    }
    let size = bytes(plan.bytes());
    let question = match (plan.runs.len(), plan.unfinished.len()) {
        (0, unfinished) => format!(
            "Finish the removal of {}?",
            plural(unfinished as u64, "run")
        ),
        (runs, _) => format!("Remove {} ({size})?", plural(runs as u64, "run")),
    };
    // What was begun has been confirmed before.
    let is_asked = !plan.runs.is_empty();
    if is_asked && !confirmed(confirm, &question, &planned, json, reporter)? {
        return Ok(Report {
            text: "nothing was removed\n".to_owned(),
            json: report_json(&[], &plan.kept, &[], false),
        });
    }
    reporter.start("removing");
    let removed = workspace.remove_runs(ids, |done, total| {
        reporter.progress(done as u64, total as u64);
    });
    reporter.abandon();
    let removed = removed?;
    Ok(Report {
        text: removed_text(&removed),
        json: report_json(&removed.runs, &removed.kept, &removed.finished, false),
    })
}

fn plan_text(plan: &RemovalPlan) -> String {
    let mut text = String::new();
    if plan.runs.is_empty() {
        text.push_str("no run to remove\n");
    } else {
        let mut table = Table::new(1..2, ["run", "size", "part of"]);
        for run in &plan.runs {
            let parent = run.with_parent.as_deref().unwrap_or_default();
            table.row([run.run_id.as_str(), &bytes(run.bytes), parent]);
        }
        text.push_str(&table.to_string());
        let count = plural(plan.runs.len() as u64, "run");
        text.push_str(&format!("{count}, {}\n", bytes(plan.bytes())));
    }
    text.push_str(&kept_text(&plan.kept));
    if !plan.unfinished.is_empty() {
        let count = plural(plan.unfinished.len() as u64, "run");
        text.push_str(&format!(
            "unfinished removals: {count}; `protea runs gc` finishes them\n"
        ));
    }
    text
}

fn removed_text(removed: &Removed) -> String {
    let count = plural(removed.runs.len() as u64, "run");
    let mut text = format!("removed {count}, {}\n", bytes(removed.bytes()));
    if !removed.finished.is_empty() {
        let count = plural(removed.finished.len() as u64, "run");
        text.push_str(&format!("finished the interrupted removal of {count}\n"));
    }
    text.push_str(&kept_text(&removed.kept));
    text
}

fn kept_text(kept: &[KeptRun]) -> String {
    let lines: Vec<String> = kept
        .iter()
        .map(|run| format!("kept {}\n", in_words(run)))
        .collect();
    lines.concat()
}

fn in_words(kept: &KeptRun) -> String {
    format!("{}: {}", kept.run_id, kept.reason)
}

fn kept_json(kept: &[KeptRun]) -> Value {
    let kept = kept.iter();
    kept.map(|run| json!({ "run_id": run.run_id, "reason": run.reason.to_string() }))
        .collect()
}

fn report_json(
    runs: &[RemovableRun],
    kept: &[KeptRun],
    unfinished: &[RunId],
    is_plan: bool,
) -> Value {
    let listed: Vec<Value> = runs
        .iter()
        .map(|run| {
            json!({
                "run_id": run.run_id,
                "directory": run.directory.to_string_lossy(),
                "bytes": run.bytes,
                "with_parent": run.with_parent,
            })
        })
        .collect();
    let total: u64 = runs.iter().map(|run| run.bytes).sum();
    json!({
        "dry_run": is_plan,
        "runs": listed,
        "bytes": total,
        "kept": kept_json(kept),
        if is_plan { "unfinished" } else { "finished" }: unfinished,
    })
}
