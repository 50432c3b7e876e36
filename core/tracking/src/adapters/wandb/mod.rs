//! Writes runs as offline runs of Weights & Biases, which the official `wandb sync` uploads.

mod artifact;
mod file;
mod history;
mod name;
mod offline;
mod record;
mod run;
mod state;
mod stats;
mod table;
mod writer;

use std::{
    env, fs,
    io::{BufReader, ErrorKind},
    path::{Path, PathBuf},
};

use protea_files::Links;
use serde_json::{Value, json};

pub use offline::{
    OfflineRun, SyncOptions, SyncOutcome, SyncReport, find_offline_runs, sync_offline_runs,
};

use crate::{RunPage, RunQuery, RunSink, RunStart, RunSummary, Tracker, TrackerError, query::page};

const BACKEND: &str = "wandb";

/// Records runs as the offline runs of Weights & Biases: one directory for each, which the official
/// `wandb sync` uploads and `wandb leet` displays. Contacts no server.
///
/// | of a run | in W&B |
/// |---|---|
/// | id | a run id of 12 letters and digits, a hash of the id; the id itself is `protea_run.id` in the config |
/// | name, notes, project, group | the same |
/// | kind | job type |
/// | tags | tags `key:value`, shortened to 64 characters; complete in `protea_run.tags` in the config |
/// | config, later params | config |
/// | metrics | history: one row per step, plotted against `protea/step`; the last values as the summary |
/// | metrics of the machine, `system/…` | system metrics, by the names of the official client |
/// | tables of precision and recall in an artefact | tables, in the summary |
/// | artefacts, models | artifacts of the types `artifact` and `model`, whose files must stay in place until they are uploaded |
/// | end | exit code 0 (finished), 1 (failed), 255 (killed); the error in the log and the summary |
///
/// ```
/// use protea_tracking::{RunStart, RunStatus, Tracker, Wandb};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let directory = directory.path();
/// let tracker = Wandb::new(directory)?;
/// let run = tracker.start_run(RunStart::new("knn on A").with_project("cafa"))?;
/// run.log_metrics(0, [("MFO/fmax", 0.544)])?;
/// run.finish(RunStatus::Finished)?;
/// let runs = protea_tracking::find_offline_runs(directory)?;
/// assert_eq!(runs.len(), 1);
/// # Ok::<(), protea_tracking::TrackerError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Wandb {
    directory: PathBuf,
    entity: String,
}

impl Wandb {
    /// Records runs in `<directory>/wandb`, for the user or team in the environment variable
    /// `WANDB_ENTITY` if it is set. Creates nothing yet.
    ///
    /// # Errors
    ///
    /// [`TrackerError::Read`] if the current directory, to which a relative `directory` refers, is
    /// unknown.
    pub fn new(directory: impl AsRef<Path>) -> Result<Self, TrackerError> {
        let directory = directory.as_ref();
        Ok(Self {
            directory: std::path::absolute(directory).map_err(TrackerError::read(directory))?,
            entity: env::var("WANDB_ENTITY").unwrap_or_default(),
        })
    }

    /// Sets the user or team that the runs are for. The default is the user who uploads them.
    #[must_use]
    pub fn with_entity(mut self, entity: impl Into<String>) -> Self {
        self.entity = entity.into();
        self
    }

    /// The directory of a run, which may not exist yet.
    #[must_use]
    pub fn run_directory(&self, start: &RunStart) -> PathBuf {
        let id = name::id(&start.run_id);
        let directory = name::run_directory(&self.directory, start.started, &id);
        if directory.exists() {
            return directory;
        }
        // If there is a directory with this id, it is that of the run, even if `start` has another
        // start time.
        let parent = self.directory.join("wandb");
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .find(|path| name::is_run_directory(path, &id))
            .unwrap_or(directory)
    }

    /// The address of the run's page after the upload; none if the entity is unknown.
    fn url(&self, project: Option<&str>, id: &str) -> Option<String> {
        let base = match env::var("WANDB_BASE_URL") {
            Ok(base) if !base.is_empty() && base != "https://api.wandb.ai" => base,
            _ => "https://wandb.ai".to_owned(),
        };
        let base = base.trim_end_matches('/');
        let project = project.unwrap_or("uncategorized").replace(' ', "%20");
        (!self.entity.is_empty()).then(|| format!("{base}/{}/{project}/runs/{id}", self.entity))
    }
}

impl Tracker for Wandb {
    fn backend(&self) -> &'static str {
        BACKEND
    }

    fn target(&self) -> Value {
        json!({ "directory": self.directory.to_string_lossy(), "entity": self.entity })
    }

    fn check_start(&self, start: &RunStart) -> Result<(), TrackerError> {
        name::check(start)?;
        if start.config.contains_key(state::CONFIG_KEY) {
            return Err(run::reserved());
        }
        Ok(())
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        self.check_start(start)?;
        Ok(Box::new(run::WandbSink::open(
            start,
            self.entity.clone(),
            self.url(start.project.as_deref(), &name::id(&start.run_id)),
            self.run_directory(start),
        )?))
    }

    /// Reads the file of every run. Runs of other programs are skipped.
    fn list_runs(&self, query: &RunQuery) -> Result<RunPage, TrackerError> {
        let directory = self.directory.join("wandb");
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(RunPage::default()),
            Err(error) => return Err(TrackerError::read(&directory)(error)),
        };
        let mut runs: Vec<RunSummary> = Vec::new();
        for entry in entries.flatten() {
            if let Some(file) = offline::run_file(&entry.path()) {
                runs.extend(read(&file)?.summary().map(|mut run| {
                    run.url = self.url(run.project.as_deref(), &name::id(&run.run_id));
                    run
                }));
            }
        }
        page(runs, query)
    }
}

fn read(path: &Path) -> Result<state::State, TrackerError> {
    let file = protea_files::open(path, Links::Refuse)?;
    file::Reader::new(BufReader::new(file))
        .and_then(|mut reader| state::State::read(&mut reader))
        .map_err(TrackerError::read(path))
}
