//! Weights & Biases, offline: run directories that the official `wandb sync` uploads.

mod artifact;
mod file;
mod history;
mod name;
mod offline;
mod record;
mod run;
mod state;
mod writer;

use std::{
    env, fs,
    io::{BufReader, ErrorKind},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

pub use offline::{
    OfflineRun, SyncOptions, SyncOutcome, SyncReport, find_offline_runs, sync_offline_runs,
};

use crate::{RunPage, RunQuery, RunSink, RunStart, RunSummary, Tracker, TrackerError, query::page};

const BACKEND: &str = "wandb";

/// Keeps runs as Weights & Biases does offline: one directory each, which the official
/// `wandb sync` uploads and `wandb leet` shows. No server is talked to.
///
/// | of a run | in W&B |
/// |---|---|
/// | id | a run id of 12 letters and digits, by a hash; the id itself is `protea_run.id` in the config |
/// | name, notes, project, group | the same |
/// | kind | job type |
/// | tags | tags `key:value`, cut at 64 characters; in full `protea_run.tags` in the config |
/// | config, later params | config |
/// | metrics | history: one row per step, shown over `protea/step`; the last values as the summary |
/// | artefacts, models | artifacts of the types `artifact` and `model`, whose files stay in place until they are uploaded |
/// | end | exit code 0 (finished), 1 (failed), 255 (killed); the error in the log and the summary |
///
/// ```
/// use protea_tracking::{RunStart, RunStatus, Tracker, Wandb};
///
/// # let directory = tempfile::tempdir().unwrap();
/// # let directory = directory.path();
/// let tracker = Wandb::new(directory)?;
/// let run = tracker.start_run(RunStart::new("knn on A").project("cafa"))?;
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
    /// Keeps runs in `<directory>/wandb`, for the user or team that `WANDB_ENTITY` names, if it
    /// does.
    ///
    /// # Errors
    ///
    /// [`TrackerError::File`] when the directory has no absolute path.
    pub fn new(directory: impl AsRef<Path>) -> Result<Self, TrackerError> {
        let directory = directory.as_ref();
        Ok(Self {
            directory: std::path::absolute(directory).map_err(TrackerError::write(directory))?,
            entity: env::var("WANDB_ENTITY").unwrap_or_default(),
        })
    }

    /// Says which user or team the runs are for. Without, the one that uploads them.
    #[must_use]
    pub fn entity(mut self, entity: impl Into<String>) -> Self {
        self.entity = entity.into();
        self
    }

    /// The directory of a run: the one that it has, or will have.
    #[must_use]
    pub fn run_directory(&self, start: &RunStart) -> PathBuf {
        let id = name::id(&start.run_id);
        let directory = name::run_directory(&self.directory, start.started, &id);
        if directory.exists() {
            return directory;
        }
        // A run is known by its id alone, whatever time it is said to have started.
        let parent = self.directory.join("wandb");
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.path())
            .find(|path| name::is_run_directory(path, &id))
            .unwrap_or(directory)
    }

    /// Where a browser shows a run once it is uploaded; none where the entity is not known.
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
        json!({ "directory": self.directory, "entity": self.entity })
    }

    fn check_start(&self, start: &RunStart) -> Result<(), TrackerError> {
        name::check(start)?;
        match start.config.contains_key(state::CONFIG_KEY) {
            true => Err(run::reserved()),
            false => Ok(()),
        }
    }

    fn open_run(&self, start: &RunStart) -> Result<Box<dyn RunSink>, TrackerError> {
        self.check_start(start)?;
        Ok(Box::new(run::WandbRun::open(
            start,
            self.entity.clone(),
            self.url(start.project.as_deref(), &name::id(&start.run_id)),
            self.run_directory(start),
        )?))
    }

    /// Reads every run's file. Runs that another program wrote are passed over.
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
    let file = fs::File::open(path).map_err(TrackerError::read(path))?;
    file::Reader::new(BufReader::new(file))
        .and_then(|mut reader| state::State::read(&mut reader))
        .map_err(TrackerError::read(path))
}
