//! The run's log: plain text for people and grep.
//!
//! ```text
//! 2026-11-20T20:40:52.123Z INFO  [experiment 20261120T204052Z-knn-856249 01_evaluate] runner.knn.search_start {"k":5}
//! ```
//!
//! A line is time (UTC, to the millisecond), level, pipeline, run, step (`-` outside of steps) and
//! what happened. What the host says begins with an upper-case letter. A runner's event begins with
//! its name in lower case; any other name is quoted: `event "Metrics: …"`. Each line goes out whole, in one write, so that the log can be read at any
//! moment and after any end of the process.

mod budget;
mod line;

use std::{
    fmt::{self, Write as _},
    fs::{self, File},
    io::Write,
    path::Path,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use protea_contracts::{
    Level,
    emit::{Event, PROGRESS},
};
use protea_files::Access;

use self::budget::{Budget, Share, Tally};
pub use self::line::LogLine;
use crate::store::StoreError;

/// Where a run's log is, from the run's directory.
pub const RUN_LOG: &str = "logs/run.log";

/// What stands in place of a step outside of steps.
pub const NO_STEP: &str = "-";

/// Receives every line of the log, without its line end.
type Echo = Box<dyn Fn(Level, &str) + Send + Sync>;

/// The log of one run, written to from any thread.
pub struct RunLog {
    file: Mutex<File>,
    about: String,
    level: Level,
    echo: Option<Echo>,
    budget: Mutex<Budget>,
    warnings: AtomicU64,
    errors: AtomicU64,
    ended: AtomicBool,
}

impl RunLog {
    pub(super) fn create(directory: &Path, pipeline: &str, run: &str) -> Result<Self, StoreError> {
        let logs = directory.join("logs");
        fs::create_dir_all(&logs).map_err(StoreError::write(&logs))?;
        let log = Self::append(directory, pipeline, run)?;
        log.ended.store(false, Ordering::Relaxed);
        Ok(log)
    }

    /// The log of a run that another process began.
    pub(super) fn append(directory: &Path, pipeline: &str, run: &str) -> Result<Self, StoreError> {
        let path = directory.join(RUN_LOG);
        let file = protea_files::open_to_write(&path, Access::Append);
        let file = file.map_err(std::io::Error::from);
        Ok(Self {
            file: Mutex::new(file.map_err(StoreError::write(&path))?),
            about: format!("{pipeline} {run}"),
            level: Level::Info,
            echo: None,
            budget: Mutex::default(),
            warnings: AtomicU64::new(0),
            errors: AtomicU64::new(0),
            ended: AtomicBool::new(true),
        })
    }

    /// Takes lines from this level on; from [`Level::Info`] on unless this says otherwise.
    #[must_use]
    pub fn at_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Hands every line that the log takes to `echo` as well, as it is in the file.
    #[must_use]
    pub fn with_echo(mut self, echo: impl Fn(Level, &str) + Send + Sync + 'static) -> Self {
        self.echo = Some(Box::new(echo));
        self
    }

    /// Writes one line. That it cannot be written does not end a run.
    pub fn line(&self, level: Level, step: &str, message: &str) {
        self.write(level, step, &line::cut(message, line::MOST_OF_THE_HOST));
    }

    /// Writes an event of a runner. Of the events of one name in a step, the first hundred keep
    /// their level; the rest are there at [`Level::Debug`], and counted when the step ends.
    /// Progress is for the terminal: here it is at [`Level::Debug`].
    pub fn event(&self, step: &str, event: &Event<'_>) {
        self.count(event.level);
        let kind = line::cut(event.name, line::MOST_OF_A_NAME);
        let share = match event.name {
            PROGRESS => Share::Rest,
            _ => self.budget().take(&kind, event.level),
        };
        let level = match share {
            Share::First | Share::LastOfTheFirst => event.level,
            Share::Rest => Level::Debug,
            Share::Nothing => return,
        };
        if level < self.level {
            return;
        }
        let mut text = line::event_name(&kind).into_owned();
        if let Some(message) = event.message {
            text.push_str(": ");
            text.push_str(&line::cut(message, line::MOST_OF_AN_EVENT));
        }
        if event.fields != b"{}" {
            text.push(' ');
            text.push_str(&line::cut_bytes(event.fields, line::MOST_OF_AN_EVENT));
        }
        self.write(level, step, &text);
        if share == Share::LastOfTheFirst {
            let kind = line::cut(event.name, line::MOST_OF_A_NAME);
            let kind = line::event_name(&kind);
            let first = budget::FIRST;
            self.write(
                level,
                step,
                &format!("Events {kind}: {first} so far in this step; the rest at DEBUG"),
            );
        }
    }

    /// Logs which events were dropped, and resets the counters.
    pub fn end_step(&self, step: &str) {
        // Not held while writing.
        let tallies = self.budget().drain();
        for Tally { kind, level, heard } in tallies {
            let kind = match &*kind {
                budget::OTHER => "of other names".into(),
                kind => line::event_name(kind),
            };
            let mut text = format!("Events {kind}: {heard} in this step, ");
            let first = budget::FIRST;
            let at_debug = heard.min(budget::MOST) - first;
            write!(
                text,
                "{first} logged at their own level, {at_debug} more at DEBUG, {} left out",
                heard - first - at_debug
            )
            .expect("writing to a String cannot fail");
            self.write(level, step, &text);
        }
    }

    /// How many warnings and errors runners sent.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        let count = |of: &AtomicU64| of.load(Ordering::Relaxed);
        (count(&self.warnings), count(&self.errors))
    }

    /// The run has ended and the log says so; without this, the log's own end does.
    pub(crate) fn has_ended(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    fn count(&self, level: Level) {
        match level {
            Level::Warning => self.warnings.fetch_add(1, Ordering::Relaxed),
            Level::Error => self.errors.fetch_add(1, Ordering::Relaxed),
            Level::Debug | Level::Info => 0,
        };
    }

    fn write(&self, level: Level, step: &str, message: &str) {
        if level < self.level {
            return;
        }
        // Held while the time is read, so that times never fall in the file.
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = line::format(protea_tracking::now(), level, &self.about, step, message);
        text.push('\n');
        let _ = file.write_all(text.as_bytes());
        drop(file);
        if let Some(echo) = &self.echo {
            echo(level, text.trim_end_matches('\n'));
        }
    }

    fn budget(&self) -> MutexGuard<'_, Budget> {
        self.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RunLog {
    fn drop(&mut self) {
        if *self.ended.get_mut() {
            return;
        }
        let why = if std::thread::panicking() {
            "the program panicked"
        } else {
            "the program dropped the run before it was finished"
        };
        self.line(Level::Error, NO_STEP, &format!("Run failed: {why}"));
    }
}

impl fmt::Debug for RunLog {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RunLog")
            .field("about", &self.about)
            .field("level", &self.level)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
