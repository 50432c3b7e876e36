//! The section on provenance: everything that is needed to repeat the run.

use protea_core::workspace::RecordedRun;
use serde_json::Value;

use super::repeat;
use crate::{
    data::{Cell, Data},
    figure::Table,
    page::Page,
    text::{cut, html, html_line},
};

/// The longest manifest in the page in characters.
const LONGEST_MANIFEST: usize = 60_000;

/// Adds the section.
pub fn provenance(page: &mut Page, run: &RecordedRun) {
    let manifest = &run.manifest;
    page.section("provenance", "Configuration and provenance");
    if let Some(command) = repeat::command(manifest) {
        page.text("This command repeats the run with the same settings, seed and datasets:");
        page.preformatted("Command that repeats the run", &command);
    }
    page.table(Table::new("record", "What ran", record(run)));
    let mut settings = Data::new(["setting", "value"]);
    flatten(&mut settings, "", &manifest.spec);
    if !settings.rows.is_empty() {
        page.table(Table::new(
            "settings",
            "Settings, with defaults filled in",
            settings,
        ));
    }
    let text = serde_json::to_string_pretty(manifest).unwrap_or_default();
    let shown = cut(&text, LONGEST_MANIFEST);
    page.html(&format!(
        "<details><summary>The run's manifest as JSON</summary><p>{}</p><div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Manifest\"><pre>{}</pre></div></details>",
        html_line(&format!(
            "run_manifest.json in {}{}",
            run.directory.display(),
            if shown.len() < text.len() { ", cut" } else { "" }
        )),
        html(&shown)
    ));
}

fn record(run: &RecordedRun) -> Data {
    let manifest = &run.manifest;
    let mut data = Data::new(["what", "value"]);
    let mut add = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            data.push([Cell::text(what), Cell::text(value)]);
        }
    };
    add("run", Some(manifest.run_id.to_string()));
    add("job", Some(manifest.job_id.to_string()));
    add("kind", Some(manifest.pipeline.clone()));
    add("part of", manifest.parent.as_ref().map(ToString::to_string));
    add("project", manifest.project.clone());
    add("group", manifest.group.clone());
    for (name, value) in &manifest.tags {
        add("tag", Some(format!("{name}={value}")));
    }
    add("notes", manifest.notes.clone());
    if let Some(runner) = &manifest.runner {
        add(
            "runner",
            Some(format!("{} {}", runner.name, runner.version)),
        );
        add("contract", Some(runner.contract_version.clone()));
        add("runner's SHA-256", Some(runner.sha256.to_string()));
        add("runner's file", Some(runner.path.display().to_string()));
    }
    add("isolation", Some(manifest.isolation.clone()));
    let sandbox = manifest.sandbox.as_ref();
    add(
        "sandbox",
        sandbox.and_then(|sandbox| serde_json::to_string(sandbox).ok()),
    );
    add("seed", Some(manifest.seed.to_string()));
    add(
        "threads",
        Some(match manifest.threads {
            0 => "one per core".to_owned(),
            threads => threads.to_string(),
        }),
    );
    for (role, dataset) in &manifest.datasets {
        let text = |key: &str| dataset[key].as_str().unwrap_or("?").to_owned();
        add(&format!("dataset {role}"), Some(text("name")));
        add(&format!("dataset {role}: place"), Some(text("uri")));
        let origin = dataset["origin"].as_str();
        add(
            &format!("dataset {role}: origin"),
            origin.map(str::to_owned),
        );
        add(&format!("dataset {role}: SHA-256"), Some(text("sha256")));
    }
    add("protea", Some(manifest.host.protea.clone()));
    add("platform", Some(manifest.host.platform.clone()));
    add("cores", Some(manifest.host.cores.to_string()));
    if let Some(code) = &manifest.code {
        add("git commit", Some(code.commit.clone()));
        add("git branch", code.branch.clone());
        add(
            "uncommitted changes",
            code.changed
                .map(|changed| if changed { "yes" } else { "no" }.to_owned()),
        );
    }
    for repository in &manifest.repositories {
        let holds = repository.holds.join(" and ");
        let place = repository.root.display();
        let commit = repository.code.as_ref().map(|code| &code.commit);
        add(
            &format!("git: {holds}"),
            Some(match commit {
                Some(commit) => format!("{commit} in {place}"),
                None => place.to_string(),
            }),
        );
        let diff = repository.diff.as_ref();
        add(
            &format!("uncommitted changes: {holds}"),
            diff.map(|diff| {
                let cut = if diff.is_cut { ", only the first" } else { "" };
                format!("{} ({} bytes{cut})", diff.file.display(), diff.bytes)
            }),
        );
        add(
            &format!("git, not known: {holds}"),
            repository.problem.clone(),
        );
    }
    add("started", Some(manifest.started.to_string()));
    add("finished", manifest.finished.map(|time| time.to_string()));
    add("directory", Some(run.directory.display().to_string()));
    add(
        "model",
        manifest.model_uri.as_ref().map(ToString::to_string),
    );
    let predictions = manifest.artifacts.predictions.as_ref();
    add(
        "predictions",
        predictions.map(|path| path.display().to_string()),
    );
    data
}

/// Nested settings with the path of each value.
fn flatten(data: &mut Data, path: &str, value: &Value) {
    match value {
        Value::Object(object) if !object.is_empty() => {
            for (key, value) in object {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                flatten(data, &path, value);
            }
        }
        Value::Null if path.is_empty() => {}
        other => data.push([Cell::text(path), Cell::text(other.to_string())]),
    }
}
