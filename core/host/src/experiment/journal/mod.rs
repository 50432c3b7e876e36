//! The journal of a run: its log, and a manifest for each step.

mod outputs;
mod text;

use std::{
    collections::BTreeMap,
    error::Error,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protea_contracts::{Level, emit::Event, metrics::flatten};
use serde_json::Value;

use super::{
    events::{EventSource, ExperimentEvent},
    observer::{Observer, Progress, Step},
};
use crate::{
    Dataset, WorkspaceError, dataset,
    workspace::{LogLine, NO_STEP, Rows, RunDirectory, RunLog, RunManifest, Status, StepManifest},
};

/// The log of a run and the manifests of its steps.
pub(super) struct Journal {
    directory: PathBuf,
    log: Arc<RunLog>,
    began: Instant,
    /// Proteins by the role of the dataset.
    proteins: BTreeMap<String, u64>,
    step: Option<OpenStep>,
    steps: usize,
    compute: Duration,
    writing: Duration,
}

/// The current step.
struct OpenStep {
    index: usize,
    step: Step,
    label: String,
    started: Timestamp,
    began: Instant,
    computed: Option<Duration>,
}

/// The log of a run as a step writes to it.
#[derive(Clone)]
pub(super) struct StepLog {
    log: Arc<RunLog>,
    label: String,
}

impl StepLog {
    /// Writes an event of the runner.
    pub(super) fn event(&self, event: &Event<'_>) {
        self.log.event(&self.label, event);
    }
}

impl Journal {
    /// Begins the log with what is to be done, on what, and by what.
    pub(super) fn begin(
        directory: &RunDirectory,
        manifest: &RunManifest,
        observer: &Arc<dyn Observer>,
        source: &Arc<EventSource>,
    ) -> Result<Self, WorkspaceError> {
        let (echo, source) = (Arc::clone(observer), Arc::clone(source));
        let log = directory
            .begin_log(&manifest.pipeline)?
            .at_level(observer.level().min(Level::Info))
            .with_echo(move |level, line| {
                echo.log_line(level, line);
                if level >= Level::Info {
                    let text = LogLine::parse(line).map_or(line, |line| line.message);
                    let text = text.to_owned();
                    echo.experiment_event(&source, &ExperimentEvent::Log { level, text });
                }
            });
        let mut journal = Self {
            directory: directory.path().to_owned(),
            log: Arc::new(log),
            began: Instant::now(),
            proteins: BTreeMap::new(),
            step: None,
            steps: 0,
            compute: Duration::ZERO,
            writing: Duration::ZERO,
        };
        journal.count_proteins(manifest);
        for line in text::beginning(manifest, &journal.proteins) {
            journal.say(Level::Info, NO_STEP, &line);
        }
        Ok(journal)
    }

    /// A step begins; its log takes the runner's events.
    pub(super) fn step_started(&mut self, step: Step, manifest: &RunManifest) -> StepLog {
        let index = manifest.steps.len().saturating_sub(1);
        let label = StepManifest::directory_name(index, step.name());
        self.say(Level::Info, &label, &format!("Starting step {label}"));
        self.step = Some(OpenStep {
            index,
            step,
            label: label.clone(),
            started: protea_tracking::now(),
            began: Instant::now(),
            computed: None,
        });
        StepLog {
            log: Arc::clone(&self.log),
            label,
        }
    }

    /// A trial or a fold has ended.
    pub(super) fn progress(&self, progress: &Progress<'_>) {
        if let Some(line) = text::progress(progress) {
            self.say(Level::Info, NO_STEP, &line);
        }
    }

    /// Marks the end of computing: the runner has returned, and the host writes the results.
    pub(super) fn computed(&mut self) {
        if let Some(step) = &mut self.step {
            step.computed = Some(step.began.elapsed());
        }
    }

    /// The step ended as its record in the manifest says, and with this error if it did not end
    /// well.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`] when its manifest cannot be written.
    pub(super) fn step_ended(
        &mut self,
        manifest: &RunManifest,
        error: Option<&(dyn Error + 'static)>,
    ) -> Result<(), WorkspaceError> {
        let (Some(open), Some(record)) = (self.step.take(), manifest.steps.last()) else {
            return Ok(());
        };
        let time = open.began.elapsed();
        let compute = open.computed.unwrap_or(time);
        let writing = time.saturating_sub(compute);
        self.steps += 1;
        self.compute += compute;
        self.writing += writing;
        let ended_well = record.status == Status::Finished;
        let step = StepManifest {
            run_id: manifest.run_id.clone(),
            index: open.index,
            name: record.name.clone(),
            status: record.status,
            started: open.started,
            finished: protea_tracking::now(),
            seconds: time.as_secs_f64(),
            compute_seconds: compute.as_secs_f64(),
            writing_seconds: writing.as_secs_f64(),
            rows_in: self.rows_in(open.step),
            rows_out: outputs::rows(open.step, record, manifest).filter(|_| ended_well),
            metrics: record.metrics.clone(),
            extras: record.extras.clone(),
            resources: record.resources,
            note: record.note.clone(),
            outputs: if ended_well {
                outputs::files(open.step, manifest)
            } else {
                Vec::new()
            },
            error: error.map(protea_contracts::error::with_causes),
            causes: text::causes(error),
        };
        self.log.end_step(&open.label);
        for line in text::metrics(&step.metrics) {
            self.say(Level::Info, &open.label, &line);
        }
        let level = match step.status {
            Status::Failed => Level::Error,
            Status::Killed => Level::Warning,
            _ => Level::Info,
        };
        self.say(level, &open.label, &text::step_end(&open.label, &step));
        step.write(&self.directory).map(drop)
    }

    /// The run ended as its manifest says, and with this error if it did not end well.
    pub(super) fn ended(&mut self, manifest: &RunManifest, error: Option<&(dyn Error + 'static)>) {
        let of_a_step = manifest.steps.iter().any(|s| s.metrics == manifest.metrics);
        if !of_a_step {
            for line in text::metrics(&manifest.metrics) {
                self.say(Level::Info, NO_STEP, &line);
            }
        }
        for line in outputs::places(manifest, &self.directory) {
            self.say(Level::Info, NO_STEP, &line);
        }
        let (warnings, errors) = self.log.counts();
        let seconds = |time: Duration| text::seconds(time.as_secs_f64());
        let totals = format!(
            "Totals: steps={} seconds={} compute={} writing={} warnings={warnings} errors={errors}",
            self.steps,
            seconds(self.began.elapsed()),
            seconds(self.compute),
            seconds(self.writing),
        );
        self.say(Level::Info, NO_STEP, &totals);
        let status = manifest.status;
        match error {
            None => self.say(Level::Info, NO_STEP, &format!("Run {status}")),
            Some(error) => {
                let level = match status {
                    Status::Killed => Level::Warning,
                    _ => Level::Error,
                };
                self.say(level, NO_STEP, &format!("Run {status}: {error}"));
                for cause in text::causes(Some(error)) {
                    self.say(level, NO_STEP, &format!("Caused by: {cause}"));
                }
            }
        }
        self.log.has_ended();
    }

    fn say(&self, level: Level, step: &str, message: &str) {
        self.log.line(level, step, message);
    }

    fn count_proteins(&mut self, manifest: &RunManifest) {
        let counts = manifest.datasets.iter().filter_map(|(role, value)| {
            let dataset: Dataset = serde_json::from_value(Value::clone(value)).ok()?;
            Some((role.clone(), dataset::proteins(&dataset)?))
        });
        self.proteins = counts.collect();
    }

    fn rows_in(&self, step: Step) -> Option<Rows> {
        let role = match step {
            Step::Fit => "train",
            Step::Evaluate => "eval",
            Step::Export | Step::Explain | Step::Predict => return None,
        };
        self.proteins.get(role).map(|count| Rows {
            count: *count,
            of: "proteins".to_owned(),
        })
    }
}

/// The scores of a run, flattened, as `name=value`.
fn named(metrics: &protea_contracts::Metrics) -> Vec<String> {
    let pair = |(name, value): (String, f64)| format!("{name}={}", text::number(value));
    flatten(metrics).into_iter().map(pair).collect()
}
