//! The messages of a run's log, with searchable `name=value` pairs.

use std::{collections::BTreeMap, error::Error, fmt::Write};

use protea_contracts::Metrics;
use serde_json::Value;

use super::{super::observer::Progress, named};
use crate::workspace::{RunManifest, Status, StepManifest};

/// The most metrics in one line; the manifest has all.
const MOST_METRICS: usize = 16;
/// The most groups of metrics in the log.
const MOST_GROUPS: usize = 16;

/// The first lines of a run's log.
pub(super) fn beginning(manifest: &RunManifest, proteins: &BTreeMap<String, u64>) -> Vec<String> {
    let runner = manifest.runner.as_ref();
    let named = runner.map(|r| format!("runner={} version={} ", r.name, r.version));
    let mut lines = vec![format!(
        "Run started: {}seed={} threads={} isolation={}",
        named.unwrap_or_default(),
        manifest.seed,
        manifest.threads,
        manifest.isolation
    )];
    lines.extend(runner.map(|runner| {
        format!(
            "Runner: contract={} sha256={} path={}",
            runner.contract_version,
            runner.sha256,
            runner.path.display()
        )
    }));
    let place = [
        ("name", manifest.name.as_deref()),
        ("parent", manifest.parent.as_deref()),
        ("project", manifest.project.as_deref()),
        ("group", manifest.group.as_deref()),
    ];
    let place: Vec<String> = place
        .into_iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", quoted(value?))))
        .chain(tags(manifest))
        .collect();
    if !place.is_empty() {
        lines.push(format!("Place: {}", place.join(" ")));
    }
    if !manifest.spec.is_null() {
        lines.push(format!("Spec: {}", manifest.spec));
    }
    for (role, dataset) in &manifest.datasets {
        let text = |key: &str| quoted(dataset[key].as_str().unwrap_or_default());
        let count = proteins.get(role);
        let count = count.map(|count| format!(" proteins={count}"));
        lines.push(format!(
            "Dataset {role}: name={}{} sha256={} uri={}{}",
            text("name"),
            count.unwrap_or_default(),
            text("sha256"),
            text("uri"),
            match dataset["origin"].as_str() {
                Some(origin) => format!(" origin={}", quoted(origin)),
                None => String::new(),
            },
        ));
    }
    if let Some(model) = &manifest.model_uri {
        lines.push(format!("Model: uri={model}"));
    }
    let host = &manifest.host;
    lines.push(format!(
        "Host: protea={} platform={} cores={}",
        host.protea, host.platform, host.cores
    ));
    if let Some(code) = &manifest.code {
        let mut line = format!("Code: git={}", code.commit);
        if let Some(branch) = &code.branch {
            write!(line, " branch={}", quoted(branch)).expect(NEVER_FAILS);
        }
        if let Some(changed) = code.changed {
            write!(line, " changed={changed}").expect(NEVER_FAILS);
        }
        lines.push(line);
    }
    lines
}

const NEVER_FAILS: &str = "writing to a String cannot fail";

fn tags(manifest: &RunManifest) -> impl Iterator<Item = String> {
    let tag = |(name, value): (&String, &String)| format!("tag.{name}={}", quoted(value));
    manifest.tags.iter().map(tag)
}

/// How a trial or a fold ended, and how many have; `None` at the beginning.
pub(super) fn progress(progress: &Progress<'_>) -> Option<String> {
    let (latest, score) = progress.latest?;
    let (unit, done, total) = (progress.unit, progress.done, progress.total);
    let mut line = format!("Ended {unit} {latest} ({done} of {total})");
    if let Some(metric) = progress.metric {
        let score = score.map_or_else(|| "none".to_owned(), number);
        write!(line, ": {metric}={score}").expect(NEVER_FAILS);
    }
    if progress.taken_over {
        line.push_str(" reused");
    }
    if let Some((best, score)) = progress.best {
        write!(line, " best={} of {unit} {best}", number(score)).expect(NEVER_FAILS);
    }
    Some(line)
}

