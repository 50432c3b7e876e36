//! The order of runs in a list: by time, duration or a metric, with child runs after their parents.

use std::{cmp::Ordering, collections::HashMap};

use super::ListedRun;

/// What a cross-validation appends to the name of a metric for its mean over the folds.
pub const MEAN: &str = ".mean";
/// What a cross-validation appends to the name of a metric for its standard deviation.
pub const DEVIATION: &str = ".std";

/// What runs are sorted by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunKey {
    /// When they started.
    #[default]
    Started,
    /// How long they took; of those that are running, how long until now.
    Seconds,
    /// A metric by its full name, such as `MFO.fmax`. Of a cross-validation it is the mean.
    Metric(String),
}

/// By what runs are sorted, and in which direction. Runs without the value come last in both.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOrder {
    /// What runs are sorted by.
    pub key: RunKey,
    /// Whether the lowest comes first.
    pub ascending: bool,
}

impl RunOrder {
    /// The highest first.
    #[must_use]
    pub fn descending(key: impl Into<RunKey>) -> Self {
        Self {
            key: key.into(),
            ascending: false,
        }
    }

    /// The lowest first, as for `MFO.smin`.
    #[must_use]
    pub fn ascending(key: impl Into<RunKey>) -> Self {
        Self {
            key: key.into(),
            ascending: true,
        }
    }

    /// Missing values come last in both directions.
    fn compare(&self, a: Option<f64>, b: Option<f64>) -> Ordering {
        match (a, b) {
            (Some(a), Some(b)) if self.ascending => a.total_cmp(&b),
            (Some(a), Some(b)) => b.total_cmp(&a),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        }
    }
}

impl Default for RunOrder {
    /// The newest first.
    fn default() -> Self {
        Self::descending(RunKey::Started)
    }
}

impl RunKey {
    /// `started`, `seconds`, or the name of the metric.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Started => "started",
            Self::Seconds => "seconds",
            Self::Metric(name) => name,
        }
    }
}

/// `started` and `seconds` are the time; anything else is the name of a metric.
impl From<&str> for RunKey {
    fn from(name: &str) -> Self {
        match name {
            "started" => Self::Started,
            "seconds" => Self::Seconds,
            metric => Self::Metric(metric.to_owned()),
        }
    }
}

impl ListedRun {
    /// The value that the run is sorted by, if it has one.
    #[must_use]
    pub fn value(&self, key: &RunKey) -> Option<f64> {
        let head = &self.head;
        match key {
            RunKey::Started => Some(head.started.as_millisecond() as f64),
            RunKey::Seconds => Some(head.seconds(protea_tracking::now())),
            RunKey::Metric(name) => head
                .metric_by_name(name)
                .or_else(|| head.metric_by_name(&format!("{name}{MEAN}"))),
        }
    }
}

/// A run in an ordered list.
#[derive(Debug, Clone, Copy)]
pub struct RunRow<'r> {
    /// The run.
    pub run: &'r ListedRun,
    /// The number of its ancestors in the list.
    pub depth: usize,
}

/// Sorts runs, with child runs after their parents. A run whose parent is not in the list has no
/// parent here. If runs are sorted by a metric, a run without it counts as its best child. `runs` are
/// in the order of time.
pub(super) fn ordered<'r>(runs: &[&'r ListedRun], by: &RunOrder) -> Vec<RunRow<'r>> {
    let places: HashMap<&str, usize> = runs
        .iter()
        .enumerate()
        .map(|(place, run)| (run.head.run_id.as_str(), place))
        .collect();
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); runs.len()];
    let mut roots = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        let parent = run.head.parent.as_deref().and_then(|id| places.get(id));
        match parent {
            // A damaged manifest could name itself or a child as parent: only older runs count.
            Some(parent) if *parent < place => children[*parent].push(place),
            _ => roots.push(place),
        }
    }
    let mut values: Vec<Option<f64>> = runs.iter().map(|run| run.value(&by.key)).collect();
    if matches!(by.key, RunKey::Metric(_)) {
        // Children come after their parents, so going backwards finds the children's values first.
        for place in (0..runs.len()).rev() {
            if values[place].is_none() {
                let below = children[place].iter().filter_map(|child| values[*child]);
                values[place] = below.min_by(|a, b| by.compare(Some(*a), Some(*b)));
            }
        }
    }
    let sort = |places: &mut Vec<usize>| {
        places.sort_by(|a, b| {
            by.compare(values[*a], values[*b]).then_with(|| {
                let id = |place: usize| &runs[place].head.run_id;
                id(*b).cmp(id(*a))
            })
        });
    };
    sort(&mut roots);
    // Children stay in the order of time unless the list is sorted by something else.
    if by.key != RunKey::Started {
        children.iter_mut().for_each(sort);
    }
    let mut rows = Vec::with_capacity(runs.len());
    let mut waiting: Vec<(usize, usize)> = roots.iter().rev().map(|root| (*root, 0)).collect();
    while let Some((place, depth)) = waiting.pop() {
        rows.push(RunRow {
            run: runs[place],
            depth,
        });
        let below = children[place].iter().rev();
        waiting.extend(below.map(|child| (*child, depth + 1)));
    }
    rows
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::path::PathBuf;

    use serde_json::json;

    use super::*;

    fn run(id: &str, parent: Option<&str>, score: Option<f64>) -> ListedRun {
        let started = format!("2026-11-21T10:00:0{}Z", &id[1..]);
        let head = json!({
            "run_id": id, "job_id": "j", "pipeline": "training", "parent": parent,
            "status": "finished", "runner": { "name": "knn", "version": "1.0.0" }, "seed": 0,
            "started": started, "finished": started,
            "metrics": score.map_or(json!({}), |score| json!({ "MFO": { "fmax": score } })),
        });
        ListedRun {
            directory: PathBuf::from(id),
            head: serde_json::from_value(head).unwrap(),
        }
    }

    fn order(runs: &[ListedRun], by: &RunOrder) -> Vec<String> {
        let runs: Vec<&ListedRun> = runs.iter().collect();
        let rows = ordered(&runs, by);
        rows.iter()
            .map(|row| format!("{}{}", ".".repeat(row.depth), row.run.head.run_id))
            .collect()
    }

    #[test]
    fn children_follow_parents_and_missing_values_are_last() {
        let runs = [
            run("r1", None, None),
            run("r2", Some("r1"), Some(0.2)),
            run("r3", Some("r1"), Some(0.9)),
            run("r4", None, Some(0.5)),
            run("r5", Some("elsewhere"), None),
            run("r6", Some("r6"), Some(0.1)),
        ];
        assert_eq!(
            order(&runs, &RunOrder::default()),
            ["r6", "r5", "r4", "r1", ".r2", ".r3"]
        );
        assert_eq!(
            order(&runs, &RunOrder::descending("MFO.fmax")),
            ["r1", ".r3", ".r2", "r4", "r6", "r5"]
        );
        assert_eq!(
            order(&runs, &RunOrder::ascending("MFO.fmax")),
            ["r6", "r1", ".r2", ".r3", "r4", "r5"]
        );
    }
}
