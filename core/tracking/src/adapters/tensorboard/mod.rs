//! TensorBoard's event files.

mod file;
mod record;
mod run;
mod summary;

use std::{
    fs::{self, File},
    io::{BufReader, ErrorKind},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    RunPage, RunQuery, RunSink, RunStart, RunSummary, Tracker, TrackerError, query::page,
    summary::summarise,
};

const BACKEND: &str = "tensorboard";
const SUFFIX: &str = ".protea";

/// Keeps runs as TensorBoard's event files, one directory for each: `tensorboard --logdir
/// <directory>` shows them.
///
/// | of a run | in TensorBoard |
/// |---|---|
/// | metrics | scalars, as 32-bit numbers |
/// | config | a line of the table of hyperparameters (hparams), and the text `config` |
/// | later params | the text `config` |
/// | name, id, project, group, kind | the text `run` |
/// | tags, notes | the texts `tags` and `notes` |
/// | artefacts, models | the text `artifacts`: their names and places |
/// | end | the status in the table, and the text `end` |
///
/// ```
/// use protea_tracking::{RunStart, RunStatus, TensorBoard, Tracker};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let directory = directory.path();
/// let tracker = TensorBoard::new(directory)?;
/// let run = tracker.start_run(RunStart::new("knn on A").config("k", 5))?;
/// run.log_metrics(0, [("MFO/fmax", 0.544)])?;
/// run.finish(RunStatus::Finished)?;
/// # Ok::<(), protea_tracking::TrackerError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TensorBoard {
    directory: PathBuf,
}

impl TensorBoard {
    /// Keeps runs in `directory`.
    ///
    /// # Errors
    ///
    /// [`TrackerError::File`] when the directory has no absolute path.
    pub fn new(directory: impl AsRef<Path>) -> Result<Self, TrackerError> {
        let directory = directory.as_ref();
        Ok(Self {
            directory: std::path::absolute(directory).map_err(TrackerError::write(directory))?,
        })
    }

    /// The event file of a run: the one that it has, or will have. It is named by the run's start,
    /// so that it is the same for every process that goes on with the run.
    #[must_use]
    pub fn event_file(&self, start: &RunStart) -> PathBuf {
        let directory = self.directory.join(&start.run_id);
        let started = start.started.as_second();
        // A run is known by its id alone, whatever time it is said to have started.
        event_files(&directory)
            .next()
            .unwrap_or_else(|| directory.join(format!("events.out.tfevents.{started:010}{SUFFIX}")))
    }

    fn summary(path: &Path) -> Result<Option<RunSummary>, TrackerError> {
        let file = File::open(path).map_err(TrackerError::read(path))?;
        let held = run::Held::read(&mut file::Reader::new(BufReader::new(file)));
        let held = held.map_err(TrackerError::read(path))?;
        Ok(held.start().map(|start| summarise(start, &held.events)))
    }
}

impl Tracker for TensorBoard {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    fn target(&self) -> Value {
        json!({ "directory": self.directory })
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        start.check()?;
        let path = self.event_file(start);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(TrackerError::write(directory))?;
        }
        Ok(Box::new(run::TensorBoardRun::open(&start.run_id, path)?))
    }

    /// Reads every run's file. Runs that another program wrote are passed over.
    fn list_runs(&self, query: &RunQuery) -> Result<RunPage, TrackerError> {
        let entries = match fs::read_dir(&self.directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(RunPage::default()),
            Err(error) => return Err(TrackerError::read(&self.directory)(error)),
        };
        let mut runs = Vec::new();
        for entry in entries.flatten() {
            for file in event_files(&entry.path()) {
                runs.extend(Self::summary(&file)?);
            }
        }
        page(runs, query)
    }
}

/// The event files that this adapter wrote into a directory; none where it is no directory.
fn event_files(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("events.out.tfevents.") && name.ends_with(SUFFIX))
    })
}
