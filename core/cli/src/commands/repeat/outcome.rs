//! Whether a repetition has the results of the run that it repeats.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use flate2::read::MultiGzDecoder;
use protea_cafa::prediction::predictions_in;
use protea_core::{
    RunManifest, contracts::metrics::flatten, tracking::RunId, workspace::RecordedRun,
};
use protea_files::Links;
use protea_report::search_scores;
use serde_json::{Value, json};

use crate::output::{Table, count, difference, number};

/// The longest line of predictions that is compared, in bytes.
const LONGEST_LINE: u64 = 1 << 20;

/// How the results of two runs compare.
pub struct Outcome {
    /// The metrics that differ, with the values before and now; `None` if neither run has any.
    metrics: Option<Vec<Changed>>,
    /// The lines of predictions; `None` if one of the runs has none.
    predictions: Option<Lines>,
}

/// A metric with its values then and now.
type Changed = (String, Option<f64>, Option<f64>);

/// How two files of predictions compare.
struct Lines {
    total: u64,
    different: u64,
    first: Option<String>,
}

impl Outcome {
    /// Compares the scores exactly, and the predictions line by line.
    pub fn compare(then: &RunManifest, now: &RunManifest) -> Self {
        let metrics = changed(&values(then), &values(now));
        let directory = |manifest: &RunManifest| manifest.artifacts.predictions.clone();
        let predictions = directory(then)
            .zip(directory(now))
            .and_then(|(then, now)| lines(&predictions_in(&then)?, &predictions_in(&now)?));
        Self {
            metrics,
            predictions,
        }
    }

    /// Compares the scores of groups of runs exactly: means of folds, scores of contenders, and the score of
    /// each trial.
    pub fn compare_groups(then: &RecordedRun, now: &RecordedRun) -> Self {
        let all = |run: &RecordedRun| {
            let mut values = values(&run.manifest);
            // Times are not results.
            values.retain(|name, _| !name.ends_with("seconds"));
            let trials = search_scores(run)
                .into_iter()
                .flat_map(|found| found.scores);
            for (number, score) in trials.enumerate() {
                values.extend(score.map(|score| (format!("trial {number:05}"), score)));
            }
            values
        };
        Self {
            metrics: changed(&all(then), &all(now)),
            predictions: None,
        }
    }

    /// Whether all results that both have are the same; `None` if there is nothing to compare.
    pub fn is_same(&self) -> Option<bool> {
        let metrics = self.metrics.as_ref().map(Vec::is_empty);
        let predictions = self.predictions.as_ref().map(|lines| lines.different == 0);
        match (metrics, predictions) {
            (None, None) => None,
            (metrics, predictions) => Some(metrics != Some(false) && predictions != Some(false)),
        }
    }

    pub fn text(&self, id: &RunId) -> String {
        let mut text = match self.is_same() {
            Some(true) => format!("the results are those of {id}\n"),
            Some(false) => format!("the results differ from those of {id}\n"),
            None => format!("the run {id} has no results to compare with\n"),
        };
        match &self.metrics {
            Some(rows) if rows.is_empty() => text.push_str("scores       the same\n"),
            Some(rows) => {
                let mut table = Table::new(1.., ["score", "then", "now", "difference"]);
                for (name, then, now) in rows {
                    let cell = |value: &Option<f64>| value.map_or("-".to_owned(), number);
                    let delta = then.zip(*now).map(|(then, now)| difference(now - then));
                    table.row([
                        name.clone(),
                        cell(then),
                        cell(now),
                        delta.unwrap_or_else(|| "-".to_owned()),
                    ]);
                }
                text.push_str(&table.to_string());
            }
            None => {}
        }
        match &self.predictions {
            Some(lines) if lines.different == 0 => {
                text.push_str(&format!(
                    "predictions  the same, {} lines\n",
                    count(lines.total)
                ));
            }
            Some(lines) => text.push_str(&format!(
                "predictions  {} of {} lines differ, first {}\n",
                count(lines.different),
                count(lines.total),
                lines.first.as_deref().unwrap_or_default()
            )),
            None => text.push_str("predictions  nothing to compare\n"),
        }
        text
    }

    pub fn json(&self) -> Value {
        let metrics = self.metrics.as_ref().map(|rows| {
            let rows = rows.iter();
            rows.map(|(name, then, now)| json!({ "metric": name, "then": then, "now": now }))
                .collect::<Vec<_>>()
        });
        let predictions = self.predictions.as_ref().map(|lines| {
            json!({ "lines": lines.total, "different": lines.different, "first": lines.first })
        });
        json!({ "metrics": metrics, "predictions": predictions })
    }
}

fn values(manifest: &RunManifest) -> BTreeMap<String, f64> {
    flatten(&manifest.metrics).into_iter().collect()
}

/// The values that differ; `None` if there are none at all.
fn changed(then: &BTreeMap<String, f64>, now: &BTreeMap<String, f64>) -> Option<Vec<Changed>> {
    let new = now.keys().filter(|name| !then.contains_key(*name));
    let names: Vec<&String> = then.keys().chain(new).collect();
    (!names.is_empty()).then(|| {
        let rows = names.into_iter();
        let rows = rows.map(|name| {
            (
                name.clone(),
                then.get(name).copied(),
                now.get(name).copied(),
            )
        });
        rows.filter(|(_, then, now)| then.map(f64::to_bits) != now.map(f64::to_bits))
            .collect()
    })
}

/// A file of predictions, decompressed.
fn open(path: &Path) -> Option<BufReader<Box<dyn Read>>> {
    let file = protea_files::open(path, Links::Refuse).ok()?;
    let plain: Box<dyn Read> = match path.extension() {
        Some(suffix) if suffix == "gz" => Box::new(MultiGzDecoder::new(file)),
        _ => Box::new(file),
    };
    Some(BufReader::new(plain))
}

/// Compares two files line by line. `None` if one of them cannot be read.
fn lines(then: &Path, now: &Path) -> Option<Lines> {
    let (mut then, mut now) = (open(then)?, open(now)?);
    let mut compared = Lines {
        total: 0,
        different: 0,
        first: None,
    };
    let (mut old, mut new) = (Vec::new(), Vec::new());
    loop {
        old.clear();
        new.clear();
        let old_read = then
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut old)
            .ok()?;
        let new_read = now
            .by_ref()
            .take(LONGEST_LINE)
            .read_until(b'\n', &mut new)
            .ok()?;
        if old_read == 0 && new_read == 0 {
            return Some(compared);
        }
        compared.total += 1;
        if old != new {
            compared.different += 1;
            compared.first.get_or_insert_with(|| {
                let shown = |line: &[u8]| String::from_utf8_lossy(line).trim_end().to_owned();
                format!(
                    "line {}: {:?}, now {:?}",
                    compared.total,
                    shown(&old),
                    shown(&new)
                )
            });
        }
    }
}
