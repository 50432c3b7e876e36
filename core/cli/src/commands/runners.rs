//! `protea runners`.

use std::{collections::BTreeSet, fmt::Write, path::Path};

use protea_core::{
    Catalog, CatalogError, Runner,
    catalog::{Entry, Origin, Verdict},
    contracts::{MetricSchema, ProgramDeclaration, metrics::Direction},
    dispatch::find_program,
};
use serde_json::{Value, json};

use super::run_setup::{catalog, isolation, trusted};
use crate::{
    args::{InfoArgs, RunnerArgs},
    build_features,
    failure::Failure,
    output::{Lines, PLACEHOLDER_NOTE, Report, Reporter, Table, display_path, settings},
};

/// Lists the usable runners on standard output, and the unusable ones on standard error.
pub fn list(args: &RunnerArgs, reporter: &Reporter) -> Result<Report, Failure> {
    let catalog = catalog(args);
    let mut entries = Vec::new();
    let mut unusable = catalog.unusable();
    for name in names(&catalog) {
        match catalog.find(name) {
            Ok(entry) => entries.push(entry),
            Err(CatalogError::Duplicate { first, second, .. }) => {
                let duplicate =
                    |other: &Path| format!("{} has a runner {name:?} too", other.display());
                unusable.push((first.clone(), duplicate(&second)));
                unusable.push((second, duplicate(&first)));
            }
            // All other errors are in `unusable` already.
            Err(_) => {}
        }
    }
    for (path, reason) in &unusable {
        reporter.warn(&format!("{} cannot be used: {reason}", display_path(path)));
    }
    if !args.allow_insecure_dir && has_insecure_runner(&catalog) {
        reporter.note("--allow-insecure-dir also uses runners that other users could have changed");
    }
    for entry in &entries {
        for library in entry.descriptor.missing_libraries(&entry.path) {
            reporter.warn(&format!(
                "{} cannot run: {} is missing; {}",
                entry.descriptor.name, library.file, library.remedy
            ));
        }
    }
    let not_built: Vec<(&str, &str)> = build_features::RUNNERS
        .into_iter()
        .filter(|(name, _)| matches!(catalog.find(name), Err(CatalogError::Unknown { .. })))
        .collect();
    for (name, remedy) in &not_built {
        reporter.note(&format!("{name} is not installed: {remedy}"));
    }
    if entries.is_empty() {
        let places = catalog.places().iter();
        let searched: Vec<String> = places
            .map(|place| display_path(&place.entry.directory))
            .collect();
        reporter.note(&format!(
            "no runner found in {}; give a directory with --runner-dir or PROTEA_RUNNER_PATH",
            searched.join(", ")
        ));
    }
    let unusable: Vec<Value> = unusable
        .iter()
        .map(|(path, reason)| json!({ "path": path.to_string_lossy(), "reason": reason }))
        .collect();
    Ok(Report {
        text: table(&entries),
        json: json!({
            "runners": entries.iter().map(entry_json).collect::<Vec<_>>(),
            "unusable": unusable,
            "missing": not_built
                .iter()
                .map(|(name, remedy)| json!({ "name": name, "remedy": remedy }))
                .collect::<Vec<_>>(),
        }),
    })
}

/// Whether a runner is unusable because other users could have changed it.
fn has_insecure_runner(catalog: &Catalog) -> bool {
    catalog.places().iter().any(|place| {
        place.files.iter().flatten().any(|candidate| {
            let is_runner = matches!(candidate.verdict, Verdict::Runner(_));
            is_runner && (place.insecure.is_some() || candidate.insecure.is_some())
        })
    })
}

/// The names of the runners that were found.
pub(super) fn names(catalog: &Catalog) -> BTreeSet<&str> {
    let files = catalog.places().iter().flat_map(|place| &place.files);
    files
        .flatten()
        .filter_map(|candidate| match &candidate.verdict {
            Verdict::Runner(descriptor) => Some(descriptor.name.as_str()),
            _ => None,
        })
        .collect()
}

fn table(entries: &[Entry]) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let mut table = Table::new(0..0, ["name", "version", "contract", "summary", "file"]);
    for entry in entries {
        let descriptor = &entry.descriptor;
        table.row([
            descriptor.name.clone(),
            descriptor.version.clone(),
            descriptor.contract_version.clone(),
            descriptor.summary.clone(),
            display_path(&entry.path),
        ]);
    }
    table.to_string()
}

fn entry_json(entry: &Entry) -> Value {
    json!({
        "name": entry.descriptor.name,
        "version": entry.descriptor.version,
        "contract_version": entry.descriptor.contract_version,
        "summary": entry.descriptor.summary,
        "path": entry.path.to_string_lossy(),
        "sha256": entry.sha256,
        "origin": entry.origin,
        "missing": entry.descriptor.missing_libraries(&entry.path),
    })
}

