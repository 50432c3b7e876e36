//! `protea runners check`.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Mutex,
};

use anstyle::{AnsiColor, Style};
use protea_conformance::{
    Check, Config, FILE_NAME, FixtureError, Host, Observer, Selection, Status, Test, TestReport,
    counts, details, line,
};
use serde_json::{Value, json};

use crate::{
    args::{CheckArgs, ConfigArgs},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Report, Reporter, Table, shown},
};

/// Tests runners, saying of each test how it went when it is done.
pub fn check(args: &CheckArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let selection = Selection::new(&args.filter, &args.exclude).map_err(misuse)?;
    if args.list {
        return Ok(list(&selection));
    }
    let mut check = Check::new(args.files.clone(), host()?);
    check.selection = selection;
    check.config = config(&args.config)?;
    check.jobs = args.jobs.map_or(check.jobs, usize::from);
    // Before the work rather than after it: nobody wants to learn then that it was in vain.
    if let Some(path) = &args.junit {
        std::fs::write(path, "").map_err(|error| cannot_write(path, &error))?;
    }
    interrupt::cooperate(reporter);
    let lines = Lines {
        shown: !json,
        only_failed: args.only_failed,
        out: Mutex::new(()),
    };
    let report = check.run(&lines).map_err(unusable)?;
    if let Some(path) = &args.junit {
        std::fs::write(path, report.to_junit()).map_err(|error| cannot_write(path, &error))?;
    }
    let (complete, succeeded) = (report.complete, report.succeeded());
    let counts = counts(&report);
    let summary = summary(&report);
    let report = match args.only_failed {
        true => report.only_failed(),
        false => report,
    };
    if !complete {
        return Err(Failure::cancelled().with_text(format!("{counts}\n")));
    }
    if succeeded {
        return Ok(Report {
            text: format!("{counts}\n"),
            json: json!({ "summary": summary, "files": report.files }),
        });
    }
    let broken: Vec<String> = report
        .files
        .iter()
        .filter(|file| {
            file.tests
                .iter()
                .any(|test| test.verdict.status().is_failure())
        })
        .map(|file| shown(&file.path))
        .collect();
    Err(Failure::new(
        Exit::Failed,
        format!("the contract is broken by {}", broken.join(", ")),
    )
    .with_text(format!("{counts}\n"))
    .with_detail("summary", summary)
    .with_detail("files", json!(report.files)))
}

/// The processes that run the runners' code are this program again.
pub fn host() -> Result<Host, Failure> {
    Host::this_program()
        .map_err(|error| Failure::new(Exit::Failed, format!("a worker cannot be started: {error}")))
}

/// The configuration: the file that is named, or the usual one where it is, and options over it.
pub fn config(args: &ConfigArgs) -> Result<Config, Failure> {
    let usual = PathBuf::from(FILE_NAME);
    let file = args
        .config
        .clone()
        .or_else(|| usual.is_file().then_some(usual));
    let mut config = match file {
        Some(file) => Config::read(&file).map_err(misuse)?,
        None => Config::default(),
    };
    if let Some(time) = args.time_limit {
        config.time_limit = Some(time.as_secs_f64());
    }
    if let Some(bytes) = args.memory_limit {
        config.memory_limit = Some(bytes.div_ceil(1 << 20));
    }
    Ok(config)
}

/// The suite cannot work with the datasets that it makes, or those that it is given.
pub fn unusable(error: FixtureError) -> Failure {
    let exit = match &error {
        FixtureError::Given(_) => Exit::Usage,
        _ => Exit::Output,
    };
    Failure::new(exit, error.to_string())
}

fn misuse(error: impl std::error::Error) -> Failure {
    Failure::new(Exit::Usage, error.to_string())
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("{} cannot be written: {error}", path.display()),
    )
}

fn list(selection: &Selection) -> Report {
    let mut table = Table::new(0..0, ["test", "what it checks"]);
    for test in selection.tests() {
        table.row([test.name(), test.description()]);
    }
    let object = |test: &Test| json!({ "name": test.name(), "description": test.description() });
    Report {
        text: table.to_string(),
        json: selection.tests().iter().map(object).collect(),
    }
}

fn summary(report: &protea_conformance::Report) -> Value {
    let mut summary = serde_json::Map::new();
    for status in Status::ALL {
        summary.insert(status.name().replace(' ', "_"), json!(report.count(status)));
    }
    summary.insert("seconds".to_owned(), json!(report.seconds));
    Value::Object(summary)
}

/// Says of each test how it went.
struct Lines {
    shown: bool,
    only_failed: bool,
    out: Mutex<()>,
}

impl Observer for Lines {
    fn tested(&self, _: &Path, runner: &str, test: &TestReport) {
        let status = test.verdict.status();
        let wanted = !self.only_failed || status.is_failure() || status == Status::Warning;
        if !self.shown || !wanted {
            return;
        }
        let style = style(status);
        let line = line(runner, test);
        let (head, rest) = line.split_at(line.find('[').unwrap_or_default());
        let text = format!(
            "{style}{head}{style:#}{rest}\n{}",
            printable(&details(test))
        );
        let _one_at_a_time = self.out.lock();
        // That nobody reads on is no reason to test less.
        let mut out = anstream::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    fn is_cancelled(&self) -> bool {
        interrupt::requested()
    }
}

fn style(status: Status) -> Style {
    match status {
        Status::Passed => AnsiColor::Green.on_default(),
        Status::Warning => AnsiColor::Yellow.on_default().bold(),
        Status::Skipped => Style::new().dimmed(),
        Status::Failed | Status::Crashed | Status::TimedOut => AnsiColor::Red.on_default().bold(),
    }
}

/// What runners say goes to the terminal: without anything that could steer it.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}
