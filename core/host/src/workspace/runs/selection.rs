//! Which runs of a workspace are wanted, and in which order.

use std::collections::BTreeSet;

use protea_contracts::metrics::flatten;

use super::{
    ListedRun, RunHead, RunList,
    order::{RunKey, RunOrder, RunRow, ordered},
};
use crate::workspace::Status;

/// Which runs are wanted, in which order, and how many. Without filters these are all runs, the
/// newest first.
///
/// ```no_run
/// use protea_core::{Workspace, workspace::{RunOrder, RunSelection}};
///
/// let runs = Workspace::at("results")?.runs();
/// let selection = RunSelection::new()
///     .with_runner("knn")
///     .with_eval("test")
///     .with_order(RunOrder::descending("MFO.fmax"))
///     .with_limit(10);
/// for row in runs.select(&selection)?.rows {
///     println!("{} {:?}", row.run.head.run_id, row.run.head.metric("MFO", "fmax"));
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunSelection {
    project: Option<String>,
    group: Option<String>,
    runner: Option<String>,
    eval: Option<String>,
    status: Option<Status>,
    tags: Vec<(String, Option<String>)>,
    order: RunOrder,
    limit: Option<usize>,
}

/// The runs that were selected.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SelectedRuns<'r> {
    /// The runs in their order, child runs after their parents.
    pub rows: Vec<RunRow<'r>>,
    /// How many runs pass the filters; more than `rows` if there was a limit.
    pub total: usize,
}

/// Why runs cannot be selected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RunSelectionError {
    /// None of the runs has the metric that they should be sorted by.
    #[error("no run has the metric {metric:?}")]
    NoSuchMetric {
        /// The metric.
        metric: String,
        /// The metrics that the runs have, sorted.
        known: Vec<String>,
    },
}

impl RunSelection {
    /// All runs, the newest first.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only runs of this project.
    #[must_use]
    pub fn with_project(mut self, project: impl Into<String>) -> Self {
        self.project = Some(project.into());
        self
    }

    /// Only runs of this group and its subgroups: `H012` includes `H012/E018`.
    #[must_use]
    pub fn with_group(mut self, group: impl Into<String>) -> Self {
        self.group = Some(group.into());
        self
    }

    /// Only runs of the runner with this name.
    #[must_use]
    pub fn with_runner(mut self, runner: impl Into<String>) -> Self {
        self.runner = Some(runner.into());
        self
    }

    /// Only runs that were scored on the dataset with this name. Scores on different datasets cannot
    /// be compared.
    #[must_use]
    pub fn with_eval(mut self, dataset: impl Into<String>) -> Self {
        self.eval = Some(dataset.into());
        self
    }

    /// Only runs with this status.
    #[must_use]
    pub fn with_status(mut self, status: Status) -> Self {
        self.status = Some(status);
        self
    }

    /// Only runs with this tag, and with this value of it if one is given. Several have to be there
    /// together.
    #[must_use]
    pub fn with_tag(mut self, name: impl Into<String>, value: Option<String>) -> Self {
        self.tags.push((name.into(), value));
        self
    }

    /// Sorts the runs.
    #[must_use]
    pub fn with_order(mut self, order: RunOrder) -> Self {
        self.order = order;
        self
    }

    /// At most this many runs.
    #[must_use]
    pub fn with_limit(mut self, limit: usize) -> Self {
        self.limit = Some(limit);
        self
    }

    /// By what the runs are sorted.
    #[must_use]
    pub fn order(&self) -> &RunOrder {
        &self.order
    }

    fn takes(&self, head: &RunHead) -> bool {
        let takes = |wanted: &Option<String>, value: Option<&str>| match wanted {
            Some(wanted) => value == Some(wanted),
            None => true,
        };
        let runner = head.runner.as_ref().map(|runner| &*runner.name);
        takes(&self.project, head.project.as_deref())
            && takes(&self.runner, runner)
            && takes(&self.eval, head.evaluated_on().map(|dataset| dataset.name))
            && self.status.is_none_or(|status| status == head.status)
            && self.tags.iter().all(|(name, value)| {
                let found = head.tags.get(name);
                found.is_some_and(|found| value.as_ref().is_none_or(|value| value == found))
            })
            && self.group.as_deref().is_none_or(|g| in_group(head, g))
    }
}

/// Whether a run is in a group or one of its subgroups.
fn in_group(head: &RunHead, group: &str) -> bool {
    let rest = head.group.as_deref().and_then(|g| g.strip_prefix(group));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || group.ends_with('/'))
}

impl RunList {
    /// The runs that pass the filters of a selection, in its order.
    ///
    /// # Errors
    ///
    /// [`RunSelectionError::NoSuchMetric`] when runs pass the filters, but none of them has the metric
    /// that they should be sorted by.
    pub fn select(&self, selection: &RunSelection) -> Result<SelectedRuns<'_>, RunSelectionError> {
        let runs = self.runs.iter();
        let runs: Vec<&ListedRun> = runs.filter(|run| selection.takes(&run.head)).collect();
        let key = &selection.order.key;
        if let RunKey::Metric(metric) = key
            && !runs.is_empty()
            && !runs.iter().any(|run| run.value(key).is_some())
        {
            let known: BTreeSet<String> = runs
                .iter()
                .flat_map(|run| flatten(&run.head.metrics))
                .map(|(name, _)| name)
                .collect();
            return Err(RunSelectionError::NoSuchMetric {
                metric: metric.clone(),
                known: known.into_iter().collect(),
            });
        }
        let mut rows = ordered(&runs, &selection.order);
        let total = rows.len();
        rows.truncate(selection.limit.unwrap_or(total));
        Ok(SelectedRuns { rows, total })
    }
}
