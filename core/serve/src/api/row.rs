//! What a list shows of a run, as JSON. Strings are escaped and cut here, so that pages can show them
//! unchanged.

use protea_core::{
    text::escape_line,
    tracking,
    workspace::{ListedRun, RunKey},
};
use serde_json::{Value, json};

use crate::state::Runs;

/// The longest text of a cell in characters.
const LONGEST: usize = 300;

/// A string from a file on one line, without characters that control or reorder text, and not too long.
pub fn shown(text: &str) -> String {
    shown_up_to(text, LONGEST)
}

/// [`shown`], with another longest length in characters.
pub fn shown_up_to(text: &str, most: usize) -> String {
    let escaped = escape_line(text);
    match escaped.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &escaped[..end]),
        None => escaped.into_owned(),
    }
}

/// A number for JSON, which has finite numbers only.
pub fn number(value: f64) -> Value {
    if value.is_finite() {
        json!(value)
    } else {
        Value::Null
    }
}

/// A run with the values of these metrics.
pub fn row(runs: &Runs, run: &ListedRun, depth: usize, metrics: &[RunKey]) -> Value {
    let head = &run.head;
    let runner = head.runner.as_ref();
    let evaluated = head.evaluated_on();
    // A search has the score of its best trial under another name.
    let best = |metric: &RunKey| head.metric_by_name(&format!("best.{}", metric.name()));
    let values = metrics
        .iter()
        .map(|metric| run.value(metric).or_else(|| best(metric)));
    let seconds = match runs.status(run) {
        // A run whose process is gone does not take longer and longer.
        status if status != head.status => Value::Null,
        _ => json!(head.seconds(tracking::now())),
    };
    json!({
        "id": shown(&head.run_id),
        "name": head.name.as_deref().map(shown),
        "parent": head.parent.as_ref().map(|parent| shown(parent)),
        "depth": depth,
        "status": runs.status(run).name(),
        "pipeline": shown(&head.pipeline),
        "runner": runner.map(|runner| shown(&format!("{} {}", runner.name, runner.version))),
        "eval": evaluated.map(|dataset| shown(dataset.name)),
        "eval_sha256": evaluated.map(|dataset| shown_up_to(dataset.sha256, 12)),
        "started": head.started.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        "seconds": seconds,
        "error": head.error.as_deref().map(shown),
        "metrics": values.map(|value| value.map_or(Value::Null, number)).collect::<Vec<_>>(),
    })
}
