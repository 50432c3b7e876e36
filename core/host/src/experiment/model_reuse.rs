//! Earlier models of a runner and a dataset, offered to `fit` for reuse.
//!
//! `<workspace>/.protea/models/<runner>-<dataset>/` has a file for each, named for its run, so that
//! they are found without reading every run. They are hints: an invalid one is ignored.

use std::{fs, path::PathBuf};

use protea_files::Links;
use protea_tracking::RunId;
use url::Url;

use super::setup::Experiment;
use crate::{
    Dataset,
    store::{self, write_atomic},
};

/// The most models that are offered to a fit.
const MOST: usize = 16;
/// How many digits of a SHA-256 are in a name. A runner checks the models that it reuses.
const DIGITS: usize = 32;
/// The largest file with the URI of a model, in bytes.
const LARGEST: u64 = 64 << 10;

/// The models that the experiment's runner made of a dataset.
pub(super) struct ReusableModels {
    workspace: PathBuf,
    directory: PathBuf,
}

impl ReusableModels {
    pub(super) fn new(experiment: &Experiment, train: &Dataset) -> Self {
        let runner = experiment.runner.entry().sha256;
        let workspace = experiment.workspace.directory().to_owned();
        let directory = workspace.join(".protea/models");
        Self {
            workspace,
            directory: directory.join(format!("{runner:.DIGITS$}-{:.DIGITS$}", train.sha256)),
        }
    }

    /// Those that are still there, the newest first.
    pub(super) fn newest(&self) -> Vec<Url> {
        let entries = fs::read_dir(&self.directory).into_iter().flatten();
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort_unstable_by(|a, b| b.cmp(a));
        let models = paths.iter().filter_map(|path| {
            let text = protea_files::read_text(path, Links::Refuse, LARGEST).ok()?;
            let uri = Url::parse(text.trim()).ok()?;
            // Its directory becomes readable in a sandbox, so it must be one of the workspace.
            store::local_path(&uri)
                .is_ok_and(|model| model.starts_with(&self.workspace) && model.exists())
                .then_some(uri)
        });
        models.take(MOST).collect()
    }

    /// Adds the model of a run.
    pub(super) fn add(&self, run_id: &RunId, model: &Url) {
        // If this fails, the next fit only takes longer.
        if fs::create_dir_all(&self.directory).is_ok() {
            let _ = write_atomic(
                &self.directory.join(run_id),
                format!("{model}\n").as_bytes(),
            );
        }
    }
}