/// Loads a runner and shows its description.
pub fn info(args: &InfoArgs) -> Result<Report, Failure> {
    let InfoArgs {
        named,
        isolation,
        lock,
    } = args;
    let isolation = self::isolation(isolation)?;
    let entry = trusted(&named.runners, lock)?.find(&named.name)?;
    let runner = Runner::load(&entry, &isolation)?;
    let (entry, capabilities) = (runner.entry(), runner.capabilities());
    let descriptor = &entry.descriptor;
    let mut lines = Lines::default();
    lines
        .add("name", &descriptor.name)
        .add("summary", &descriptor.summary)
        .add("version", &descriptor.version)
        .add("contract", &descriptor.contract_version)
        .add(
            "file",
            format!("{} ({})", display_path(&entry.path), named_by(entry.origin)),
        )
        .add("SHA-256", entry.sha256.to_string())
        .add(
            "predicts",
            if capabilities.predicts {
                "yes: `protea predict` predicts for proteins without annotations"
            } else {
                "no"
            },
        )
        .add(
            "explains",
            if capabilities.explains {
                "yes: `protea explain` shows where its scores come from"
            } else {
                "no"
            },
        );
    let settings = settings(&capabilities.spec_schema, &capabilities.spec_defaults);
    let settings = if settings.is_empty() {
        "no settings\n".to_owned()
    } else {
        settings
    };
    let metrics = metrics(&capabilities.metrics);

    let mut json = entry_json(entry);
    if let Value::Object(object) = &mut json {
        object.insert("spec_schema".to_owned(), capabilities.spec_schema.clone());
        object.insert(
            "spec_defaults".to_owned(),
            capabilities.spec_defaults.clone(),
        );
        object.insert("metrics".to_owned(), json!(capabilities.metrics));
        object.insert("explains".to_owned(), json!(capabilities.explains));
        object.insert("predicts".to_owned(), json!(capabilities.predicts));
        object.insert(
            "splits_references".to_owned(),
            json!(capabilities.splits_references),
        );
        object.insert("checkpoints".to_owned(), json!(capabilities.checkpoints));
        object.insert("programs".to_owned(), programs_json(&capabilities.programs));
        object.insert("libraries".to_owned(), libraries_json(entry));
    }
    Ok(Report {
        text: format!(
            "{lines}\n{settings}\n{metrics}{}{}",
            programs(&capabilities.programs),
            libraries(entry)
        ),
        json,
    })
}

fn metrics(schema: &MetricSchema) -> String {
    let mut table = Table::new(0..0, ["metric", "better", "range", "returned"]);
    for metric in &schema.metrics {
        let better = match metric.direction {
            Direction::HigherIsBetter => "higher",
            Direction::LowerIsBetter => "lower",
        };
        let range = match (metric.minimum, metric.maximum) {
            (Some(low), Some(high)) => format!("{low} to {high}"),
            (Some(low), None) => format!("at least {low}"),
            (None, Some(high)) => format!("at most {high}"),
            (None, None) => "any".to_owned(),
        };
        let returned = if metric.optional {
            "if the data allow it"
        } else {
            "always"
        };
        table.row([metric.name.as_str(), better, &range, returned]);
    }
    let mut text = table.to_string();
    if !schema.groups.is_empty() {
        writeln!(text, "for each of {}", schema.groups.join(", "))
            .expect("writing to a String cannot fail");
    }
    if schema.placeholder {
        text.push_str(PLACEHOLDER_NOTE);
    }
    text
}

/// The external programs that a runner starts and whether they were found; empty if there are none.
fn programs(declared: &[ProgramDeclaration]) -> String {
    if declared.is_empty() {
        return String::new();
    }
    let mut table = Table::new(0..0, ["program", "needed for", "found"]);
    for program in declared {
        let found = find_program(program).map_or_else(
            || format!("no: {}", program.remedy),
            |path| display_path(&path).to_string(),
        );
        table.row([program.name.as_str(), &program.needed_for, &found]);
    }
    format!("\n{table}")
}

fn programs_json(declared: &[ProgramDeclaration]) -> Value {
    let found = declared.iter().map(|program| {
        json!({
            "name": program.name,
            "needed_for": program.needed_for,
            "remedy": program.remedy,
            "path": find_program(program).map(|path| path.to_string_lossy().into_owned()),
        })
    });
    found.collect()
}

/// The external libraries that a runner opens and whether they were found; empty if there are none.
fn libraries(entry: &Entry) -> String {
    let declared = &entry.descriptor.libraries;
    if declared.is_empty() {
        return String::new();
    }
    let mut table = Table::new(0..0, ["library", "named by", "found"]);
    for library in declared {
        let found = library.find(&entry.path).map_or_else(
            || format!("no: {}", library.remedy),
            |path| display_path(&path).to_string(),
        );
        table.row([library.file.as_str(), &library.variable, &found]);
    }
    format!("\n{table}")
}

fn libraries_json(entry: &Entry) -> Value {
    let declared = entry.descriptor.libraries.iter().map(|library| {
        json!({
            "file": library.file,
            "variable": library.variable,
            "remedy": library.remedy,
            "path": library.find(&entry.path).map(|path| path.to_string_lossy().into_owned()),
        })
    });
    declared.collect()
}

/// What put a directory on the search path.
fn named_by(origin: Origin) -> String {
    match origin {
        Origin::Given => "--runner-dir".to_owned(),
        other => other.to_string(),
    }
}

/// Shows every place that is searched for a runner, even if there is no such runner.
pub fn trace(name: &str, args: &RunnerArgs) -> Result<Report, Failure> {
    let catalog = catalog(args);
    let trace = catalog.trace(name);
    let mut table = Table::new(0..0, ["", "file or directory", "named by", "why"]);
    for line in &trace {
        let mark = if line.taken { ">" } else { "" };
        let path = display_path(&line.path);
        table.row([mark, &path, &named_by(line.origin), &line.reason]);
    }
    match catalog.find(name) {
        Ok(_) => Ok(Report {
            text: table.to_string(),
            json: json!(trace),
        }),
        Err(error) => Err(Failure::from(error)
            .with_text(table.to_string())
            .with_detail("trace", json!(trace))),
    }
}
