//! Queries for recorded runs.

use jiff::Timestamp;
use regex::Regex;

use crate::{RunId, RunStart, RunStatus, Tags, TrackerError};

/// Which runs to list, and which page of them. All fields have defaults:
/// `RunQuery { limit: 10, ..RunQuery::default() }`.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Only runs of this project.
    pub project: Option<String>,
    /// Only runs of these groups.
    pub group: Option<GroupFilter>,
    /// Runs per page; 0 stands for [`RunQuery::DEFAULT_LIMIT`].
    pub limit: usize,
    /// The page: [`RunPage::next`] of the page before, or none for the first page.
    pub page: Option<String>,
}

impl RunQuery {
    /// Runs per page unless the query sets a limit.
    pub const DEFAULT_LIMIT: usize = 100;

    /// The number of runs per page.
    #[must_use]
    pub const fn page_size(&self) -> usize {
        if self.limit == 0 {
            Self::DEFAULT_LIMIT
        } else {
            self.limit
        }
    }

    /// Whether a run of this project and group matches.
    #[must_use]
    pub fn matches(&self, project: Option<&str>, group: Option<&str>) -> bool {
        let in_project = self
            .project
            .as_deref()
            .is_none_or(|expected| project == Some(expected));
        let in_group = self
            .group
            .as_ref()
            .is_none_or(|filter| group.is_some_and(|group| filter.matches(group)));
        in_project && in_group
    }
}

/// A condition on the group of a run.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum GroupFilter {
    /// The group begins with this string.
    Prefix(String),
    /// The expression matches somewhere in the group.
    Regex(Regex),
}

impl GroupFilter {
    /// Groups that contain a match of this regular expression. Use `^` and `$` to match the whole
    /// group.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Name`] if it is not a valid regular expression.
    pub fn regex(pattern: &str) -> Result<Self, TrackerError> {
        match Regex::new(pattern) {
            Ok(regex) => Ok(Self::Regex(regex)),
            Err(error) => Err(TrackerError::Name {
                what: "group pattern",
                value: pattern.to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    /// Whether this group matches.
    #[must_use]
    pub fn matches(&self, group: &str) -> bool {
        match self {
            Self::Prefix(prefix) => group.starts_with(prefix),
            Self::Regex(regex) => regex.is_match(group),
        }
    }
}

/// One page of a list of runs.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RunPage {
    /// The runs, newest first.
    pub runs: Vec<RunSummary>,
    /// The value of [`RunQuery::page`] for the next page; none on the last page.
    pub next: Option<String>,
}

impl RunPage {
    /// A page with these runs, newest first, and what to ask for next.
    #[must_use]
    pub const fn new(runs: Vec<RunSummary>, next: Option<String>) -> Self {
        Self { runs, next }
    }
}

/// One run in a list.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct RunSummary {
    /// The run's id.
    pub run_id: RunId,
    /// The name to display.
    pub name: String,
    /// The status.
    pub status: RunStatus,
    /// When the run started, in UTC.
    pub started: Timestamp,
    /// When the run ended, in UTC; none if it has not.
    pub finished: Option<Timestamp>,
    /// The id of the run that this run is part of.
    pub parent: Option<RunId>,
    /// The project.
    pub project: Option<String>,
    /// The group.
    pub group: Option<String>,
    /// The tags.
    pub tags: Tags,
    /// The address of the run's page, if there is one.
    pub url: Option<String>,
}

impl RunSummary {
    /// The summary of a run that has not ended, with what its start says.
    #[must_use]
    pub fn new(start: &RunStart) -> Self {
        Self {
            run_id: start.run_id.clone(),
            name: start.name.clone(),
            status: RunStatus::Running,
            started: start.started,
            finished: None,
            parent: start.parent.clone(),
            project: start.project.clone(),
            group: start.group.clone(),
            tags: start.tags.clone(),
            url: None,
        }
    }
}

/// The page of `runs` that `query` asks for. `runs` can be all runs, in any order. A page begins
/// after a run and not at a number of runs, so that runs which start in between shift nothing.
pub(crate) fn page(mut runs: Vec<RunSummary>, query: &RunQuery) -> Result<RunPage, TrackerError> {
    let after = query.page.as_deref().map(read_page).transpose()?;
    runs.retain(|run| {
        query.matches(run.project.as_deref(), run.group.as_deref())
            && after.is_none_or(|after| (run.started, run.run_id.as_str()) < after)
    });
    runs.sort_by(|a, b| (b.started, &b.run_id).cmp(&(a.started, &a.run_id)));
    let more = runs.len() > query.page_size();
    runs.truncate(query.page_size());
    let last = runs.last().filter(|_| more);
    let next = last.map(|last| format!("{} {}", last.started, last.run_id));
    Ok(RunPage { runs, next })
}

fn read_page(page: &str) -> Result<(Timestamp, &str), TrackerError> {
    page.split_once(' ')
        .and_then(|(started, run_id)| Some((started.parse().ok()?, run_id)))
        .ok_or_else(|| TrackerError::Name {
            what: "page",
            value: page.to_owned(),
            reason: "it must be a value that an earlier page returned".to_owned(),
        })
}
