//! `protea runs show`.

use protea_core::{
    Workspace,
    contracts::{
        MetricSchema,
        metrics::{Direction, MetricDeclaration},
    },
    tracking::RunId,
    workspace::{
        ListedRun, RUN_LOG, RecordedRun, RepositoryRecord, RunKey, RunManifest, RunOrder, RunRow,
        RunSelection,
    },
};
use serde_json::{Map, Value, json};

use super::{
    columns, duration, find, labels, list,
    places::{BackendReference, places, tracker_log, trackers},
    steps::{kernels, steps},
    workspace,
};
use crate::{
    args::ShowArgs,
    failure::Failure,
    output::{Lines, Report, Table, bytes, display_path, scores},
};

/// Shows one run.
pub fn show(args: &ShowArgs) -> Result<Report, Failure> {
    let workspace = workspace(&args.workspace)?;
    let run = find(&workspace, &args.run)?;
    let below = below(&workspace, &run.manifest.run_id);
    let trackers = trackers(&run);
    let mut text = description(&run.manifest).to_string();
    for part in [
        steps(&run.manifest),
        scores_of(&run.manifest),
        children(&below),
    ] {
        if !part.is_empty() {
            text.push('\n');
            text.push_str(&part);
        }
    }
    text.push('\n');
    text.push_str(&places(&run, &trackers).to_string());
    Ok(Report {
        text,
        json: to_json(&run, &below, &trackers),
    })
}

