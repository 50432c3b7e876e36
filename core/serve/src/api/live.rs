//! The streams: `/api/live` of everything that is running, `/api/run/ID/live` of one run.
//!
//! | event | data |
//! |---|---|
//! | `changed` | the version of the list, when a run began, changed or ended |
//! | `running` | of each running run, its new points by metric and its newest line of the log |
//! | `points` | new points of the run by metric |
//! | `log` | new lines of the run's log |
//! | `notes` | what could not be read |
//! | `end` | the run has ended and everything was sent |

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io,
    net::TcpStream,
    path::Path,
    time::Duration,
};

use protea_core::{
    RunManifest, Workspace,
    tracking::is_resource_metric,
    workspace::{LogLine, RUN_LOG, RecordedRun, Status, TRIALS},
};
use serde_json::{Value, json};

use super::{
    ApiError,
    progress::progress,
    row::{number, row, shown, shown_up_to},
    stream::Events,
};
use crate::{
    follow::{MetricLog, Tail},
    http::{Method, Request, write_stream_head},
    state::State,
};

/// How often files are checked.
const INTERVAL: Duration = Duration::from_millis(700);
/// The largest number of points of a metric in one event.
const MOST_POINTS: usize = 1500;
/// The same in the list of running runs.
const FEW_POINTS: usize = 60;
/// How much of the end of a run's log is sent at first, in bytes.
const LOG_BYTES: u64 = 64 << 10;
/// How much of a log is read to find its newest line.
const LAST_LINE_BYTES: u64 = 8 << 10;
/// The largest number of lines of a log in one event.
const MOST_LINES: usize = 500;
/// The largest number of runs in the list of active runs.
const MOST_RUNNING: usize = 30;
/// The end of the names of the metrics that come first in the list of active runs.
const FIRST_METRIC: &str = "fmax";
/// The largest number of metrics of a run in the list of active runs.
const FEW_METRICS: usize = 3;

fn points_json(points: BTreeMap<String, Vec<[f64; 2]>>) -> Value {
    let points = points.into_iter().map(|(name, points)| {
        let points = points
            .iter()
            .map(|[step, value]| json!([step, number(*value)]));
        (shown(&name), points.collect::<Value>())
    });
    Value::Object(points.collect())
}

fn line_json(line: &str) -> Value {
    match LogLine::parse(line) {
        Some(parsed) => json!({
            "time": shown(parsed.time), "level": shown(parsed.level), "step": shown(parsed.step),
            "message": shown_up_to(parsed.message, 2000),
        }),
        None => json!({ "message": shown_up_to(line, 2000) }),
    }
}

/// Follows one run to its end.
pub fn run(
    state: &State,
    id: &str,
    request: &Request,
    stream: &mut TcpStream,
) -> Result<(), ApiError> {
    let directory = state.runs().find(id).map(|run| run.directory.clone());
    let directory = directory.ok_or_else(ApiError::unknown_run)?;
    if request.method == Method::Head {
        let _ = write_stream_head(stream);
        return Ok(());
    }
    // A client that is gone needs no answer.
    let _ = follow(state, id, &directory, stream);
    Ok(())
}

fn follow(state: &State, id: &str, directory: &Path, stream: &mut TcpStream) -> io::Result<()> {
    let mut events = Events::begin(stream)?;
    let mut metrics = Workspace::event_log(directory).map(MetricLog::new);
    let mut log = Tail::new(directory.join(RUN_LOG), LOG_BYTES);
    let (mut version, mut told, mut was_cut) = (0, Vec::new(), false);
    loop {
        // The status is read before the files, so that nothing written before the end is missed.
        let (is_running, now) = {
            let runs = state.runs();
            let run = runs.find(id);
            let status = run.map(|run| runs.status(run));
            (status == Some(Status::Running), runs.version)
        };
        if now != version {
            version = now;
            events.send("changed", &json!(version))?;
        }
        let mut notes = Vec::new();
        if let Some(metrics) = &mut metrics {
            match metrics.look(MOST_POINTS) {
                Ok(new) if !new.points.is_empty() || new.restarted => {
                    let value =
                        json!({ "points": points_json(new.points), "restarted": new.restarted });
                    events.send("points", &value)?;
                }
                Ok(_) => {}
                Err(error) => notes.push(format!("The event log cannot be read: {error}.")),
            }
            notes.extend(counted(metrics));
        }
        match log.look() {
            Ok(found) => {
                was_cut |= found.left_out > 0;
                let first = found.lines.len().saturating_sub(MOST_LINES);
                was_cut |= first > 0;
                if !found.lines.is_empty() || found.restarted {
                    let lines = found.lines[first..].iter().map(|line| line_json(line));
                    let value = json!({
                        "lines": lines.collect::<Vec<_>>(), "restarted": found.restarted, "cut": was_cut,
                    });
                    events.send("log", &value)?;
                }
            }
            Err(error) => notes.push(format!("The log cannot be read: {error}.")),
        }
        if notes != told {
            let texts: Vec<String> = notes.iter().map(|note| shown(note)).collect();
            events.send("notes", &json!(texts))?;
            told = notes;
        }
        if !is_running {
            return events.send("end", &Value::Null);
        }
        events.wait(INTERVAL)?;
    }
}

