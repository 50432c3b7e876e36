//! Which runs `gc` removes.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    time::Duration,
};

use jiff::Timestamp;
use protea_tracking::RunId;

use super::super::{ListedRun, RunList, RunOrder, RunRow, RunSelection, RunSelectionError, Status};

/// The name of the tag that keeps a run.
const KEEP: &str = "keep";

/// Which runs are not wanted any more. A run has to meet every condition that is set; without any, no
/// run does. Child runs follow their parents, active runs and those with the tag `keep` stay.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// Only runs that ended longer ago than this.
    pub older_than: Option<Duration>,
    /// Only runs with a score that is not among the best so many of those that were scored on the
    /// same dataset.
    pub keep_best: Option<(usize, RunOrder)>,
    /// Only runs that failed or were killed.
    pub failed: bool,
}

impl Retention {
    /// No condition yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only runs that ended longer ago than this.
    #[must_use]
    pub fn older_than(mut self, age: Duration) -> Self {
        self.older_than = Some(age);
        self
    }

    /// Only runs with a score that is not among the best so many.
    #[must_use]
    pub fn keep_best(mut self, count: usize, order: RunOrder) -> Self {
        self.keep_best = Some((count, order));
        self
    }

    /// Only runs that failed or were killed.
    #[must_use]
    pub fn failed(mut self) -> Self {
        self.failed = true;
        self
    }

    /// The runs of a list that are not wanted any more, without child runs.
    ///
    /// # Errors
    ///
    /// [`RunSelectionError`] when no run has the metric.
    pub fn unwanted(
        &self,
        list: &RunList,
        selection: &RunSelection,
        now: Timestamp,
    ) -> Result<Vec<RunId>, RunSelectionError> {
        if *self == Self::default() {
            return Ok(Vec::new());
        }
        let ids: HashSet<&RunId> = list.runs.iter().map(|run| &run.head.run_id).collect();
        let selected = list.select(selection)?.rows;
        let is_root = |run: &ListedRun| {
            let parent = run.head.parent.as_ref();
            parent.is_none_or(|parent| !ids.contains(parent))
        };
        let (scored, best) = self.scored_and_best(list)?;
        let unwanted = selected.into_iter().map(|row: RunRow<'_>| row.run);
        Ok(unwanted
            .filter(|run| is_root(run) && self.is_unwanted(run, &scored, &best, now))
            .map(|run| run.head.run_id.clone())
            .collect())
    }

    fn is_unwanted(
        &self,
        run: &ListedRun,
        scored: &HashSet<RunId>,
        best: &HashSet<RunId>,
        now: Timestamp,
    ) -> bool {
        let head = &run.head;
        if head.status == Status::Running || head.tags.contains_key(KEEP) {
            return false;
        }
        let is_old = |age: Duration| {
            let ended = head.finished.unwrap_or(head.started);
            now.duration_since(ended).as_secs_f64() > age.as_secs_f64()
        };
        let has_failed = matches!(head.status, Status::Failed | Status::Killed);
        self.older_than.is_none_or(is_old)
            && (!self.failed || has_failed)
            && (self.keep_best.is_none()
                || scored.contains(&head.run_id) && !best.contains(&head.run_id))
    }

    /// The runs with a score, the best of them on each dataset, and in both the runs that they are
    /// part of.
    fn scored_and_best(
        &self,
        list: &RunList,
    ) -> Result<(HashSet<RunId>, HashSet<RunId>), RunSelectionError> {
        let (mut scored, mut best) = (HashSet::new(), HashSet::new());
        let Some((count, order)) = &self.keep_best else {
            return Ok((scored, best));
        };
        let ordered = list.select(&RunSelection::new().with_order(order.clone()))?;
        let mut runs: Vec<(&ListedRun, f64)> = ordered
            .rows
            .iter()
            .filter_map(|row| Some((row.run, row.run.value(&order.key)?)))
            .collect();
        runs.sort_by(|(a, a_value), (b, b_value)| {
            let by_value = if order.ascending {
                a_value.total_cmp(b_value)
            } else {
                b_value.total_cmp(a_value)
            };
            by_value.then_with(|| a.head.run_id.cmp(&b.head.run_id))
        });
        let parents: HashMap<&RunId, &RunId> = list
            .runs
            .iter()
            .filter_map(|run| Some((&run.head.run_id, run.head.parent.as_ref()?)))
            .collect();
        let add = |run: &ListedRun, to: &mut HashSet<RunId>| {
            let mut id = Some(&run.head.run_id);
            // A damaged manifest could name itself as parent.
            while let Some(added) = id.filter(|id| to.insert((*id).clone())) {
                id = parents.get(added).copied();
            }
        };
        let mut taken: BTreeMap<&str, usize> = BTreeMap::new();
        for (run, _) in runs {
            add(run, &mut scored);
            let dataset = run.head.evaluated_on().map_or("", |dataset| dataset.sha256);
            let taken = taken.entry(dataset).or_default();
            if *taken < *count {
                *taken += 1;
                add(run, &mut best);
            }
        }
        Ok((scored, best))
    }
}
