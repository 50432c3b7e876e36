//! The pages. They contain no data of a run: their scripts request JSON and show it as text. The exception
//! is the report, which escapes everything itself.

use std::{ops::ControlFlow, time::SystemTime};

use protea_core::{
    RunManifest,
    contracts::error::with_causes,
    workspace::{RUN_MANIFEST, RecordedRun},
};
use protea_report::{Progress, ReportOptions, STYLE, report};

use crate::{
    http::{Response, Status},
    state::State,
};

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";

/// The policy of a report, besides its own, which allows its one script and its one style. As a page of
/// an origin of its own, it cannot send requests to this server.
const REPORT_POLICY: &str = "sandbox allow-scripts allow-downloads; frame-ancestors 'none'";

/// Answers the request of a page or of what belongs to one.
pub fn answer(state: &State, path: &[&str]) -> Response {
    match path {
        [""] => page("Runs", "list.js", include_str!("../assets/list.html")),
        ["compare"] => page(
            "Compare",
            "compare.js",
            include_str!("../assets/compare.html"),
        ),
        ["run", id] => match state.runs().find(id) {
            Some(_) => page("Run", "run.js", include_str!("../assets/run.html")),
            None => unknown_run(),
        },
        ["report", id] => report_page(state, id),
        ["assets", "common.js"] => Response::new(SCRIPT, *include_bytes!("../assets/common.js")),
        ["assets", "chart.js"] => Response::new(SCRIPT, *include_bytes!("../assets/chart.js")),
        ["assets", "list.js"] => Response::new(SCRIPT, *include_bytes!("../assets/list.js")),
        ["assets", "run.js"] => Response::new(SCRIPT, *include_bytes!("../assets/run.js")),
        ["assets", "compare.js"] => Response::new(SCRIPT, *include_bytes!("../assets/compare.js")),
        ["assets", "report.css"] => Response::new(CSS, STYLE.as_bytes()),
        ["assets", "serve.css"] => Response::new(CSS, *include_bytes!("../assets/serve.css")),
        ["assets", "icon.svg"] => {
            Response::new("image/svg+xml", *include_bytes!("../assets/icon.svg"))
        }
        _ => Response::message(Status::NotFound, "There is no such page."),
    }
}

/// A page with its title and its own script.
fn page(title: &str, script: &str, body: &str) -> Response {
    let head = include_str!("../assets/head.html")
        .replace("{title}", title)
        .replace("{script}", script);
    Response::new(HTML, (head + body).into_bytes())
}

fn unknown_run() -> Response {
    let title = "There is no such run in the workspace";
    let body = include_str!("../assets/unknown.html").replace("{title}", title);
    page("Unknown run", "chart.js", &body).with_status(Status::NotFound)
}

/// The report of a run, as `protea report` makes it.
fn report_page(state: &State, id: &str) -> Response {
    let Some(directory) = state.runs().find(id).map(|run| run.directory.clone()) else {
        return unknown_run();
    };
    let manifest = match RunManifest::read(&directory) {
        Ok(manifest) => manifest,
        Err(error) => {
            let text = format!(
                "The manifest of the run cannot be read: {}",
                with_causes(&error)
            );
            return Response::message(Status::InternalError, &text);
        }
    };
    let written = std::fs::symlink_metadata(directory.join(RUN_MANIFEST));
    let written = written.and_then(|metadata| metadata.modified()).ok();
    // The log of a run that has not ended grows without a new manifest.
    let written: Option<SystemTime> = written.filter(|_| manifest.finished.is_some());
    let run = RecordedRun {
        directory,
        manifest,
    };
    let made = state.report(id, written, || {
        let mut watch = |_: &'static str, _, _| ControlFlow::Continue(());
        let options = ReportOptions::default();
        let made = report(
            &state.workspace,
            &run,
            &options,
            &mut Progress::new(&mut watch),
        );
        made.map(|made| made.html.into_bytes())
    });
    match made {
        Ok(page) => Response::new(HTML, page).with_policy(REPORT_POLICY),
        Err(error) => Response::message(Status::InternalError, &error.to_string()),
    }
}
