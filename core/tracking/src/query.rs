//! Finding runs again.

use jiff::Timestamp;
use regex::Regex;

use crate::{RunStatus, Tags, TrackerError};

/// Which runs are wanted, and which page of them.
#[derive(Debug, Clone, Default)]
pub struct RunQuery {
    /// Only those of this project.
    pub project: Option<String>,
    /// Only those of these groups.
    pub group: Option<GroupFilter>,
    /// How many at most; 0 stands for [`RunQuery::PAGE`].
    pub limit: usize,
    /// Where an earlier page said that it goes on: [`RunPage::next`].
    pub page: Option<String>,
}

impl RunQuery {
    /// How many runs a page has where the query does not say.
    pub const PAGE: usize = 100;

    /// How many runs a page has.
    #[must_use]
    pub const fn page_size(&self) -> usize {
        if self.limit == 0 {
            Self::PAGE
        } else {
            self.limit
        }
    }

    /// Whether a run of this project and group is wanted.
    #[must_use]
    pub fn wants(&self, project: Option<&str>, group: Option<&str>) -> bool {
        let in_project = self
            .project
            .as_deref()
            .is_none_or(|wanted| project == Some(wanted));
        let in_group = self
            .group
            .as_ref()
            .is_none_or(|filter| group.is_some_and(|group| filter.matches(group)));
        in_project && in_group
    }
}

/// Which groups are wanted.
#[derive(Debug, Clone)]
pub enum GroupFilter {
    /// Those that begin so.
    Prefix(String),
    /// Those in which the expression is found.
    Regex(Regex),
}

impl GroupFilter {
    /// Those in which the regular expression is found; anchor it with `^` and `$`.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Name`] when it is none.
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

    /// Whether a group is wanted.
    #[must_use]
    pub fn matches(&self, group: &str) -> bool {
        match self {
            Self::Prefix(prefix) => group.starts_with(prefix),
            Self::Regex(regex) => regex.is_match(group),
        }
    }
}

/// Some of the runs that were asked for, the newest first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RunPage {
    /// The runs.
    pub runs: Vec<RunSummary>,
    /// What to put into [`RunQuery::page`] for those that follow; none where these are the last.
    pub next: Option<String>,
}

/// A run as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    /// Its id, as given at its start.
    pub run_id: String,
    /// For people.
    pub name: String,
    /// How it stands.
    pub status: RunStatus,
    /// When it started.
    pub started: Timestamp,
    /// When it ended.
    pub finished: Option<Timestamp>,
    /// The run that it is part of.
    pub parent: Option<String>,
    /// What it belongs to.
    pub project: Option<String>,
    /// What it is compared within.
    pub group: Option<String>,
    /// Its tags.
    pub tags: Tags,
    /// Where a browser shows it.
    pub url: Option<String>,
}

/// The page of `runs` that `query` wants; `runs` may be all there are, in any order. A page goes on
/// after a run, not at a count: runs that start meanwhile shift nothing.
pub(crate) fn page(mut runs: Vec<RunSummary>, query: &RunQuery) -> Result<RunPage, TrackerError> {
    let after = query.page.as_deref().map(read_page).transpose()?;
    runs.retain(|run| {
        query.wants(run.project.as_deref(), run.group.as_deref())
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
            reason: "it must be the one that the page before gave".to_owned(),
        })
}
