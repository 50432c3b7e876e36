//! How far a run that consists of others has come: its trials, folds or contenders.

use protea_core::{
    tracking,
    workspace::{RecordedRun, Status},
};
use protea_report::search_scores;
use serde_json::{Value, json};

use super::row::{number, shown};

/// The largest number of trials in an answer.
const MOST_TRIALS: usize = 20_000;

/// What a page shows of a run's progress, and of the scores of its trials.
#[derive(Debug)]
pub struct GroupProgress {
    /// `unit`, `done`, `total`, and of a search also `reused`, `metric`, `best` (number and score). While
    /// it runs, `seconds_left` at the rate so far.
    pub progress: Value,
    /// Of a search: `metric`, `lowest_is_best`, and `scores` of its trials in their order, also of trials
    /// that were reused from earlier runs, which are not child runs.
    pub trials: Value,
}

/// How far a run has come. `ended` is the number of its child runs that have ended. `None` if it does not
/// consist of others.
pub fn progress(run: &RecordedRun, ended: usize, status: Status) -> Option<GroupProgress> {
    let manifest = &run.manifest;
    let spec = &manifest.spec;
    let counted = |unit: &str, total: usize| GroupProgress {
        progress: json!({ "unit": unit, "done": ended.min(total), "total": total }),
        trials: Value::Null,
    };
    let mut found = match manifest.pipeline.as_str() {
        "search" => of_search(run)?,
        "cross_validation" => counted("fold", usize::try_from(spec["folds"].as_u64()?).ok()?),
        "benchmark" => counted("contender", spec["contenders"].as_object()?.len()),
        _ => return None,
    };
    if status == Status::Running {
        let elapsed = tracking::now()
            .duration_since(manifest.started)
            .as_secs_f64();
        found.progress["seconds_left"] = seconds_left(&found.progress, elapsed);
    }
    Some(found)
}

fn of_search(run: &RecordedRun) -> Option<GroupProgress> {
    let found = search_scores(run)?;
    let best = found.best.as_ref();
    let best = best.map(|(trial, score)| json!([shown(trial), number(*score)]));
    let scores = found.scores.iter().take(MOST_TRIALS);
    let scores = scores.map(|score| score.map_or(Value::Null, number));
    Some(GroupProgress {
        progress: json!({
            "unit": "trial",
            "done": found.scores.len(),
            "total": found.total.unwrap_or(found.scores.len()),
            "reused": found.reused,
            "metric": shown(&found.metric),
            "best": best,
        }),
        trials: json!({
            "metric": shown(&found.metric),
            "lowest_is_best": found.lowest_is_best,
            "scores": scores.collect::<Vec<_>>(),
        }),
    })
}

/// The time that the rest takes if each takes as long as those that were computed. Reused trials take none.
fn seconds_left(progress: &Value, elapsed: f64) -> Value {
    let count = |name: &str| progress[name].as_u64().unwrap_or(0);
    let computed = count("done").saturating_sub(count("reused"));
    let left = count("total").saturating_sub(count("done"));
    match computed {
        0 => Value::Null,
        computed => number(elapsed.max(0.0) / computed as f64 * left as f64),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reused_trials_do_not_count_for_the_remaining_time() {
        let left = |done, reused| {
            seconds_left(
                &json!({ "done": done, "reused": reused, "total": 20 }),
                30.0,
            )
        };
        assert_eq!(left(10, 0), json!(30.0));
        assert_eq!(left(10, 5), json!(60.0));
        assert_eq!(left(5, 5), Value::Null);
    }
}
