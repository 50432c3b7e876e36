//! Writes runs as event files of TensorBoard.

mod file;
mod pr_curves;
mod record;
mod run;
mod summary;

use std::{
    fs,
    io::{BufReader, ErrorKind},
    path::{Path, PathBuf},
};

use protea_files::Links;
use serde_json::{Value, json};

use crate::{
    RunPage, RunQuery, RunSink, RunStart, RunSummary, Tracker, TrackerError, query::page,
    summary::summarise,
};

const BACKEND: &str = "tensorboard";
const SUFFIX: &str = ".protea";

/// Records runs as event files of TensorBoard, one directory for each. `tensorboard --logdir
/// <directory>` shows them.
///
/// | of a run | in TensorBoard |
/// |---|---|
/// | metrics | scalars, as 32-bit numbers |
/// | config | a row of the table of hyperparameters (hparams), and the text `config` |
/// | later params | the text `config` |
/// | name, id, project, group, kind | the text `run` |
/// | tags, notes | the texts `tags` and `notes` |
/// | artefacts, models | the text `artifacts`: their names and paths |
/// | tables of an artefact with the columns `tau`, `pr` and `rc` | curves of precision and recall, by `ns` |
/// | end | the status in the table, and the text `end` |
///
/// ```
/// use protea_tracking::{RunStart, RunStatus, TensorBoard, Tracker};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let directory = directory.path();
/// let tracker = TensorBoard::new(directory)?;
/// let run = tracker.start_run(RunStart::new("knn on A").with_config("k", 5))?;
/// run.log_metrics(0, [("MFO/fmax", 0.544)])?;
/// run.finish(RunStatus::Finished)?;
/// # Ok::<(), protea_tracking::TrackerError>(())
/// ```
#[derive(Debug, Clone)]
pub struct TensorBoard {
    directory: PathBuf,
}

impl TensorBoard {
    /// Records runs in `directory`. Creates nothing yet.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Read`] if the current directory, to which a relative `directory` refers, is
    /// unknown.
    pub fn new(directory: impl AsRef<Path>) -> Result<Self, TrackerError> {
        let directory = directory.as_ref();
        Ok(Self {
            directory: std::path::absolute(directory).map_err(TrackerError::read(directory))?,
        })
    }

    /// The path of a run's event file, which may not exist yet. Its name contains the start of the
    /// run, so that every process that continues the run uses the same file.
    #[must_use]
    pub fn event_file(&self, start: &RunStart) -> PathBuf {
        let directory = self.directory.join(&start.run_id);
        let started = start.started.as_second();
        // If there is a file, it is that of the run, even if `start` has another start time.
        event_files(&directory)
            .next()
            .unwrap_or_else(|| directory.join(format!("events.out.tfevents.{started:010}{SUFFIX}")))
    }

    fn summary(path: &Path) -> Result<Option<RunSummary>, TrackerError> {
        let file = protea_files::open(path, Links::Refuse)?;
        let content = run::Content::read(&mut file::Reader::new(BufReader::new(file)));
        let content = content.map_err(TrackerError::read(path))?;
        Ok(content
            .start()
            .map(|start| summarise(start, &content.events)))
    }
}

impl Tracker for TensorBoard {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    fn target(&self) -> Value {
        json!({ "directory": self.directory.to_string_lossy() })
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        start.check()?;
        let path = self.event_file(start);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(TrackerError::write(directory))?;
        }
        Ok(Box::new(run::TensorBoardSink::open(&start.run_id, path)?))
    }

    /// Reads the file of every run. Runs of other programs are skipped.
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

/// The event files of this adapter in a directory; none if it is not a directory.
fn event_files(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("events.out.tfevents.") && name.ends_with(SUFFIX))
    })
}
