//! `protea runs log` and `protea runs tail`.

use std::{
    fs::File,
    io::{self, ErrorKind, Read, Write},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use protea_core::{
    RunManifest, Workspace,
    workspace::{LogLine, RUN_LOG, RecordedRun, Status},
};
use serde_json::{Value, json};

use super::{all, find, workspace};
use crate::{
    args::{LogArgs, TailArgs},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Report, Reporter, shown},
};

/// How often the log is looked at.
const TICK: Duration = Duration::from_millis(100);
/// How often it is asked whether the run's process is still there.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Prints a log.
pub fn log(args: &LogArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let workspace = workspace(&args.workspace)?;
    let run = find(&workspace, &args.run)?;
    print(&workspace, &run, None, args.follow, json, reporter)
}

/// Prints the end of a log, and follows it.
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
        return find(workspace, &run.directory.to_string_lossy());
    }
    let newest = list.runs.last().map_or_else(String::new, |run| {
        format!("; `protea runs log {}` prints the newest", run.head.run_id)
    });
    Err(Failure::new(
        Exit::Input,
        format!("no run goes on in {}{newest}", shown(workspace.directory())),
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
        let path = shown(&path);
        Failure::new(Exit::Input, format!("{path} cannot be read: {error}"))
    };
    let mut log = Tail::open(&path).map_err(unreadable)?;
    if follow {
        interrupt::cooperate(reporter);
    }
    let mut text = log.read(!follow).map_err(unreadable)?;
    if let Some(last) = last {
        text.drain(..beginning_of_last(&text, last));
    }
    let mut out = Output { json, text };
    let mut open = out.flush()?;
    let mut looked = Instant::now();
    while follow && open {
        // Asked first: what is written before the end is then read.
        let goes_on = goes_on(&run.directory);
        out.text.push_str(&log.read(!goes_on).map_err(unreadable)?);
        open = out.flush()?;
        if !goes_on {
            break;
        }
        if interrupt::requested() {
            return Err(Failure::cancelled());
        }
        if looked.elapsed() >= BETWEEN_LOOKS {
            looked = Instant::now();
            // Closes the run, if its process is gone.
            Workspace::open(workspace.directory())?;
        }
        thread::sleep(TICK);
    }
    Ok(out.report(run, &path))
}

/// Whether the run has not ended, as far as its manifest says.
fn goes_on(directory: &Path) -> bool {
    RunManifest::read(directory).is_ok_and(|manifest| manifest.status == Status::Running)
}

/// A log that grows.
struct Tail {
    file: File,
    /// The beginning of a line whose end is not there yet.
    begun: Vec<u8>,
}

impl Tail {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            begun: Vec::new(),
        })
    }

    /// The whole lines that were added; with a last one that has no end, if `all` is wanted.
    fn read(&mut self, all: bool) -> io::Result<String> {
        self.file.read_to_end(&mut self.begun)?;
        let whole = match self.begun.iter().rposition(|byte| *byte == b'\n') {
            _ if all => self.begun.len(),
            Some(end) => end + 1,
            None => 0,
        };
        let lines: Vec<u8> = self.begun.drain(..whole).collect();
        Ok(String::from_utf8_lossy(&lines).into_owned())
    }
}

/// Where the last so many lines begin.
fn beginning_of_last(text: &str, lines: usize) -> usize {
    let ends = text.trim_end_matches('\n').rmatch_indices('\n');
    match lines {
        0 => text.len(),
        lines => ends.map(|(at, _)| at + 1).nth(lines - 1).unwrap_or(0),
    }
}

/// What goes to standard output: as it comes, or as one value at the end.
struct Output {
    json: bool,
    text: String,
}

impl Output {
    /// Prints what has come; whether anybody reads on.
    fn flush(&mut self) -> Result<bool, Failure> {
        if self.json || self.text.is_empty() {
            return Ok(true);
        }
        let mut out = io::stdout().lock();
        let printed = out
            .write_all(self.text.as_bytes())
            .and_then(|()| out.flush());
        self.text.clear();
        match printed {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Failure::new(
                Exit::Output,
                format!("standard output cannot be written: {error}"),
            )),
        }
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
                "log": path,
                "lines": lines,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_when_it_is_whole() {
        let directory = tempfile::TempDir::new().unwrap();
        let path = directory.path().join("run.log");
        let mut writer = File::create(&path).unwrap();
        let mut log = Tail::open(&path).unwrap();
        writer.write_all(b"one\ntw\xc3").unwrap();
        assert_eq!(log.read(false).unwrap(), "one\n");
        assert_eq!(log.read(false).unwrap(), "");
        writer.write_all(b"\xb6\nend").unwrap();
        assert_eq!(log.read(false).unwrap(), "tw\u{f6}\n");
        assert_eq!(log.read(true).unwrap(), "end");
    }

    #[test]
    fn the_last_lines_are_found() {
        let text = "a\nb\nc\n";
        let last = |lines| &text[beginning_of_last(text, lines)..];
        assert_eq!(last(0), "");
        assert_eq!(last(1), "c\n");
        assert_eq!(last(2), "b\nc\n");
        assert_eq!(last(3), text);
        assert_eq!(last(9), text);
    }
}