/// The descendants of a run in the order of a list, with their depths.
fn below(workspace: &Workspace, run_id: &RunId) -> Vec<(ListedRun, usize)> {
    let list = workspace.runs();
    let oldest_first = RunSelection::new().with_order(RunOrder::ascending(RunKey::Started));
    let Ok(selected) = list.select(&oldest_first) else {
        return Vec::new();
    };
    let rows = selected.rows;
    let Some(index) = rows.iter().position(|row| row.run.head.run_id == *run_id) else {
        return Vec::new();
    };
    let depth = rows[index].depth;
    rows[index + 1..]
        .iter()
        .take_while(|row| row.depth > depth)
        .map(|row: &RunRow<'_>| (row.run.clone(), row.depth - depth))
        .collect()
}

/// The lines that describe a run: its names, its outcome, its inputs, its environment.
fn description(manifest: &RunManifest) -> Lines {
    let mut lines = Lines::default();
    add_names(&mut lines, manifest);
    add_outcome(&mut lines, manifest);
    add_inputs(&mut lines, manifest);
    add_environment(&mut lines, manifest);
    lines
}

fn add_names(lines: &mut Lines, manifest: &RunManifest) {
    lines.add("run", manifest.run_id.as_str());
    for (label, text) in [
        ("name", manifest.name.as_deref()),
        ("part of", manifest.parent.as_deref()),
        ("project", manifest.project.as_deref()),
        ("group", manifest.group.as_deref()),
        ("notes", manifest.notes.as_deref()),
    ] {
        if let Some(text) = text {
            lines.add(label, text);
        }
    }
    if !manifest.tags.is_empty() {
        lines.add("tags", labels::in_words(&manifest.tags));
    }
}

fn add_outcome(lines: &mut Lines, manifest: &RunManifest) {
    let end = manifest.finished.unwrap_or_else(protea_core::tracking::now);
    let seconds = end.duration_since(manifest.started).as_secs_f64().max(0.0);
    let preposition = match manifest.finished {
        Some(_) => "after",
        None => "since",
    };
    lines.add(
        "status",
        format!("{} {preposition} {}", manifest.status, duration(seconds)),
    );
    if let Some(error) = &manifest.error {
        let mut label = "error";
        for line in error.lines() {
            lines.add(label, line);
            label = "";
        }
    }
    lines.add("started", format!("{} UTC", super::time(manifest.started)));
}

fn add_inputs(lines: &mut Lines, manifest: &RunManifest) {
    if let Some(runner) = &manifest.runner {
        let place = match manifest.isolation.as_str() {
            "worker" => "in a worker",
            _ => "in-process",
        };
        let (name, version, sha256) = (&runner.name, &runner.version, &runner.sha256);
        lines.add(
            "runner",
            format!("{name} {version}, {place}, SHA-256 {sha256}"),
        );
    }
    if !manifest.spec.is_null() {
        let settings = columns::settings(&manifest.spec);
        let settings = settings
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        lines.add("settings", settings.collect::<Vec<_>>().join("\n"));
    }
    lines.add("seed", manifest.seed.to_string());
    lines.add(
        "threads",
        match manifest.threads {
            0 => "one per core".to_owned(),
            threads => threads.to_string(),
        },
    );
    for (role, dataset) in &manifest.datasets {
        let text = |key: &str| dataset[key].as_str().unwrap_or("?").to_owned();
        let label = match role.as_str() {
            "train" => "trained on",
            "eval" => "scored on",
            _ => "dataset",
        };
        lines.add(label, format!("{}, {}", text("name"), text("uri")));
    }
}

fn add_environment(lines: &mut Lines, manifest: &RunManifest) {
    let host = &manifest.host;
    lines.add(
        "host",
        format!(
            "{}, {} cores, protea {}",
            host.platform, host.cores, host.protea
        ),
    );
    if let Some(processor) = &host.processor {
        let memory = host
            .memory
            .map(|memory| format!(", {} memory", bytes(memory)));
        lines.add(
            "machine",
            format!("{processor}{}", memory.unwrap_or_default()),
        );
    }
    if let Some(kernels) = kernels(manifest) {
        lines.add("kernel", kernels);
    }
    if let Some(system) = &host.system {
        lines.add("system", system);
    }
    for (name, value) in &host.variables {
        lines.add("variable", format!("{name}={value}"));
    }
    if let Some(code) = &manifest.code {
        let branch = match &code.branch {
            Some(branch) => format!(", branch {branch}"),
            None => String::new(),
        };
        let changes = match code.changed {
            Some(true) => ", with uncommitted changes",
            _ => "",
        };
        lines.add("git", format!("{}{branch}{changes}", code.commit));
    }
    for repository in &manifest.repositories {
        add_repository(lines, repository);
    }
}

/// What is known of a work tree besides the commit of the current directory.
fn add_repository(lines: &mut Lines, repository: &RepositoryRecord) {
    let holds = repository.holds.join(" and ");
    let place = display_path(&repository.root);
    if let Some(code) = &repository.code
        && !repository
            .holds
            .iter()
            .any(|what| what == "current directory")
    {
        lines.add("git", format!("{} of the {holds}, {place}", code.commit));
    }
    if let Some(diff) = &repository.diff {
        let cut = if diff.is_cut { ", only the first" } else { "" };
        let file = diff.file.display();
        let size = bytes(diff.bytes);
        lines.add("changes", format!("{file} ({size}{cut}): {holds}, {place}"));
    }
    if let Some(problem) = &repository.problem {
        lines.add(
            "git",
            format!("not known for the {holds}, {place}: {problem}"),
        );
    }
}

/// The scores as a table. The manifest does not record which of them are better if lower.
fn scores_of(manifest: &RunManifest) -> String {
    let (metrics, scored) = (&manifest.metrics, manifest.scored());
    if metrics.is_empty() {
        return String::new();
    }
    let grouped: Vec<(&String, &Map<String, Value>)> = metrics
        .iter()
        .filter_map(|(name, value)| Some((name, value.as_object()?)))
        .collect();
    if grouped.len() < metrics.len() {
        return scores(&MetricSchema::flat(Vec::new()), metrics, &scored);
    }
    let mut declared: Vec<MetricDeclaration> = Vec::new();
    for name in grouped.iter().flat_map(|(_, group)| group.keys()) {
        if !declared.iter().any(|metric| metric.name == *name) {
            declared.push(MetricDeclaration::new(name, Direction::HigherIsBetter));
        }
    }
    let mut schema = MetricSchema::flat(declared);
    schema.groups = grouped.iter().map(|(name, _)| (*name).clone()).collect();
    scores(&schema, metrics, &scored)
}

fn children(below: &[(ListedRun, usize)]) -> String {
    if below.is_empty() {
        return String::new();
    }
    let mut table = Table::new(3..4, ["child run", "name", "status", "time"]);
    let now = protea_core::tracking::now();
    for (run, depth) in below {
        let head = &run.head;
        table.row([
            format!("{}{}", columns::indent(depth - 1), head.run_id),
            head.name.clone().unwrap_or_default(),
            head.status.to_string(),
            duration(head.seconds(now)),
        ]);
    }
    table.to_string()
}

fn to_json(
    run: &RecordedRun,
    below: &[(ListedRun, usize)],
    trackers: &[BackendReference],
) -> Value {
    let children: Vec<Value> = below.iter().map(|(run, _)| list::entry(run)).collect();
    let trackers: Vec<Value> = trackers
        .iter()
        .map(|tracker| {
            json!({
                "backend": tracker.backend,
                "url": tracker.url,
                "reference": tracker.reference,
                "refused_events": tracker.refused_events,
            })
        })
        .collect();
    json!({
        "directory": run.directory.to_string_lossy(),
        "manifest": run.manifest,
        "log": run.directory.join(RUN_LOG).to_string_lossy(),
        "events": tracker_log(run)
            .map(|directory| directory.join("events.jsonl").to_string_lossy().into_owned()),
        "trackers": trackers,
        "children": children,
    })
}
