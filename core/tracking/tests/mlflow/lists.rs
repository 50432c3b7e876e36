//! Lists of runs.

use protea_tracking::{GroupFilter, RunId, RunQuery, RunStart, RunStatus, RunSummary, Tracker};
use serde_json::json;

use crate::{events, finish, send, server::Server, tracker};

fn all(tracker: &dyn Tracker, mut query: RunQuery) -> Vec<RunSummary> {
    let mut runs = Vec::new();
    loop {
        let page = tracker.list_runs(&query).unwrap();
        assert!(page.runs.len() <= query.page_size());
        runs.extend(page.runs);
        match page.next {
            None => return runs,
            next => query.page = next,
        }
    }
}

#[test]
fn runs_of_one_millisecond_are_on_one_page_each() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let first = RunStart::new("x");
    let mut expected: Vec<RunId> = (0..7)
        .map(|index| {
            let mut start = RunStart::new(format!("run {index}")).with_project("one moment");
            start.started = first.started;
            send(&tracker, &start, &events(&start, [finish()]));
            start.run_id
        })
        .collect();
    expected.sort();
    for limit in 1..=8 {
        let project = Some("one moment".to_owned());
        let runs = all(
            &tracker,
            RunQuery {
                project,
                limit,
                ..RunQuery::default()
            },
        );
        let mut found: Vec<RunId> = runs.into_iter().map(|run| run.run_id).collect();
        found.sort();
        assert_eq!(found, expected, "{limit} a page");
    }
}

#[test]
fn groups_match_by_literal_prefix_and_by_pattern() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let groups = [
        "H_1/E",
        "Hx1/E",
        "H%1/E",
        "h_1/e",
        "it's/E",
        "蛋白质/E",
        "a\\b/E",
    ];
    for group in groups {
        let start = RunStart::new(group)
            .with_project("groups")
            .with_group(group);
        send(&tracker, &start, &events(&start, [finish()]));
    }
    let find = |group: GroupFilter| -> Vec<String> {
        let project = Some("groups".to_owned());
        // One run per page, so that our pages differ from the server's.
        let query = RunQuery {
            project,
            group: Some(group),
            limit: 1,
            ..RunQuery::default()
        };
        all(&tracker, query)
            .into_iter()
            .map(|run| run.name)
            .collect()
    };
    for group in groups {
        let prefix = group.strip_suffix(['E', 'e']).unwrap();
        assert_eq!(find(GroupFilter::Prefix(prefix.to_owned())), [group]);
    }
    let mut found = find(GroupFilter::regex("^H.1/E$").unwrap());
    found.sort();
    assert_eq!(found, ["H%1/E", "H_1/E", "Hx1/E"]);
}

#[test]
fn summaries_are_complete_and_include_foreign_runs() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let parent = RunStart::new("parent").with_project("summaries");
    send(&tracker, &parent, &events(&parent, []));
    let mut child = RunStart::new("child")
        .with_project("summaries")
        .with_group("H1")
        .with_parent(&*parent.run_id)
        .with_tag("dataset", "A");
    child.started = parent.started + std::time::Duration::from_millis(5);
    let sent = events(&child, [finish()]);
    let reference = send(&tracker, &child, &sent);
    let experiment = server.get(
        "experiments/get-by-name",
        &[("experiment_name", "summaries")],
    );
    let foreign = server.post(
        "runs/create",
        &json!({
            "experiment_id": experiment["experiment"]["experiment_id"],
            "start_time": 1000,
            "run_name": "another's",
        }),
    );
    let project = Some("summaries".to_owned());
    let runs = all(
        &tracker,
        RunQuery {
            project,
            ..RunQuery::default()
        },
    );
    assert_eq!(runs.len(), 3);
    let listed = &runs[0];
    assert_eq!(listed.run_id, child.run_id);
    assert_eq!(
        (listed.name.as_str(), listed.status),
        ("child", RunStatus::Finished)
    );
    assert_eq!(
        listed.started.as_millisecond(),
        child.started.as_millisecond()
    );
    assert_eq!(
        listed.finished.unwrap().as_millisecond(),
        sent[1].time.as_millisecond()
    );
    assert_eq!(listed.parent.as_deref(), Some(&*parent.run_id));
    assert_eq!(listed.project.as_deref(), Some("summaries"));
    assert_eq!(listed.group.as_deref(), Some("H1"));
    assert_eq!(listed.tags, child.tags);
    assert_eq!(listed.url, reference.url);
    assert_eq!(
        (runs[1].status, runs[1].finished),
        (RunStatus::Running, None)
    );
    assert_eq!(
        runs[2].run_id,
        foreign["run"]["info"]["run_id"].as_str().unwrap()
    );
    assert_eq!(runs[2].name, "another's");
    let nonsense = RunQuery {
        page: Some("nonsense".to_owned()),
        ..RunQuery::default()
    };
    assert!(tracker.list_runs(&nonsense).is_err());
}

#[test]
fn a_run_without_a_project_is_listed_without_one() {
    let Some(server) = Server::shared() else {
        return;
    };
    let tracker = tracker(server);
    let start = RunStart::new("homeless");
    send(&tracker, &start, &events(&start, [finish()]));
    let find = |project: Option<&str>| {
        let project = project.map(str::to_owned);
        let runs = all(
            &tracker,
            RunQuery {
                project,
                ..RunQuery::default()
            },
        );
        runs.into_iter()
            .find(|run| run.run_id == start.run_id)
            .unwrap()
    };
    assert_eq!(find(None).project, None);
    assert_eq!(find(Some("Default")).project, None);
}
