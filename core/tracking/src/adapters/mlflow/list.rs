//! Lists runs.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    answer::{Failure, missing_field},
    experiment::{DEFAULT, Experiment},
    server::Server,
    tags,
};
use crate::{GroupFilter, RunId, RunPage, RunQuery, RunStatus, RunSummary, Tags, TrackerError};

/// The most runs per request. The server sends all params and metrics of each.
const MAX_RESULTS: usize = 200;

impl Server {
    /// The runs that match the query, newest first.
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
        let mut after = query.page.as_deref().map(Position::parse).transpose()?;
        let mut body = json!({
            "experiment_ids": experiments.keys().collect::<Vec<_>>(),
            "filter": filter(query, after.as_ref()),
            "order_by": ["attributes.start_time DESC"],
            "max_results": (query.page_size() + 1).min(MAX_RESULTS),
        });
        let mut page = RunPage::default();
        loop {
            let found = self
                .client
                .post(CALL, &body)
                .map_err(Failure::on("a search for runs"))?;
            let runs = found.get("runs").and_then(Value::as_array);
            for run in runs.into_iter().flatten() {
                let position =
                    Position::of_run(run).ok_or_else(|| missing_field(CALL, "run_id"))?;
                // Runs that start between two requests shift the server's pages.
                if after.as_ref().is_some_and(|after| !position.follows(after)) {
                    continue;
                }
                let summary = self.summary(run, &position, &experiments);
                let summary = summary.ok_or_else(|| missing_field(CALL, "info"))?;
                let is_in_group = |filter: &GroupFilter| {
                    summary
                        .group
                        .as_deref()
                        .is_some_and(|group| filter.matches(group))
                };
                if query.group.as_ref().is_none_or(is_in_group) {
                    if page.runs.len() == query.page_size() {
                        // The position of the last run on the page, or of a run after it that is
                        // in another group.
                        page.next = after.map(|after| after.to_page());
                        return Ok(page);
                    }
                    page.runs.push(summary);
                }
                after = Some(position);
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
        position: &Position,
        experiments: &HashMap<String, String>,
    ) -> Option<RunSummary> {
        let info = run.get("info")?;
        let text = |name: &str| info.get(name).and_then(Value::as_str).unwrap_or_default();
        let mut tags = read_tags(run);
        let run_id = tags.remove(tags::RUN_ID).map(RunId::from);
        let experiment_id = text("experiment_id");
        let project = experiments.get(experiment_id).cloned();
        let end = integer(info, "end_time").filter(|end| *end > 0);
        Some(RunSummary {
            name: tags
                .remove(tags::NAME)
                .unwrap_or_else(|| text("run_name").to_owned()),
            status: status(text("status")),
            started: Timestamp::from_millisecond(position.started).ok()?,
            finished: end.and_then(|end| Timestamp::from_millisecond(end).ok()),
            parent: tags.remove(tags::PARENT).map(RunId::from),
            // Our runs without a project are in the default experiment.
            project: project.filter(|name| run_id.is_none() || name != DEFAULT),
            group: tags.remove(tags::GROUP),
            url: Some(self.url(experiment_id, &position.id)),
            run_id: run_id.unwrap_or_else(|| position.id.clone().into()),
            tags: {
                tags.retain(|key, _| tags::is_of_user(key));
                tags
            },
        })
    }
}

/// The position of a run in the server's order: newest first, and by id within a millisecond.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Position {
    started: i64,
    id: String,
}

impl Position {
    fn of_run(run: &Value) -> Option<Self> {
        let info = run.get("info")?;
        Some(Self {
            started: integer(info, "start_time").unwrap_or(0),
            id: info.get("run_id")?.as_str()?.to_owned(),
        })
    }

    fn follows(&self, other: &Self) -> bool {
        (other.started, &self.id) > (self.started, &other.id)
    }

    fn to_page(&self) -> String {
        format!("{} {}", self.started, self.id)
    }

    fn parse(page: &str) -> Result<Self, TrackerError> {
        page.split_once(' ')
            .and_then(|(started, id)| {
                let (started, id) = (started.parse().ok()?, id.to_owned());
                Some(Self { started, id })
            })
            .ok_or_else(|| TrackerError::Name {
                what: "page",
                value: page.to_owned(),
                reason: "it must be a value that an earlier page returned".to_owned(),
            })
    }
}

/// The condition that the server checks. It can let more runs through than match, never fewer.
fn filter(query: &RunQuery, after: Option<&Position>) -> String {
    let mut parts = Vec::new();
    if let Some(GroupFilter::Prefix(prefix)) = &query.group {
        // Characters with a meaning in patterns or quoted strings become the wildcard `%`.
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

/// A 64-bit integer. Some servers encode it as a string.
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
    fn positions_are_in_the_order_of_the_server() {
        let position = |started, id: &str| Position {
            started,
            id: id.to_owned(),
        };
        assert!(position(1, "a").follows(&position(2, "b")));
        assert!(!position(2, "b").follows(&position(1, "a")));
        assert!(position(1, "b").follows(&position(1, "a")));
        assert!(!position(1, "a").follows(&position(1, "a")));
        assert_eq!(
            Position::parse(&position(1, "a").to_page()).unwrap(),
            position(1, "a")
        );
        assert!(Position::parse("nonsense").is_err());
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