/// What is in a log but not shown.
fn counted(metrics: &MetricLog) -> Vec<String> {
    let mut notes = Vec::new();
    if metrics.unreadable > 0 {
        notes.push(format!(
            "{} lines of the event log are not events and are left out.",
            metrics.unreadable
        ));
    }
    if metrics.left_out > 0 {
        notes.push(format!(
            "{} values of further metrics are left out.",
            metrics.left_out
        ));
    }
    if metrics.cut > 0 {
        notes.push(format!(
            "The first {} bytes of the event log are left out.",
            metrics.cut
        ));
    }
    notes
}

/// A running run that is followed for the list.
struct Followed {
    metrics: Option<MetricLog>,
    log: Tail,
    last_line: Value,
    progress: Value,
    /// The number of ended child runs and the size of the file of trials when the progress was read.
    seen: Option<(usize, u64)>,
}

impl Followed {
    /// Reads the progress again if there is news of it; `true` if so. `None` if the run is of one kind that
    /// has none.
    fn progress(&mut self, directory: &Path, ended: usize) -> Option<bool> {
        let size = std::fs::symlink_metadata(directory.join(TRIALS));
        let now = (ended, size.map_or(0, |metadata| metadata.len()));
        if self.seen == Some(now) {
            return Some(false);
        }
        self.seen = Some(now);
        let run = RecordedRun {
            manifest: RunManifest::read(directory).ok()?,
            directory: directory.to_owned(),
        };
        self.progress = progress(&run, ended, Status::Running)?.progress;
        Some(true)
    }
}

/// Follows all active runs until the client disconnects.
pub fn workspace(state: &State, request: &Request, stream: &mut TcpStream) {
    if request.method == Method::Head {
        let _ = write_stream_head(stream);
        return;
    }
    // A client that is gone needs no answer.
    let _ = follow_all(state, stream);
}

fn follow_all(state: &State, stream: &mut TcpStream) -> io::Result<()> {
    let mut events = Events::begin(stream)?;
    let mut followed: HashMap<String, Followed> = HashMap::new();
    let (mut version, mut before) = (None, Vec::new());
    loop {
        let (now, total, running, mut ended_below) = {
            let runs = state.runs();
            let all = runs.list().runs.iter();
            let running: Vec<_> = all
                .filter(|run| runs.status(run) == Status::Running)
                .collect();
            let newest = running.iter().rev().take(MOST_RUNNING);
            let newest = newest.map(|run| {
                let id = run.head.run_id.to_string();
                (id, run.directory.clone(), row(&runs, run, 0, &[]))
            });
            let ids = running.iter().map(|run| run.head.run_id.as_str());
            let ids: HashSet<&str> = ids.collect();
            let mut ended: HashMap<String, usize> = HashMap::new();
            for run in &runs.list().runs {
                if let Some(parent) = &run.head.parent
                    && ids.contains(parent.as_str())
                    && runs.status(run) != Status::Running
                {
                    *ended.entry(parent.to_string()).or_default() += 1;
                }
            }
            let newest: Vec<_> = newest.collect();
            (runs.version, running.len(), newest, ended)
        };
        if version != Some(now) {
            version = Some(now);
            events.send("changed", &json!(now))?;
        }
        followed.retain(|id, _| running.iter().any(|(other, ..)| other == id));
        let mut values = Vec::new();
        let mut is_new = false;
        for (id, directory, mut value) in running {
            is_new |= !followed.contains_key(&id);
            let ended = ended_below.remove(&id).unwrap_or_default();
            let own = followed.entry(id).or_insert_with(|| Followed {
                metrics: Workspace::event_log(&directory).map(MetricLog::new),
                log: Tail::new(directory.join(RUN_LOG), LAST_LINE_BYTES),
                last_line: Value::Null,
                progress: Value::Null,
                seen: None,
            });
            let new = own
                .metrics
                .as_mut()
                .and_then(|log| log.look(FEW_POINTS).ok());
            let points = new.map(|new| new.points).unwrap_or_default();
            let points = points.into_iter();
            let mut points: Vec<_> = points
                .filter(|(name, _)| !is_resource_metric(name))
                .collect();
            // The metric that people look at first.
            points.sort_by_key(|(name, _)| !name.ends_with(FIRST_METRIC));
            points.truncate(FEW_METRICS);
            let points: BTreeMap<_, _> = points.into_iter().collect();
            if let Some(progress) = own.progress(&directory, ended) {
                is_new |= progress;
            }
            if let Some(line) = own
                .log
                .look()
                .ok()
                .and_then(|found| found.lines.into_iter().last())
            {
                own.last_line = line_json(&line);
                is_new = true;
            }
            is_new |= !points.is_empty();
            value["progress"] = own.progress.clone();
            value["points"] = points_json(points);
            value["line"] = own.last_line.clone();
            values.push(value);
        }
        let ids: Vec<Value> = values.iter().map(|value| value["id"].clone()).collect();
        if is_new || ids != before {
            before = ids;
            events.send("running", &json!({ "runs": values, "total": total }))?;
        }
        events.wait(INTERVAL)?;
    }
}
