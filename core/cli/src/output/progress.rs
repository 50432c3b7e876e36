//! Progress, notes and warnings on standard error: bars on a terminal, plain lines elsewhere.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use protea_core::text::escape_line;

use super::{
    number::bytes,
    terminal::{print_error_line, print_labelled, stderr_is_terminal},
};

const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// How often a bar is redrawn without news.
const TICK: Duration = Duration::from_millis(120);
/// How often progress is printed if there are no bars.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Prints progress to standard error. Cheap to clone and usable from any thread.
#[derive(Debug, Clone)]
pub struct Reporter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    mode: Mode,
    current: Mutex<Option<Current>>,
}

#[derive(Debug)]
enum Mode {
    Bars(MultiProgress),
    Lines,
    Quiet,
}

/// The work in progress.
#[derive(Debug)]
struct Current {
    label: String,
    bar: ProgressBar,
    counted: bool,
    last_line: Instant,
}

impl Reporter {
    /// A quiet reporter prints warnings only.
    pub fn new(quiet: bool) -> Self {
        let mode = if quiet {
            Mode::Quiet
        } else if stderr_is_terminal() {
            Mode::Bars(MultiProgress::new())
        } else {
            Mode::Lines
        };
        Self(Arc::new(Inner {
            mode,
            current: Mutex::new(None),
        }))
    }

    /// Starts a piece of work, which replaces the one before.
    pub fn start(&self, label: &str) {
        if matches!(self.0.mode, Mode::Lines) {
            print_error_line(&format!("{} …", escape_line(label)));
        }
        self.start_bar(label);
    }

    /// As [`start`](Self::start), without printing a line: only a bar shows it.
    pub fn start_bar(&self, label: &str) {
        let label = escape_line(label).into_owned();
        let bar = match &self.0.mode {
            Mode::Bars(bars) => {
                let bar = bars.add(ProgressBar::new_spinner());
                bar.set_style(style("{spinner} {prefix}  {elapsed}  {wide_msg}"));
                bar.set_prefix(label.clone());
                bar.enable_steady_tick(TICK);
                bar
            }
            Mode::Lines | Mode::Quiet => ProgressBar::hidden(),
        };
        let before = self.current().replace(Current {
            label,
            bar,
            counted: false,
            last_line: Instant::now(),
        });
        if let Some(before) = before {
            before.bar.finish_and_clear();
        }
    }

    /// Updates the progress. A `total` of 0 means unknown.
    pub fn progress(&self, done: u64, total: u64) {
        let counted = "{spinner} {prefix}  [{bar:30}] {human_pos}/{human_len}  {elapsed}, {eta} left  {wide_msg}";
        self.update(done, total, counted, |number| number.to_string());
    }

    /// As [`progress`](Self::progress), in bytes.
    pub fn bytes(&self, done: u64, total: u64) {
        let counted = "{spinner} {prefix}  [{bar:30}] {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}, {eta} left  {wide_msg}";
        self.update(done, total, counted, bytes);
    }

    fn update(&self, done: u64, total: u64, counted: &str, text: impl Fn(u64) -> String) {
        let mut current = self.current();
        let Some(current) = current.as_mut() else {
            return;
        };
        if total > 0 && !current.counted {
            current.counted = true;
            current.bar.set_style(style(counted));
        }
        if total > 0 {
            current.bar.set_length(total);
        }
        current.bar.set_position(done);
        if matches!(self.0.mode, Mode::Lines) && current.last_line.elapsed() >= LINE_EVERY {
            current.last_line = Instant::now();
            match total {
                0 => print_error_line(&format!("{}: {}", current.label, text(done))),
                _ => print_error_line(&format!(
                    "{}: {} of {}",
                    current.label,
                    text(done),
                    text(total)
                )),
            }
        }
    }

    /// The current item, shown next to a bar only.
    pub fn detail(&self, text: &str) {
        if let Some(current) = self.current().as_ref() {
            current.bar.set_message(escape_line(text).into_owned());
        }
    }

    /// Ends the work and prints a note.
    pub fn finish(&self, text: &str) {
        self.abandon();
        self.note(text);
    }

    /// Ends the work without printing anything.
    pub fn abandon(&self) {
        if let Some(current) = self.current().take() {
            current.bar.finish_and_clear();
        }
    }

    /// Prints information, unless the reporter is quiet.
    pub fn note(&self, text: &str) {
        if !matches!(self.0.mode, Mode::Quiet) {
            self.always(text);
        }
    }

    /// Prints a warning.
    pub fn warn(&self, text: &str) {
        self.above(|| print_labelled(WARNING, "warning", text));
    }

    /// Something that is said even when quiet.
    pub fn always(&self, text: &str) {
        self.above(|| print_error_line(text));
    }

    /// Prints above the bars, if there are any.
    fn above(&self, print: impl FnOnce()) {
        match &self.0.mode {
            Mode::Bars(bars) => bars.suspend(print),
            Mode::Lines | Mode::Quiet => print(),
        }
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        let lock = self.0.current.lock();
        lock.unwrap_or_else(PoisonError::into_inner)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates are constants, and a bar is drawn from each in every use")
        .progress_chars("=> ")
}
