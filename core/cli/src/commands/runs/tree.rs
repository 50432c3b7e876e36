//! Orders runs for a list: child runs follow their parents.

use std::{cmp::Ordering, collections::HashMap};

use protea_core::{contracts::metrics::flatten, workspace::ListedRun};

use crate::args::SortBy;

/// What a cross-validation appends to the name of a metric for its mean over the folds.
pub const MEAN: &str = ".mean";
/// What a cross-validation appends to the name of a metric for its standard deviation.
pub const DEVIATION: &str = ".std";

/// A run in a list.
#[derive(Debug, Clone, Copy)]
pub struct Row<'r> {
    /// The run.
    pub run: &'r ListedRun,
    /// The number of its ancestors in the list.
    pub depth: usize,
}

/// The value that a run is sorted by, if it has one. Of a cross-validation it is the mean.
pub fn value(run: &ListedRun, key: &str) -> Option<f64> {
    let head = &run.head;
    match key {
        SortBy::STARTED => Some(head.started.as_millisecond() as f64),
        SortBy::SECONDS => Some(head.seconds(protea_core::tracking::now())),
        metric => {
            let metrics = flatten(&head.metrics);
            let value_of = |wanted: &str| {
                let found = metrics.iter().find(|(name, _)| name == wanted);
                found.map(|(_, value)| *value)
            };
            value_of(metric).or_else(|| value_of(&format!("{metric}{MEAN}")))
        }
    }
}

/// Sorts runs, with child runs after their parents. A run whose parent is not in the list has no
/// parent here. If runs are sorted by a metric, a run without it counts as its best child.
pub fn ordered<'r>(runs: &[&'r ListedRun], by: &SortBy) -> Vec<Row<'r>> {
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
    let mut values: Vec<Option<f64>> = runs.iter().map(|run| value(run, &by.key)).collect();
    if by.key != SortBy::STARTED && by.key != SortBy::SECONDS {
        // Children come after their parents, so going backwards finds the children's values first.
        for place in (0..runs.len()).rev() {
            if values[place].is_none() {
                let below = children[place].iter().filter_map(|child| values[*child]);
                values[place] = below.min_by(|a, b| compare(by, Some(*a), Some(*b)));
            }
        }
    }
    let sort = |places: &mut Vec<usize>| {
        places.sort_by(|a, b| {
            compare(by, values[*a], values[*b]).then_with(|| {
                let id = |place: usize| &runs[place].head.run_id;
                id(*b).cmp(id(*a))
            })
        });
    };
    sort(&mut roots);
    // Children stay in the order of time unless the list is sorted by something else.
    if by.key != SortBy::STARTED {
        children.iter_mut().for_each(sort);
    }
    let mut rows = Vec::with_capacity(runs.len());
    let mut waiting: Vec<(usize, usize)> = roots.iter().rev().map(|root| (*root, 0)).collect();
    while let Some((place, depth)) = waiting.pop() {
        rows.push(Row {
            run: runs[place],
            depth,
        });
        let below = children[place].iter().rev();
        waiting.extend(below.map(|child| (*child, depth + 1)));
    }
    rows
}

/// Missing values come last in both directions.
fn compare(by: &SortBy, a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if by.ascending => a.total_cmp(&b),
        (Some(a), Some(b)) => b.total_cmp(&a),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

#[cfg(test)]
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

    fn order(runs: &[ListedRun], key: &str, ascending: bool) -> Vec<String> {
        let by = SortBy {
            key: key.to_owned(),
            ascending,
        };
        let runs: Vec<&ListedRun> = runs.iter().collect();
        let rows = ordered(&runs, &by);
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
            order(&runs, "started", false),
            ["r6", "r5", "r4", "r1", ".r2", ".r3"]
        );
        assert_eq!(
            order(&runs, "MFO.fmax", false),
            ["r1", ".r3", ".r2", "r4", "r6", "r5"]
        );
        assert_eq!(
            order(&runs, "MFO.fmax", true),
            ["r6", "r1", ".r2", ".r3", "r4", "r5"]
        );
    }
}
