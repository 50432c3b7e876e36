//! The trials of a search: from the table that it wrote at its end, or from the file that gets each
//! trial as it ends, or from its child runs.

use protea_core::{
    contracts::metrics::flatten,
    workspace::{EndedTrials, RecordedRun, Status, TRIALS},
};
use serde_json::Value;

use super::children::Child;
use crate::{
    data::{Cell, Data},
    figure::Table,
    read::TextTable,
    text::plural,
};

/// The origin of a trial that is an earlier run.
const REUSED: &str = "reused";

/// A trial.
pub struct Trial {
    /// Its number.
    pub number: String,
    /// Its score, if it has one.
    pub score: Option<f64>,
    /// The values of the settings, in the order of the keys; empty where there is none.
    pub params: Vec<String>,
    /// How it ended.
    pub status: String,
    /// Where its scores are from.
    pub origin: String,
    /// Wall time in seconds.
    pub seconds: Option<f64>,
    /// Its run.
    pub run_id: String,
    /// Why it has no score.
    pub error: String,
}

impl Trial {
    /// Whether an earlier run was reused.
    pub fn is_reused(&self) -> bool {
        self.origin == REUSED
    }
}

/// The trials of a search, which may still be active.
pub struct Trials {
    /// The settings that are varied.
    pub keys: Vec<String>,
    /// The metric that trials are compared by.
    pub metric: String,
    /// The trials, in their order.
    pub trials: Vec<Trial>,
    /// Whether a lower score is better.
    pub lowest_is_best: bool,
    /// How many trials the search has, if it recorded that.
    pub total: Option<usize>,
}

impl Trials {
    /// All trials with their settings.
    pub fn table(&self) -> Table {
        let mut data = Data {
            columns: vec!["trial".to_owned(), self.metric.clone()],
            rows: Vec::new(),
        };
        data.columns.extend(self.keys.iter().cloned());
        let own = ["status", "origin", "seconds", "run", "error"];
        data.columns.extend(own.map(str::to_owned));
        let cell = |text: &str| match (text.is_empty(), text.parse::<u64>(), text.parse::<f64>()) {
            (true, ..) => Cell::Missing,
            (_, Ok(count), _) => Cell::Count(count),
            (_, _, Ok(number)) if number.is_finite() => Cell::Number(number),
            _ => Cell::text(text),
        };
        for trial in &self.trials {
            let mut row = vec![cell(&trial.number), Cell::optional(trial.score)];
            row.extend(trial.params.iter().map(|value| cell(value)));
            row.push(Cell::text(&trial.status));
            row.push(Cell::text(&trial.origin));
            row.push(Cell::optional(trial.seconds));
            row.push(Cell::text(&trial.run_id));
            row.push(if trial.error.is_empty() {
                Cell::Missing
            } else {
                Cell::text(&trial.error)
            });
            data.push(row);
        }
        Table::new("trials-table", "All trials", data)
    }

    /// The trials of a search in any state, and what a reader must know about where they are from.
    pub fn find(run: &RecordedRun, children: &[Child]) -> (Self, Vec<String>) {
        Self::recorded(run).unwrap_or_else(|| {
            let note = format!(
                "The search has neither search.tsv nor {TRIALS}. The trials are those of the child runs that have ended; trials that were reused from earlier runs are missing, and the best may be one of them."
            );
            (Self::from_children(run, children), vec![note])
        })
    }

    /// The trials by the record of the search itself, if it has one that can be read.
    pub fn recorded(run: &RecordedRun) -> Option<(Self, Vec<String>)> {
        if let Ok(found) = Self::read(run) {
            return Some((found, Vec::new()));
        }
        let ended = EndedTrials::read(&run.directory).ok()?;
        let mut notes =
            vec!["The search has not ended; these are the trials that have.".to_owned()];
        if ended.unreadable > 0 {
            let lines = plural(ended.unreadable as u64, "line");
            notes.push(format!(
                "{lines} of {TRIALS} cannot be read and are left out."
            ));
        }
        Some((Self::from_ended(run, &ended), notes))
    }

    /// From the file that gets each trial as it ends.
    fn from_ended(run: &RecordedRun, ended: &EndedTrials) -> Self {
        let keys = keys(run);
        let trials = ended.trials.iter().map(|trial| Trial {
            number: trial.number.to_string(),
            score: trial.score,
            params: keys
                .iter()
                .map(|key| text(trial.params.get(key).unwrap_or(&Value::Null)))
                .collect(),
            status: trial.status.name().to_owned(),
            origin: origin(&trial.origin).to_owned(),
            seconds: Some(trial.seconds),
            run_id: trial.run_id.clone().unwrap_or_default(),
            error: trial.error.clone().unwrap_or_default(),
        });
        Self::new(run, keys.clone(), trials.collect())
    }

