//! Shows an experiment on standard error: its steps and events, or its log. Ctrl-C cancels it.

use std::{sync::Arc, time::Duration};

use protea_cafa::prediction::PREDICTIONS;
#[cfg(unix)]
use protea_core::worker;
use protea_core::{
    contracts::{
        Level, MetricEvent, ProgressEvent, StageEvent,
        event::{Event, METRIC, PROGRESS, STAGE},
    },
    experiment::{BenchmarkEvent, Observer, Progress, Step},
    store::{Transfer, TransferObserver},
    workspace::{Status, StepRecord},
};

use crate::{
    interrupt,
    output::{Reporter, number},
    transfers::TransferProgress,
};

/// Passes what happens in an experiment to a [`Reporter`].
pub struct ProgressObserver {
    reporter: Reporter,
    transfers: TransferProgress,
    /// The lowest level of log lines to show; `None` shows steps and events instead of the log.
    log: Option<Level>,
}

impl ProgressObserver {
    /// Without `log`, steps and events are shown; with it, the lines of the run's log from that
    /// level on.
    pub fn new(reporter: &Reporter, log: Option<Level>) -> Arc<Self> {
        Arc::new(Self {
            reporter: reporter.clone(),
            transfers: TransferProgress::new(reporter),
            log,
        })
    }
}

impl Observer for ProgressObserver {
    fn level(&self) -> Level {
        self.log.unwrap_or_default().min(Level::Info)
    }

    fn step_started(&self, step: Step) {
        match self.log {
            None => self.reporter.start(step.name()),
            Some(_) => self.reporter.start_bar(step.name()),
        }
    }

    fn log_line(&self, level: Level, line: &str) {
        if self.log.is_some_and(|from| level >= from) {
            self.reporter.always(line);
        }
    }

    fn event(&self, step: Step, event: &Event<'_>) {
        if event.level >= Level::Warning {
            // If the log is shown, the warning is among its lines.
            if self.log.is_none_or(|from| event.level < from) {
                self.reporter.warn(event.message.unwrap_or(event.name));
            }
            return;
        }
        match event.name {
            PROGRESS => {
                if let Ok(progress) = ProgressEvent::try_from(event) {
                    self.reporter.progress(progress.done, progress.total);
                }
            }
            STAGE => {
                if let Ok(stage) = StageEvent::try_from(event) {
                    let label = format!("{}, {}", step.name(), stage.name);
                    self.reporter.start_stage(&label, stage.ends_early);
                }
            }
            METRIC => {
                if let Ok(metric) = MetricEvent::try_from(event) {
                    let MetricEvent {
                        name, value, step, ..
                    } = metric;
                    self.reporter
                        .detail(&format!("{name} {value:.4} at {step}"));
                }
            }
            // The runner's own output goes to the run's log only.
            #[cfg(unix)]
            worker::STDOUT | worker::STDERR => {}
            _ if event.level == Level::Debug => {}
            _ => {
                if let Some(message) = event.message {
                    self.reporter.detail(message);
                }
            }
        }
    }

    fn step_ended(&self, step: Step, record: &StepRecord, time: Duration) {
        if record.status != Status::Finished || self.log.is_some() {
            self.reporter.abandon();
            return;
        }
        let note = match &record.note {
            Some(note) => format!("; {note}"),
            None => String::new(),
        };
        let seconds = time.as_secs_f64();
        self.reporter
            .finish(&format!("{}: done in {seconds:.1} s{note}", step.name()));
    }

    fn progress(&self, progress: &Progress<'_>) {
        let Progress {
            unit, done, total, ..
        } = *progress;
        if done == 0 {
            self.reporter.start(&format!("{unit}s"));
        }
        self.reporter.progress(done as u64, total as u64);
        let Some((latest, score)) = progress.latest else {
            return;
        };
        let mut text = format!("{unit} {latest} ({done} of {total})");
        if let Some(metric) = progress.metric {
            match score {
                Some(score) => text.push_str(&format!(": {metric} {}", number(score))),
                None => text.push_str(": no score"),
            }
        }
        if progress.taken_over {
            text.push_str(", reused");
        }
        if let Some((best, score)) = progress.best {
            let best = format!("; best so far {} ({unit} {best})", number(score));
            text.push_str(&best);
        }
        // The log has a separate line.
        if self.log.is_none_or(|from| from > Level::Info) {
            self.reporter.note(&text);
        }
    }

    fn benchmark(&self, event: &BenchmarkEvent<'_>) {
        match event {
            BenchmarkEvent::Started { name, place, total } => {
                self.reporter
                    .note(&format!("{name} ({} of {total})", place + 1));
            }
            BenchmarkEvent::Failed { name, reason } => {
                self.reporter
                    .warn(&format!("{name} has no scores: {reason}"));
            }
            BenchmarkEvent::Differs {
                name,
                group,
                returned,
                scored,
                ..
            } => self.reporter.warn(&format!(
                "{name} returned an Fmax of {returned} in {group}, but its {PREDICTIONS} scores {scored}; the table has {scored}"
            )),
            _ => {}
        }
    }

    fn transfer(&self, transfer: &Transfer<'_>) {
        self.transfers.transfer(transfer);
    }

    fn is_cancelled(&self) -> bool {
        interrupt::requested()
    }
}
