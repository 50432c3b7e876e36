//! `protea runners check`.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Mutex,
};

use anstyle::{AnsiColor, Style};
use protea_conformance::{
    Check, Config, FILE_NAME, FixtureError, Host, Observer, Selection, Status, Test, TestReport,
    counts, details, line,
};
use protea_core::{Catalog, SearchPath, text::escape_line};
use serde_json::{Value, json};

use crate::{
    args::{CheckArgs, ConfigArgs},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Content, Report, Reporter, Table, display_path, print},
};

/// Tests runners and prints each result as soon as the test ends.
pub fn check(args: &CheckArgs, json: bool, reporter: &Reporter) -> Result<Report, Failure> {
    let selection = if args.test.is_empty() {
        Selection::new(&args.filter, &args.exclude)?
    } else {
        Selection::named(&args.test)?
    };
    if args.list {
        return Ok(list(&selection));
    }
    let named = args.files.iter().map(|file| runner_file(file, reporter));
    let named = named.collect::<Result<Vec<_>, _>>()?;
    if let [file] = &named[..] {
        require_file(file)?;
    }
    let mut check = Check::new(named, host()?);
    check.selection = selection;
    check.config = config(&args.config)?;
    check.jobs = args.jobs.map_or(check.jobs, usize::from);
    check.keep.clone_from(&args.keep);
    // Checked before the tests run, which can take minutes.
    if let Some(path) = &args.junit {
        std::fs::write(path, "").map_err(|error| cannot_write(path, &error))?;
    }
    interrupt::cooperate(reporter);
    let lines = Lines {
        print: !json,
        only_failed: args.only_failed,
        limits: limits(&args.config),
        out: Mutex::new(()),
    };
    let report = check.run(&lines).map_err(fixture_failure)?;
    if let Some(kept) = &args.keep {
        reporter.note(&format!(
            "the datasets and what each test wrote are kept in {}",
            display_path(kept)
        ));
    }
    if let Some(path) = &args.junit {
        std::fs::write(path, report.to_junit()).map_err(|error| cannot_write(path, &error))?;
    }
    let (complete, succeeded) = (report.complete, report.succeeded());
    let counts = counts(&report);
    let summary = summary(&report);
    let report = if args.only_failed {
        report.only_failed()
    } else {
        report
    };
    if !complete {
        return Err(Failure::cancelled().with_text(format!("{counts}\n")));
    }
    if succeeded {
        return Ok(Report {
            text: format!("{counts}\n"),
            json: json!({ "summary": summary, "files": files(&report, &lines.limits) }),
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
        .map(|file| display_path(&file.path))
        .collect();
    Err(Failure::new(
        Exit::Failed,
        format!("these runners break the contract: {}", broken.join(", ")),
    )
    .with_text(format!("{counts}\n"))
    .with_detail("summary", summary)
    .with_detail("files", files(&report, &lines.limits)))
}

/// The file of a runner: that of the runner with this name if there is no such file.
pub(super) fn runner_file(file: &Path, reporter: &Reporter) -> Result<PathBuf, Failure> {
    let name = file.to_str().filter(|name| is_name(name));
    let Some(name) = name.filter(|_| file.symlink_metadata().is_err()) else {
        return Ok(file.to_owned());
    };
    match Catalog::scan(&SearchPath::standard()).find(name) {
        Ok(entry) => {
            reporter.note(&format!(
                "there is no file {name:?}: checking the runner {name}, {}",
                display_path(&entry.path)
            ));
            Ok(entry.path)
        }
        Err(_) => Err(Failure::new(
            Exit::Usage,
            format!(
                "there is no file {name:?}, and no runner of this name; give the file of a runner, which \
                 `protea runners list` shows"
            ),
        )),
    }
}

/// Fails if there is no file to check. Among several, one that is missing is reported as a failed test,
/// because it must not stop the others.
fn require_file(file: &Path) -> Result<(), Failure> {
    let what = match file.metadata() {
        Ok(found) if !found.is_dir() => return Ok(()),
        Ok(_) => "is a directory",
        Err(_) => "does not exist",
    };
    Err(Failure::new(
        Exit::Input,
        format!(
            "{} {what}; give the shared library that `cargo build` wrote, such as \
             target/debug/libNAME.so",
            display_path(file)
        ),
    ))
}

/// Whether this can be the name of a runner.
fn is_name(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    !text.is_empty() && text.bytes().all(legal)
}

/// The files of a report as JSON. A failed test has the command that repeats it.
fn files(report: &protea_conformance::Report, limits: &str) -> Value {
    let mut files = json!(report.files);
    for (file, checked) in report.files.iter().enumerate() {
        for (at, test) in checked.tests.iter().enumerate() {
            if test.verdict.status().is_failure() {
                files[file]["tests"][at]["repeat"] = repeat(&checked.path, test, limits).into();
            }
        }
    }
    files
}

/// The command that repeats a test and keeps its data.
fn repeat(file: &Path, test: &TestReport, limits: &str) -> String {
    let file = shell_word(&display_path(file));
    let directory = test.name.replace('/', "-");
    format!(
        "protea runners check {file} --test {}{limits} --keep kept/{directory}",
        test.name
    )
}

/// The options of a command line that set limits or name a configuration.
fn limits(args: &ConfigArgs) -> String {
    let mut options = String::new();
    if let Some(config) = &args.config {
        options += &format!(" --config {}", shell_word(&display_path(config)));
    }
    if let Some(time) = args.time_limit {
        options += &format!(" --time-limit {}ms", time.as_millis());
    }
    if let Some(bytes) = args.memory_limit {
        options += &format!(" --memory-limit {bytes}B");
    }
    options
}

/// A word as a shell reads it.
fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// Starts this program again for the processes that run the runners' code.
pub fn host() -> Result<Host, Failure> {
    Host::this_program()
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot start a worker: {error}")))
}

/// The configuration: the file given or conformance.toml if it exists, overridden by the options.
pub fn config(args: &ConfigArgs) -> Result<Config, Failure> {
    let default = PathBuf::from(FILE_NAME);
    let file = args
        .config
        .clone()
        .or_else(|| default.is_file().then_some(default));
    let mut config = match file {
        Some(file) => Config::read(&file)?,
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

/// The suite cannot write its datasets, or cannot use those it was given.
pub fn fixture_failure(error: FixtureError) -> Failure {
    let exit = match &error {
        FixtureError::Given(_) | FixtureError::Keep { .. } => Exit::Usage,
        _ => Exit::Output,
    };
    Failure::from_error(exit, &error)
}

fn cannot_write(path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        Exit::Usage,
        format!("{} cannot be written: {error}", path.display()),
    )
}

fn list(selection: &Selection) -> Report {
    let mut table = Table::new(0..0, ["test", "what it requires"]);
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

/// Prints the result of each test.
struct Lines {
    print: bool,
    only_failed: bool,
    /// The options that a repetition needs too.
    limits: String,
    out: Mutex<()>,
}

impl Observer for Lines {
    fn tested(&self, file: &Path, runner: &str, test: &TestReport) {
        let status = test.verdict.status();
        let wanted = !self.only_failed || status.is_failure() || status == Status::Warning;
        if !self.print || !wanted {
            return;
        }
        let style = style(status);
        let line = line(runner, test);
        let (head, rest) = line.split_at(line.find('[').unwrap_or_default());
        let repeat = match status.is_failure() {
            true => format!("{:25}repeat:   {}\n", "", repeat(file, test, &self.limits)),
            false => String::new(),
        };
        let rest = format!("{}\n{}{repeat}", escape_line(rest), details(test));
        let _one_at_a_time = self.out.lock();
        // A closed pipe must not stop the tests: their results are also in the report.
        let _ = print(Content::Marked(style, head, &rest));
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