/// The lines of a step when it ends.
pub(super) fn step_end(label: &str, step: &StepManifest) -> String {
    let word = match step.status {
        Status::Finished => "Finished",
        Status::Killed => "Killed",
        _ => "Failed",
    };
    let mut line = format!("{word} step {label}:");
    let rows = [("in", &step.rows_in), ("out", &step.rows_out)];
    for (way, rows) in rows {
        if let Some(rows) = rows {
            write!(line, " {}_{way}={}", rows.of, rows.count).expect(NEVER_FAILS);
        }
    }
    write!(
        line,
        " seconds={} compute={} writing={}",
        seconds(step.seconds),
        seconds(step.compute_seconds),
        seconds(step.writing_seconds)
    )
    .expect(NEVER_FAILS);
    if let Some(note) = &step.note {
        write!(line, " note={}", quoted(note)).expect(NEVER_FAILS);
    }
    if let Some(error) = &step.error {
        write!(line, " error={}", quoted(error)).expect(NEVER_FAILS);
    }
    line
}

/// The metrics: a line for each group, and one for those without.
pub(super) fn metrics(metrics: &Metrics) -> Vec<String> {
    let (groups, alone): (Vec<_>, Vec<_>) =
        metrics.iter().partition(|(_, value)| value.is_object());
    let alone: Metrics = alone
        .into_iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut lines = Vec::new();
    if !alone.is_empty() {
        lines.push(format!("Metrics: {}", joined(&alone)));
    }
    for (name, group) in groups.iter().take(MOST_GROUPS) {
        if let Some(group) = group.as_object() {
            let prefixed = Metrics::from_iter([((*name).clone(), Value::Object(group.clone()))]);
            lines.push(format!("Metrics: {}", joined(&prefixed)));
        }
    }
    if groups.len() > MOST_GROUPS {
        let rest = groups.len() - MOST_GROUPS;
        lines.push(format!("Metrics: {rest} more groups in the manifest"));
    }
    lines
}

fn joined(metrics: &Metrics) -> String {
    let mut named = named(metrics);
    let all = named.len();
    named.truncate(MOST_METRICS);
    if all > MOST_METRICS {
        named.push(format!("({} more in the manifest)", all - MOST_METRICS));
    }
    named.join(" ")
}

/// The errors behind an error, the nearest first.
pub(super) fn causes(error: Option<&(dyn Error + 'static)>) -> Vec<String> {
    let mut causes = Vec::new();
    let mut next = error.and_then(Error::source);
    while let Some(cause) = next {
        causes.push(cause.to_string());
        next = cause.source();
    }
    causes
}

/// Seconds, to the millisecond.
pub(super) fn seconds(seconds: f64) -> String {
    format!("{seconds:.3}")
}

/// A number with six significant digits.
pub(super) fn number(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return value.to_string();
    }
    let places = 5 - value.abs().log10().floor() as i32;
    match usize::try_from(places) {
        Ok(places) if places <= 9 => {
            let text = format!("{value:.places$}");
            if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            } else {
                text
            }
        }
        _ => format!("{value:.5e}"),
    }
}

/// A value after `name=`: quoted unless it is one plain word.
fn quoted(value: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && c != '"' && !c.is_control();
    if !value.is_empty() && value.chars().all(plain) {
        value.to_owned()
    } else {
        format!("\"{}\"", value.replace('"', "'"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_six_significant_digits() {
        let cases = [
            (0.0, "0"),
            (1.0, "1"),
            (0.6245536, "0.624554"),
            (8.863911145962573, "8.86391"),
            (123456.7, "123457"),
            (-0.00012, "-0.00012"),
            (1.5e-9, "1.50000e-9"),
            (1234567.0, "1.23457e6"),
        ];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn groups_of_metrics_have_a_line_each_and_many_are_cut() {
        let mut many = Metrics::new();
        for number in 0..20 {
            many.insert(format!("m{number}"), number.into());
        }
        let lines = metrics(&many);
        assert_eq!(lines.len(), 1);
        assert!(lines[0].ends_with("m15=15 (4 more in the manifest)"));
        let grouped =
            serde_json::json!({ "a": 1, "MFO": { "fmax": 0.5 }, "BPO": { "fmax": 0.25 } });
        assert_eq!(
            metrics(grouped.as_object().unwrap()),
            [
                "Metrics: a=1",
                "Metrics: MFO.fmax=0.5",
                "Metrics: BPO.fmax=0.25"
            ]
        );
    }
}
