//! Finding runs again.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    answer::{Failure, garbled},
    experiment::{DEFAULT, Experiment},
    server::Server,
    tags,
};
use crate::{GroupFilter, RunPage, RunQuery, RunStatus, RunSummary, Tags, TrackerError};

/// Runs per call, however many are wanted: each comes with its params and last metrics.
const MOST: usize = 200;

impl Server {
    /// The runs that the query wants, the newest first.
    pub(super) fn list(&self, query: &RunQuery) -> Result<RunPage, TrackerError> {
        const CALL: &str = "runs/search";
        let experiments: HashMap<String, String> = self
            .experiments_of(query)?
            .into_iter()
            .map(|found| (found.id, found.name))
            .collect();
        if experiments.is_empty() {
            return Ok(RunPage::default());
        }
        let mut after = query.page.as_deref().map(Place::read).transpose()?;
        let mut body = json!({
            "experiment_ids": experiments.keys().collect::<Vec<_>>(),
            "filter": filter(query, after.as_ref()),
            "order_by": ["attributes.start_time DESC"],
            "max_results": (query.page_size() + 1).min(MOST),
        });
        let mut page = RunPage::default();
        loop {
            let found = self
                .client
                .post(CALL, &body)
                .map_err(Failure::on("a search for runs"))?;
            let runs = found.get("runs").and_then(Value::as_array);
            for run in runs.into_iter().flatten() {
                let place = Place::of(run).ok_or_else(|| garbled(CALL, "run_id"))?;
                // What starts meanwhile shifts the server's pages.
                if after.as_ref().is_some_and(|after| !place.follows(after)) {
                    continue;
                }
                let summary = self.summary(run, &place, &experiments);
                let summary = summary.ok_or_else(|| garbled(CALL, "info"))?;
                let wanted = |filter: &GroupFilter| {
                    summary
                        .group
                        .as_deref()
                        .is_some_and(|group| filter.matches(group))
                };
                if query.group.as_ref().is_none_or(wanted) {
                    if page.runs.len() == query.page_size() {
                        // The place is that of the last run that the page has, or of one after it
                        // that is not wanted.
                        page.next = after.map(|after| after.write());
                        return Ok(page);
                    }
                    page.runs.push(summary);
                }
                after = Some(place);
            }
            match found.get("next_page_token").and_then(Value::as_str) {
                Some(token) if !token.is_empty() => body["page_token"] = token.into(),
                _ => return Ok(page),
            }
        }
    }

    fn experiments_of(&self, query: &RunQuery) -> Result<Vec<Experiment>, TrackerError> {
        match &query.project {
            None => self.experiments(),
            Some(project) => {
                let found = self.experiment_named(project)?;
                Ok(found
                    .into_iter()
                    .filter(|found| !found.is_deleted)
                    .collect())
            }
        }
    }

    fn summary(
        &self,
        run: &Value,
        place: &Place,
        experiments: &HashMap<String, String>,
    ) -> Option<RunSummary> {
        let info = run.get("info")?;
        let text = |name: &str| info.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut all = read_tags(run);
        let run_id = all.remove(tags::RUN_ID);
        let experiment_id = text("experiment_id");
        let project = experiments.get(experiment_id).cloned();
        let end = integer(info, "end_time").filter(|end| *end > 0);
        Some(RunSummary {
            name: all
                .remove(tags::NAME)
                .unwrap_or_else(|| text("run_name").to_owned()),
            status: status(text("status")),
            started: Timestamp::from_millisecond(place.started).ok()?,
            finished: end.and_then(|end| Timestamp::from_millisecond(end).ok()),
            parent: all.remove(tags::PARENT),
            // A run of ours without a project is there too.
            project: project.filter(|name| run_id.is_none() || name != DEFAULT),
            group: all.remove(tags::GROUP),
            url: Some(self.url(experiment_id, &place.id)),
            run_id: run_id.unwrap_or_else(|| place.id.clone()),
            tags: {
                all.retain(|key, _| tags::is_own(key));
                all
            },
        })
    }
}

/// Where a run stands among all: the newest first, those of one millisecond by their ids, as the
/// server sorts them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    started: i64,
    id: String,
}

impl Place {
    fn of(run: &Value) -> Option<Self> {
        let info = run.get("info")?;
        Some(Self {
            started: integer(info, "start_time").unwrap_or(0),
            id: info.get("run_id")?.as_str()?.to_owned(),
        })
    }

    fn follows(&self, other: &Self) -> bool {
        (other.started, &self.id) > (self.started, &other.id)
    }

    fn write(&self) -> String {
        format!("{} {}", self.started, self.id)
    }

    fn read(page: &str) -> Result<Self, TrackerError> {
        page.split_once(' ')
            .and_then(|(started, id)| {
                let (started, id) = (started.parse().ok()?, id.to_owned());
                Some(Self { started, id })
            })
            .ok_or_else(|| TrackerError::Name {
                what: "page",
                value: page.to_owned(),
                reason: "it must be the one that the page before gave".to_owned(),
            })
    }
}

/// What the server leaves out already. It may give more than is wanted, never less.
fn filter(query: &RunQuery, after: Option<&Place>) -> String {
    let mut parts = Vec::new();
    if let Some(GroupFilter::Prefix(prefix)) = &query.group {
        // What a pattern or a quoted text takes for something else stands for anything.
        let plain =
            |character: char| character.is_ascii_alphanumeric() || "/.- ".contains(character);
        let pattern: String = prefix
            .chars()
            .map(|character| if plain(character) { character } else { '%' })
            .collect();
        parts.push(format!("tags.`{}` LIKE '{pattern}%'", tags::GROUP));
    }
    if let Some(after) = after {
        parts.push(format!("attributes.start_time <= {}", after.started));
    }
    parts.join(" AND ")
}

fn read_tags(run: &Value) -> Tags {
    let tags = run.pointer("/data/tags").and_then(Value::as_array);
    let pair = |tag: &Value| {
        let text = |name: &str| Some(tag.get(name)?.as_str()?.to_owned());
        Some((text("key")?, text("value").unwrap_or_default()))
    };
    tags.into_iter().flatten().filter_map(pair).collect()
}

/// Numbers of 64 bits are texts in some servers' JSON.
fn integer(info: &Value, name: &str) -> Option<i64> {
    let value = info.get(name)?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn status(name: &str) -> RunStatus {
    match name {
        "FINISHED" => RunStatus::Finished,
        "FAILED" => RunStatus::Failed,
        "KILLED" => RunStatus::Killed,
        _ => RunStatus::Running,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_in_the_order_of_the_server() {
        let place = |started, id: &str| Place {
            started,
            id: id.to_owned(),
        };
        assert!(place(1, "a").follows(&place(2, "b")));
        assert!(!place(2, "b").follows(&place(1, "a")));
        assert!(place(1, "b").follows(&place(1, "a")));
        assert!(!place(1, "a").follows(&place(1, "a")));
        assert_eq!(Place::read(&place(1, "a").write()).unwrap(), place(1, "a"));
        assert!(Place::read("nonsense").is_err());
    }

    #[test]
    fn a_prefix_cannot_break_out_of_the_filter() {
        let query = RunQuery {
            group: Some(GroupFilter::Prefix("H_1%'; \"x".to_owned())),
            ..RunQuery::default()
        };
        assert_eq!(
            filter(&query, None),
            "tags.`protea.group` LIKE 'H%1%%% %x%'"
        );
    }
}
