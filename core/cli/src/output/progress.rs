//! Progress, notes and warnings on standard error: bars on a terminal, plain lines elsewhere.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use protea_core::text::escape_line;

use super::{
    number::{bytes, count},
    terminal::{print_error_line, print_labelled, stderr_is_terminal, stderr_width},
};

const WARNING: Style = AnsiColor::Yellow.on_default().bold();
/// How often a bar is redrawn without news.
const TICK: Duration = Duration::from_millis(120);
/// How often progress is printed if there are no bars.
const LINE_EVERY: Duration = Duration::from_secs(60);
/// The widths of a bar, in characters. Where there is no room for the narrowest, there is none.
const BARS: std::ops::RangeInclusive<usize> = 6..=30;
/// How much of a line counts, rate and times take at most, in characters.
const AROUND_BAR: usize = 49;

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
    /// Whether the bar shows how much was done of a total that is not known.
    is_open: bool,
    /// Whether the work may end before its total is reached.
    ends_early: bool,
    started: Instant,
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
        self.replace(label, false, Instant::now());
    }

    /// Starts a stage of the current work. As [`start_bar`](Self::start_bar), but lines of progress do
    /// not come more often because stages begin. With `ends_early`, the remaining time is shown as
    /// an upper limit.
    pub fn start_stage(&self, label: &str, ends_early: bool) {
        let last_line = self.current().as_ref().map(|current| current.last_line);
        self.replace(label, ends_early, last_line.unwrap_or_else(Instant::now));
    }

    fn replace(&self, label: &str, ends_early: bool, last_line: Instant) {
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
            is_open: false,
            ends_early,
            started: Instant::now(),
            last_line,
        });
        if let Some(before) = before {
            before.bar.finish_and_clear();
        }
    }

    /// Updates the progress. A `total` of 0 means unknown.
    pub fn progress(&self, done: u64, total: u64) {
        self.update(done, total, count);
    }

    /// As [`progress`](Self::progress), in bytes.
    pub fn bytes(&self, done: u64, total: u64) {
        self.update(done, total, bytes);
    }

    fn update(&self, done: u64, total: u64, text: fn(u64) -> String) {
        let mut current = self.current();
        let Some(current) = current.as_mut() else {
            return;
        };
        let ends_early = current.ends_early;
        if total == 0 && done > 0 && !current.counted && !current.is_open {
            current.is_open = true;
            let template = "{spinner} {prefix}  {done}  {elapsed}{pace}  {wide_msg}";
            current
                .bar
                .set_style(with_pace(style(template), ends_early, text));
        }
        if total > 0 && !current.counted {
            current.counted = true;
            let width = stderr_width().map_or(80, usize::from);
            let label = current.label.chars().count() + at_most(ends_early).len();
            let bar = match bar_width(width, label) {
                Some(bar) => format!("[{{bar:{bar}}}] "),
                None => String::new(),
            };
            let template = format!(
                "{{spinner}} {{prefix}}  {bar}{{done}}/{{total}}  {{elapsed}}{{pace}}  {{wide_msg}}"
            );
            current
                .bar
                .set_style(with_pace(style(&template), ends_early, text));
        }
        if total > 0 {
            current.bar.set_length(total);
        }
        current.bar.set_position(done);
        if matches!(self.0.mode, Mode::Lines) && current.last_line.elapsed() >= LINE_EVERY {
            current.last_line = Instant::now();
            match total {
                0 => print_error_line(&format!(
                    "{}: {}{}",
                    current.label,
                    text(done),
                    rate(done, current.started.elapsed(), text)
                        .map(|rate| format!(", {rate}/s"))
                        .unwrap_or_default()
                )),
                _ => print_error_line(&format!(
                    "{}: {} of {}{}",
                    current.label,
                    text(done),
                    text(total),
                    pace(
                        done,
                        total,
                        current.started.elapsed(),
                        current.ends_early,
                        text
                    )
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

/// The width of a bar in a terminal with so many columns behind a label of so many characters. The line
/// must not wrap.
fn bar_width(columns: usize, label: usize) -> Option<usize> {
    let room = columns.saturating_sub(label + AROUND_BAR);
    (room >= *BARS.start()).then(|| room.min(*BARS.end()))
}

/// The rate of the work, and the time that the rest takes at this rate.
fn pace(
    done: u64,
    total: u64,
    elapsed: Duration,
    ends_early: bool,
    text: impl Fn(u64) -> String,
) -> String {
    let Some(shown) = rate(done, elapsed, text) else {
        return String::new();
    };
    let seconds = elapsed.as_secs_f64() / done as f64;
    let left = (total.saturating_sub(done) as f64 * seconds).ceil() as u64;
    let left = match left {
        0..60 => format!("{left} s"),
        60..3600 => format!("{} min {} s", left / 60, left % 60),
        _ => format!("{} h {} min", left / 3600, left % 3600 / 60),
    };
    format!(", {shown}/s, {}{left} left", at_most(ends_early))
}

/// How much is done in a second. `None` at the beginning.
fn rate(done: u64, elapsed: Duration, text: impl Fn(u64) -> String) -> Option<String> {
    let seconds = elapsed.as_secs_f64();
    if done == 0 || seconds <= 0.0 {
        return None;
    }
    Some(match done as f64 / seconds {
        rate if rate >= 10.0 => text(rate as u64),
        rate => format!("{rate:.1}"),
    })
}

/// The style with what was done, the total, and rate and remaining time by [`pace`].
fn with_pace(style: ProgressStyle, ends_early: bool, text: fn(u64) -> String) -> ProgressStyle {
    let write = |out: &mut dyn fmt::Write, text: &str| {
        // Writing to the line of a bar cannot fail.
        let _ = out.write_str(text);
    };
    style
        .with_key(
            "done",
            move |state: &ProgressState, out: &mut dyn fmt::Write| {
                write(out, &text(state.pos()));
            },
        )
        .with_key(
            "total",
            move |state: &ProgressState, out: &mut dyn fmt::Write| {
                write(out, &text(state.len().unwrap_or_default()));
            },
        )
        .with_key(
            "pace",
            move |state: &ProgressState, out: &mut dyn fmt::Write| {
                let (done, elapsed) = (state.pos(), state.elapsed());
                let pace = match state.len() {
                    Some(total) if total > 0 => pace(done, total, elapsed, ends_early, text),
                    _ => rate(done, elapsed, text)
                        .map_or_else(String::new, |rate| format!(", {rate}/s")),
                };
                write(out, &pace);
            },
        )
}

fn at_most(ends_early: bool) -> &'static str {
    if ends_early { "at most " } else { "" }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the templates are constants, and a bar is drawn from each in every use")
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_fits_the_terminal() {
        assert_eq!(bar_width(120, 10), Some(30));
        assert_eq!(bar_width(80, "scoring".len()), Some(24));
        assert_eq!(bar_width(80, "fit, aligning with neighbours".len()), None);
    }

    #[test]
    fn a_line_of_progress_has_rate_and_remaining_time() {
        let pace =
            |done, total, seconds| pace(done, total, Duration::from_secs(seconds), false, count);
        assert_eq!(pace(0, 10, 30), "");
        assert_eq!(pace(8_192, 100_000, 4), ", 2,048/s, 45 s left");
        assert_eq!(pace(60, 3_660, 60), ", 1.0/s, 1 h 0 min left");
        assert_eq!(pace(600, 1_000, 300), ", 2.0/s, 3 min 20 s left");
        assert_eq!(pace(5, 0, 10), ", 0.5/s, 0 s left");
        let early = super::pace(100, 1_000, Duration::from_secs(10), true, count);
        assert_eq!(early, ", 10/s, at most 1 min 30 s left");
    }
}
