//! Progress, notes and warnings on standard error: bars on a terminal, calm lines elsewhere.

use std::{
    io::{self, IsTerminal},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::number::bytes;

const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// How often a bar moves while nothing is heard of the work.
const TICK: Duration = Duration::from_millis(120);
/// How often lines say how far the work has come.
const LINE_EVERY: Duration = Duration::from_secs(30);

/// Says on standard error what goes on. Cheap to clone, usable from any thread.
#[derive(Debug, Clone)]
pub struct Reporter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    manner: Manner,
    current: Mutex<Option<Current>>,
}

#[derive(Debug)]
enum Manner {
    Bars(MultiProgress),
    Lines,
    Quiet,
}

/// The work under way.
#[derive(Debug)]
struct Current {
    label: String,
    bar: ProgressBar,
    counted: bool,
    last_line: Instant,
}

impl Reporter {
    /// A reporter; a quiet one says warnings only.
    pub fn new(quiet: bool) -> Self {
        let manner = if quiet {
            Manner::Quiet
        } else if io::stderr().is_terminal() {
            Manner::Bars(MultiProgress::new())
        } else {
            Manner::Lines
        };
        Self(Arc::new(Inner {
            manner,
            current: Mutex::new(None),
        }))
    }

    /// Work begins.
    pub fn start(&self, label: &str) {
        if matches!(self.0.manner, Manner::Lines) {
            say!("{} …", printable(label));
        }
        self.start_bar(label);
    }

    /// Work begins, which is said elsewhere: only a bar shows it.
    pub fn start_bar(&self, label: &str) {
        let label = printable(label);
        let bar = match &self.0.manner {
            Manner::Bars(bars) => {
                let bar = bars.add(ProgressBar::new_spinner());
                bar.set_style(style("{spinner} {prefix}  {elapsed}  {wide_msg}"));
                bar.set_prefix(label.clone());
                bar.enable_steady_tick(TICK);
                bar
            }
            Manner::Lines | Manner::Quiet => ProgressBar::hidden(),
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

    /// The work has come to `done` of `total`, 0 where that is unknown.
    pub fn progress(&self, done: u64, total: u64) {
        let counted = "{spinner} {prefix}  [{bar:30}] {human_pos}/{human_len}  {elapsed}, {eta} left  {wide_msg}";
        self.come_to(done, total, counted, |number| number.to_string());
    }

    /// As [`progress`](Self::progress), of bytes.
    pub fn bytes(&self, done: u64, total: u64) {
        let counted = "{spinner} {prefix}  [{bar:30}] {decimal_bytes}/{decimal_total_bytes}  {decimal_bytes_per_sec}, {eta} left  {wide_msg}";
        self.come_to(done, total, counted, bytes);
    }

    fn come_to(&self, done: u64, total: u64, counted: &str, text: impl Fn(u64) -> String) {
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
        if matches!(self.0.manner, Manner::Lines) && current.last_line.elapsed() >= LINE_EVERY {
            current.last_line = Instant::now();
            match total {
                0 => say!("{}: {}", current.label, text(done)),
                _ => say!("{}: {} of {}", current.label, text(done), text(total)),
            }
        }
    }

    /// What the work is at; shown beside a bar only.
    pub fn detail(&self, text: &str) {
        if let Some(current) = self.current().as_ref() {
            current.bar.set_message(printable(text));
        }
    }

    /// The work is done.
    pub fn finish(&self, text: &str) {
        self.abandon();
        self.note(text);
    }

    /// The work ended in another way; what is to be said of it is said elsewhere.
    pub fn abandon(&self) {
        if let Some(current) = self.current().take() {
            current.bar.finish_and_clear();
        }
    }

    /// Something that is good to know.
    pub fn note(&self, text: &str) {
        if !matches!(self.0.manner, Manner::Quiet) {
            self.always(text);
        }
    }

    /// Something that the user should look at.
    pub fn warn(&self, text: &str) {
        let text = printable(text);
        self.above(|| say!("{WARNING}warning{WARNING:#}: {text}"));
    }

    /// Something that is said even when quiet.
    pub fn always(&self, text: &str) {
        let text = printable(text);
        self.above(|| say!("{text}"));
    }

    /// Prints above the bars.
    fn above(&self, print: impl FnOnce()) {
        match &self.0.manner {
            Manner::Bars(bars) => bars.suspend(print),
            Manner::Lines | Manner::Quiet => print(),
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

/// Texts of runners go to the terminal: without anything that could steer it.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}