    /// From the table of the search.
    ///
    /// # Errors
    ///
    /// Why the table cannot be read.
    fn read(run: &RecordedRun) -> Result<Self, String> {
        let (table, _) = TextTable::read(&run.directory.join("search.tsv"))?;
        let keys = keys(run);
        let trials = table.rows().map(|row| Trial {
            number: row.text("trial").to_owned(),
            score: row.number("score"),
            params: keys.iter().map(|key| row.text(key).to_owned()).collect(),
            status: row.text("status").to_owned(),
            origin: origin(row.text("origin")).to_owned(),
            seconds: row.number("seconds"),
            run_id: row.text("run_id").to_owned(),
            error: row.text("error").to_owned(),
        });
        Ok(Self::new(run, keys.clone(), trials.collect()))
    }

    /// From the child runs. Trials that were reused from other searches are not among them.
    fn from_children(run: &RecordedRun, children: &[Child]) -> Self {
        let (keys, metric) = (keys(run), metric(run));
        let trials = children.iter().map(|child| {
            let head = &child.head;
            let scores = flatten(&head.metrics);
            let score = scores.iter().find(|(name, _)| *name == metric);
            Trial {
                number: child.name.trim_start_matches("trial-").to_owned(),
                score: score.map(|(_, value)| *value),
                params: keys
                    .iter()
                    .map(|key| text(setting(&head.spec, key)))
                    .collect(),
                status: head.status.name().to_owned(),
                origin: "computed".to_owned(),
                seconds: head
                    .finished
                    .map(|end| end.duration_since(head.started).as_secs_f64()),
                run_id: head.run_id.to_string(),
                error: head.error.clone().unwrap_or_default(),
            }
        });
        let trials = trials.filter(|trial| trial.status != Status::Running.name());
        Self::new(run, keys.clone(), trials.collect())
    }

    fn new(run: &RecordedRun, keys: Vec<String>, trials: Vec<Trial>) -> Self {
        let metric = metric(run);
        // An older record does not say whether lower is better, but which score was the best.
        let best = run
            .manifest
            .metrics
            .get(&format!("best.{metric}"))
            .and_then(Value::as_f64);
        let scores = || trials.iter().filter_map(|trial| trial.score);
        let search = &run.manifest.spec["search"];
        let lowest_is_best = match (search["direction"].as_str(), best) {
            (Some(direction), _) => direction == "lower_is_better",
            (None, Some(best)) => {
                scores().all(|score| score >= best) && scores().any(|score| score > best)
            }
            (None, None) => metric.ends_with("smin") || metric.ends_with("loss"),
        };
        let total = search["trials"].as_u64();
        Self {
            keys,
            metric,
            trials,
            lowest_is_best,
            total: total.and_then(|total| usize::try_from(total).ok()),
        }
    }

    /// Whether all trials have ended.
    pub fn is_complete(&self) -> bool {
        self.total.is_none_or(|total| self.trials.len() >= total)
    }

    /// The index of the best trial. If several are equal, the first.
    pub fn best(&self) -> Option<usize> {
        let scored = self.trials.iter().enumerate();
        let scored = scored.filter_map(|(at, trial)| Some((at, trial.score?)));
        let best = scored.reduce(|best, next| {
            if self.is_better(next.1, best.1) {
                next
            } else {
                best
            }
        });
        best.map(|(at, _)| at)
    }

    /// Whether a score is better than another.
    pub fn is_better(&self, one: f64, other: f64) -> bool {
        if self.lowest_is_best {
            one < other
        } else {
            one > other
        }
    }
}

/// The origin in words: a run that was taken over was reused.
fn origin(name: &str) -> &str {
    match name {
        "taken_over" => REUSED,
        name => name,
    }
}

fn keys(run: &RecordedRun) -> Vec<String> {
    let space = run.manifest.spec["search"]["space"].as_object();
    space
        .map(|space| space.keys().take(100).cloned().collect())
        .unwrap_or_default()
}

fn metric(run: &RecordedRun) -> String {
    let metric = run.manifest.spec["search"]["metric"].as_str();
    metric.unwrap_or("score").to_owned()
}

/// A setting by its path, such as `weights.identity_sw`.
fn setting<'v>(spec: &'v Value, key: &str) -> &'v Value {
    match spec.get(key) {
        Some(value) => value,
        None => key.split('.').fold(spec, |value, part| &value[part]),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
