//! The columns of `protea runs list`.

use std::collections::{BTreeMap, BTreeSet};

use protea_core::{
    contracts::metrics::flatten,
    workspace::{DEVIATION, Evaluated, MEAN, RunHead, RunKey, RunOrder, RunRow},
};
use serde_json::Value;

use super::{duration, labels, time};
use crate::output::{Table, number, plural};

/// How many metrics the table has.
const MOST_METRICS: usize = 3;
/// How many settings of a run the table shows.
const MOST_SETTINGS: usize = 4;
/// Scores of fewer proteins than this are marked.
const FEW: u64 = 30;
/// How many characters of a setting's value the table shows.
const MOST_VALUE: usize = 30;
/// How many characters of the notes the table shows.
const MOST_NOTES: usize = 30;
const MISSING: &str = "-";
/// What the metrics of a search begin with, which are those of its best trial.
const BEST: &str = "best.";

/// Which columns the table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    /// All.
    Full,
    /// Without those that repeat a part of the run's id, and with the scores directly behind the run, so
    /// that they are in the first block of a table that does not fit.
    Narrow,
}

/// What the table shows besides what every run has.
pub struct Columns<'r> {
    metrics: Vec<String>,
    /// The datasets of the rows.
    evaluated: BTreeSet<Evaluated<'r>>,
    /// By runner, the settings that differ between its runs.
    differing: BTreeMap<&'r str, BTreeSet<String>>,
    is_ranked: bool,
}

