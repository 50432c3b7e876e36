//! `protea runs log` and `protea runs tail`.

use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use protea_core::{
    RunManifest, Workspace,
    workspace::{LogLine, RUN_LOG, RecordedRun, Status},
};
use protea_files::Links;
use serde_json::{Value, json};

use super::{all, find, workspace};
use crate::{
    args::{LogArgs, TailArgs},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{self, Content, Report, Reporter, display_path},
};

/// How often the log is polled.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// How often the run's process is checked to be alive.
const LIVENESS_INTERVAL: Duration = Duration::from_secs(2);

/// Prints the log of a run.
pub fn log(args: &LogArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = workspace(&args.workspace)?;
    let run = find(&workspace, &args.run)?;
    print(&workspace, &run, None, args.follow, json, reporter)
}

/// Prints the end of a log and follows it.
pub fn tail(args: &TailArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = workspace(&args.workspace)?;
    let run = match &args.run {
        Some(run) => find(&workspace, run)?,
        None => newest_running(&workspace, reporter)?,
    };
    print(&workspace, &run, Some(args.lines), true, json, reporter)
}

fn newest_running(workspace: &Workspace, reporter: &Reporter) -> Result<RecordedRun, Failure> {
    let list = all(workspace, reporter);
    let running = list
        .runs
        .iter()
        .rfind(|run| run.head.status == Status::Running);
    if let Some(run) = running {
        return find(workspace, &run.head.run_id);
    }
    let newest = list.runs.last().map_or_else(String::new, |run| {
        format!("; `protea runs log {}` prints the newest", run.head.run_id)
    });
    Err(Failure::new(
        Exit::Input,
        format!(
            "no run is active in {}{newest}",
            display_path(workspace.directory())
        ),
    ))
}

fn print(
    workspace: &Workspace,
    run: &RecordedRun,
    last: Option<usize>,
    follow: bool,
    json: bool,
    reporter: &Reporter,
) -> Result<Report, Failure> {
    let path = run.directory.join(RUN_LOG);
    let unreadable = |error: io::Error| {
        let path = display_path(&path);
        Failure::new(Exit::Input, format!("cannot read {path}: {error}"))
    };
    let mut log = Tail::open(&path).map_err(unreadable)?;
    if follow {
        interrupt::cooperate(reporter);
    }
    let part = if follow { Part::WholeLines } else { Part::All };
    let mut text = log.read(part).map_err(unreadable)?;
    if let Some(last) = last {
        text.drain(..start_of_last(&text, last));
    }
    let mut out = Output { json, text };
    let mut open = out.flush()?;
    let mut checked = Instant::now();
    while follow && open {
        // The status is read before the log, so that nothing written before the end is missed.
        let is_active = is_active(&run.directory);
        let part = if is_active {
            Part::WholeLines
        } else {
            Part::All
        };
        out.text.push_str(&log.read(part).map_err(unreadable)?);
        open = out.flush()?;
        if !is_active {
            break;
        }
        if interrupt::requested() {
            return Err(Failure::cancelled());
        }
        if checked.elapsed() >= LIVENESS_INTERVAL {
            checked = Instant::now();
            // Opening the workspace marks runs whose process is gone as killed.
            Workspace::open(workspace.directory())?;
        }
        thread::sleep(POLL_INTERVAL);
    }
    Ok(out.report(run, &path))
}

/// Whether the manifest says that the run is still running.
fn is_active(directory: &Path) -> bool {
    RunManifest::read(directory).is_ok_and(|manifest| manifest.status == Status::Running)
}

/// A log that is read while it grows.
struct Tail {
    file: File,
    /// The start of a line whose end has not been written yet.
    partial_line: Vec<u8>,
}

/// How much of a growing log is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Up to the last end of a line.
    WholeLines,
    /// Everything, even a last line without an end.
    All,
}

impl Tail {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: protea_files::open(path, Links::Refuse)?,
            partial_line: Vec::new(),
        })
    }

    /// What was added since the last call.
    fn read(&mut self, part: Part) -> io::Result<String> {
        self.file.read_to_end(&mut self.partial_line)?;
        let end_of_last_line = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte == b'\n');
        let end = match part {
            Part::All => self.partial_line.len(),
            Part::WholeLines => end_of_last_line(&self.partial_line).map_or(0, |end| end + 1),
        };
        let lines: Vec<u8> = self.partial_line.drain(..end).collect();
        Ok(String::from_utf8_lossy(&lines).into_owned())
    }
}

/// The offset at which the last `lines` lines start.
fn start_of_last(text: &str, lines: usize) -> usize {
    let ends = text.trim_end_matches('\n').rmatch_indices('\n');
    match lines {
        0 => text.len(),
        lines => ends.map(|(at, _)| at + 1).nth(lines - 1).unwrap_or(0),
    }
}

/// Standard output: lines as they are read, or one JSON value at the end.
struct Output {
    json: bool,
    text: String,
}

impl Output {
    /// Prints the text read so far. Returns false if standard output is a closed pipe.
    fn flush(&mut self) -> Result<bool, Failure> {
        if self.json || self.text.is_empty() {
            return Ok(true);
        }
        let printed = output::print(Content::Text(&self.text));
        self.text.clear();
        printed.map_err(|error| {
            Failure::new(
                Exit::Output,
                format!("cannot write to standard output: {error}"),
            )
        })
    }

    fn report(self, run: &RecordedRun, path: &Path) -> Report {
        let lines: Vec<Value> = self
            .text
            .lines()
            .map(|line| match LogLine::parse(line) {
                Some(parsed) => json!(parsed),
                None => json!({ "message": line }),
            })
            .collect();
        let manifest = RunManifest::read(&run.directory);
        let status = manifest.map_or(run.manifest.status, |manifest| manifest.status);
        Report {
            text: String::new(),
            json: json!({
                "run_id": run.manifest.run_id,
                "status": status,
                "log": path.to_string_lossy(),
                "lines": lines,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_line_is_read_once_it_is_complete() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("run.log");
        let mut writer = File::create(&path).unwrap();
        let mut log = Tail::open(&path).unwrap();
        writer.write_all(b"one\ntw\xc3").unwrap();
        assert_eq!(log.read(Part::WholeLines).unwrap(), "one\n");
        assert_eq!(log.read(Part::WholeLines).unwrap(), "");
        writer.write_all(b"\xb6\nend").unwrap();
        assert_eq!(log.read(Part::WholeLines).unwrap(), "tw\u{f6}\n");
        assert_eq!(log.read(Part::All).unwrap(), "end");
    }

    #[test]
    fn the_last_lines_are_found() {
        let text = "a\nb\nc\n";
        let last = |lines| &text[start_of_last(text, lines)..];
        assert_eq!(last(0), "");
        assert_eq!(last(1), "c\n");
        assert_eq!(last(2), "b\nc\n");
        assert_eq!(last(3), text);
        assert_eq!(last(9), text);
    }
}