impl<'r> Columns<'r> {
    /// The columns for these rows.
    pub fn new(rows: &[RunRow<'r>], by: &RunOrder) -> Self {
        let is_ranked = matches!(by.key, RunKey::Metric(_));
        Self {
            metrics: metrics(rows, is_ranked.then(|| by.key.name())),
            evaluated: rows
                .iter()
                .filter_map(|row| row.run.head.evaluated_on())
                .collect(),
            differing: differing(rows),
            is_ranked,
        }
    }

    /// The table.
    pub fn table(&self, rows: &[RunRow<'_>], width: Width) -> Table {
        let has = |field: fn(&RunHead) -> &Option<String>| {
            rows.iter().any(|row| field(&row.run.head).is_some())
        };
        let (names, projects, groups) = (has(|h| &h.name), has(|h| &h.project), has(|h| &h.group));
        let (is_full, has_settings) = (width == Width::Full, !self.differing.is_empty());
        let (tags, notes) = (
            rows.iter().any(|row| !row.run.head.tags.is_empty()),
            rows.iter().any(|row| row.run.head.notes.is_some()),
        );
        let metrics = || self.metrics.iter().map(String::as_str);
        let mut headings = vec!["run"];
        if !is_full {
            headings.extend(metrics());
        }
        headings.extend(names.then_some("name"));
        headings.push("status");
        headings.extend(is_full.then_some("started"));
        headings.push("time");
        headings.extend(is_full.then_some("runner"));
        headings.extend(projects.then_some("project"));
        headings.extend(groups.then_some("group"));
        headings.extend((!self.evaluated.is_empty()).then_some("scored on"));
        headings.extend(has_settings.then_some("settings"));
        headings.extend(tags.then_some("tags"));
        headings.extend(notes.then_some("notes"));
        let first_number = if is_full { headings.len() } else { 1 };
        if is_full {
            headings.extend(metrics());
        }
        let numbers = first_number..first_number + self.metrics.len();
        let mut table = Table::new(numbers, headings);
        let now = jiff::Timestamp::now();
        for row in rows {
            let head = &row.run.head;
            let plain =
                |value: &Option<String>| value.clone().unwrap_or_else(|| MISSING.to_owned());
            let scores = || {
                self.metrics
                    .iter()
                    .map(|metric| self.cell(rows, row, metric))
            };
            let mut cells = vec![format!("{}{}", indent(row.depth), head.run_id)];
            if !is_full {
                cells.extend(scores());
            }
            cells.extend(names.then(|| plain(&head.name)));
            cells.push(head.status.to_string());
            cells.extend(is_full.then(|| time(head.started)));
            cells.push(duration(head.seconds(now)));
            let runner = head.runner.as_ref();
            let runner = runner.map(|runner| format!("{} {}", runner.name, runner.version));
            cells.extend(is_full.then(|| plain(&runner)));
            cells.extend(projects.then(|| plain(&head.project)));
            cells.extend(groups.then(|| plain(&head.group)));
            cells.extend((!self.evaluated.is_empty()).then(|| self.dataset(head)));
            cells.extend(has_settings.then(|| self.settings(head)));
            cells.extend(tags.then(|| match head.tags.is_empty() {
                true => MISSING.to_owned(),
                false => labels::in_words(&head.tags),
            }));
            cells.extend(notes.then(|| plain(&head.notes.as_deref().map(shortened))));
            if is_full {
                cells.extend(scores());
            }
            table.row(cells);
        }
        table
    }

    /// What a reader of the table must know.
    pub fn notes(&self, rows: &[RunRow<'_>]) -> String {
        let mut notes = String::new();
        if rows
            .iter()
            .any(|row| self.metrics.iter().any(|metric| rests_on_few(row, metric)))
        {
            notes.push_str(&format!("* scored on fewer than {FEW} proteins\n"));
        }
        if self.is_ranked && self.evaluated.len() > 1 {
            notes.push_str(&format!(
                "these runs were scored on {}: scores on different datasets cannot be compared; \
                 --eval NAME lists the runs of one\n",
                plural(self.evaluated.len() as u64, "dataset")
            ));
        }
        notes
    }

    /// The name of the evaluation dataset, with a part of its identity if two have this name.
    fn dataset(&self, head: &RunHead) -> String {
        let Some(own) = head.evaluated_on() else {
            return MISSING.to_owned();
        };
        let same_name = self.evaluated.iter().filter(|other| other.name == own.name);
        match same_name.count() {
            0 | 1 => own.name.to_owned(),
            _ => format!("{}@{}", own.name, own.sha256.get(..6).unwrap_or(own.sha256)),
        }
    }

    fn settings(&self, head: &RunHead) -> String {
        let runner = head.runner.as_ref().map(|runner| &*runner.name);
        let Some(differing) = runner.and_then(|runner| self.differing.get(runner)) else {
            return String::new();
        };
        let own = settings_of(head);
        let shown = differing
            .iter()
            .filter_map(|name| Some((name, own.get(name)?)));
        let mut shown: Vec<String> = shown
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if shown.len() > MOST_SETTINGS {
            shown.truncate(MOST_SETTINGS);
            shown.push("…".to_owned());
        }
        shown.join(" ")
    }

    /// A score; of a cross-validation the mean and the standard deviation.
    fn cell(&self, rows: &[RunRow<'_>], row: &RunRow<'_>, metric: &str) -> String {
        let Some(score) = value(row, metric) else {
            return MISSING.to_owned();
        };
        let deviation = value(row, &format!("{metric}{DEVIATION}"));
        let deviation = deviation.map_or_else(String::new, |d| format!("±{}", number(d)));
        let mark = match rests_on_few(row, metric) {
            true => "*",
            // The numbers stay aligned.
            false if rows.iter().any(|row| rests_on_few(row, metric)) => " ",
            false => "",
        };
        format!("{}{deviation}{mark}", number(score))
    }
}

/// The indentation of a child run: two spaces for each level, and a sign that points to the parent.
pub fn indent(depth: usize) -> String {
    match depth {
        0 => String::new(),
        depth => format!("{}└ ", "  ".repeat(depth - 1)),
    }
}

/// The value of a metric, of a cross-validation its mean, of a search that of its best trial.
fn value(row: &RunRow<'_>, metric: &str) -> Option<f64> {
    let own = row.run.value(&RunKey::Metric(metric.to_owned()));
    own.or_else(|| row.run.head.metric_by_name(&format!("{BEST}{metric}")))
}

/// Whether the score of a group rests on few proteins.
fn rests_on_few(row: &RunRow<'_>, metric: &str) -> bool {
    let scored = row.run.head.scored();
    let group = metric.split('.').next().unwrap_or_default();
    let has_value = value(row, metric).is_some();
    has_value && scored.get(group).is_some_and(|proteins| *proteins < FEW)
}

/// The start of notes: `protea runs show` has all.
fn shortened(notes: &str) -> String {
    let mut chars = notes.chars();
    let start: String = chars.by_ref().take(MOST_NOTES).collect();
    match chars.next() {
        Some(_) => format!("{}…", start.trim_end()),
        None => start,
    }
}

/// The metric that the list is sorted by, then the first metric of each group: the one that most of
/// the runs have.
fn metrics(rows: &[RunRow<'_>], sorted_by: Option<&str>) -> Vec<String> {
    let mut found: Vec<(String, usize)> = Vec::new();
    for row in rows {
        for name in principal(&row.run.head) {
            match found.iter_mut().find(|(known, _)| *known == name) {
                Some((_, runs)) => *runs += 1,
                None => found.push((name, 1)),
            }
        }
    }
    // Stable: metrics that equally many runs have stay in the order of the runner.
    found.sort_by_key(|(_, runs)| std::cmp::Reverse(*runs));
    let mut columns: Vec<String> = sorted_by.map(str::to_owned).into_iter().collect();
    let others = found.into_iter().map(|(name, _)| name);
    columns.extend(others.filter(|name| sorted_by != Some(name)));
    columns.truncate(MOST_METRICS);
    columns
}

/// The first metric of each group, which runners choose to be the most important one. The scores of
/// a benchmark belong to its child runs, which have them too.
fn principal(head: &RunHead) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (name, _) in flatten(&head.metrics) {
        if name.ends_with(DEVIATION) {
            continue;
        }
        let name = name.strip_suffix(MEAN).unwrap_or(&name);
        let name = name.strip_prefix(BEST).unwrap_or(name);
        let group = match name.split('.').collect::<Vec<_>>()[..] {
            [_] => "",
            [group, _] => group,
            _ => continue,
        };
        let is_of_group = |known: &String| known.rsplit_once('.').map_or("", |(g, _)| g) == group;
        if !names.iter().any(is_of_group) {
            names.push(name.to_owned());
        }
    }
    names
}

/// By runner, the settings whose values differ between its runs.
fn differing<'r>(rows: &[RunRow<'r>]) -> BTreeMap<&'r str, BTreeSet<String>> {
    let mut values: BTreeMap<&str, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    for row in rows {
        let head = &row.run.head;
        let Some(runner) = &head.runner else { continue };
        let of_runner = values.entry(&runner.name).or_default();
        for (name, value) in settings_of(head) {
            of_runner.entry(name).or_default().insert(value);
        }
    }
    let mut differing: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (runner, settings) in values {
        let names = settings.into_iter().filter(|(_, values)| values.len() > 1);
        let names: BTreeSet<String> = names.map(|(name, _)| name).collect();
        if !names.is_empty() {
            differing.insert(runner, names);
        }
    }
    differing
}

/// The settings of a run by name, as far as a list shows them. What a search or a benchmark is about has
/// columns of its own, and what a search varies can be a long list: of a search, the best settings are
/// shown.
fn settings_of(head: &RunHead) -> BTreeMap<String, String> {
    let mut settings = settings(&head.spec);
    if matches!(head.pipeline.as_str(), "search" | "benchmark") {
        const HIDDEN: [&str; 3] = ["search.", "train_dataset.", "eval_dataset."];
        settings.retain(|name, _| !HIDDEN.iter().any(|prefix| name.starts_with(prefix)));
    }
    for value in settings.values_mut() {
        if value.chars().count() > MOST_VALUE {
            *value = value.chars().take(MOST_VALUE - 1).collect();
            value.push('…');
        }
    }
    settings
}

/// Settings by name, nested ones with dots.
pub fn settings(spec: &Value) -> BTreeMap<String, String> {
    fn walk(prefix: &str, value: &Value, into: &mut BTreeMap<String, String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    let dot = if prefix.is_empty() { "" } else { "." };
                    walk(&format!("{prefix}{dot}{name}"), value, into);
                }
            }
            _ if prefix.is_empty() => {}
            Value::String(text) => {
                into.insert(prefix.to_owned(), text.clone());
            }
            other => {
                into.insert(prefix.to_owned(), other.to_string());
            }
        }
    }
    let mut settings = BTreeMap::new();
    walk("", spec, &mut settings);
    settings
}
