//! The runner under test: its file, and the results that the tests share.

mod blame;
mod life;
mod loading;
mod requests;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock, atomic::AtomicBool},
    time::Duration,
};

use protea_core::{
    Runner,
    catalog::{self, Entry, Origin},
    contracts::{ExportResult, model},
};
use protea_files::Links;
use serde_json::Value;
use url::Url;

use crate::{Host, Verdict, fixture::Fixtures, test_names};

pub(crate) use blame::{blamed_on, cannot_write};
pub(crate) use life::reference_model;
pub use life::{Evaluated, Fitted, Repeated};
pub use requests::SEED;

use blame::{Shared, prerequisite};

/// The largest file of a model that is broken for a test, in bytes.
const LARGEST_MODEL: u64 = 1 << 30;

/// Settings for every call of the runner.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Starts the processes that run the runner's code.
    pub host: Host,
    /// How long a call of the runner's code may take.
    pub time_limit: Duration,
    /// How much memory it may use, in bytes.
    pub memory_limit: u64,
    /// The spec for `fit`; `null` means all defaults.
    pub spec: Value,
}

/// A runner's file and the shared results of its calls. Its code never runs in this process.
#[derive(Debug)]
pub struct Subject {
    /// The file.
    pub path: PathBuf,
    /// The other files that are checked together with it.
    pub others: Vec<PathBuf>,
    /// Settings for every call of the runner.
    pub settings: Arc<Settings>,
    /// The datasets.
    pub fixtures: Arc<Fixtures>,
    inspected: OnceLock<catalog::Verdict>,
    entry: OnceLock<Result<Entry, Verdict>>,
    runner: OnceLock<Result<Runner, Verdict>>,
    loading: OnceLock<Duration>,
    /// Whether the loaded runner contradicts the descriptor in the file.
    lies: AtomicBool,
    fitted: OnceLock<Result<Fitted, Verdict>>,
    evaluated: OnceLock<Shared<Evaluated>>,
    steady: OnceLock<Result<bool, Verdict>>,
    exported: OnceLock<Shared<ExportResult>>,
    repeated: OnceLock<Result<Vec<Repeated>, Verdict>>,
}

impl Subject {
    /// A runner's file. Nothing is read yet.
    #[must_use]
    pub fn new(
        path: PathBuf,
        others: Vec<PathBuf>,
        settings: Arc<Settings>,
        fixtures: Arc<Fixtures>,
    ) -> Self {
        Self {
            path,
            others,
            settings,
            fixtures,
            inspected: OnceLock::new(),
            entry: OnceLock::new(),
            runner: OnceLock::new(),
            loading: OnceLock::new(),
            lies: AtomicBool::new(false),
            fitted: OnceLock::new(),
            evaluated: OnceLock::new(),
            steady: OnceLock::new(),
            exported: OnceLock::new(),
            repeated: OnceLock::new(),
        }
    }

    /// The kind of the file, read without running its code.
    pub fn inspected(&self) -> &catalog::Verdict {
        self.inspected.get_or_init(|| catalog::inspect(&self.path))
    }

    /// The runner's name, or the file's if it has none.
    #[must_use]
    pub fn name(&self) -> String {
        match self.inspected() {
            catalog::Verdict::Runner(descriptor)
            | catalog::Verdict::Incompatible { descriptor, .. } => descriptor.name.clone(),
            _ => self.path.file_name().map_or_else(
                || self.path.display().to_string(),
                |name| name.to_string_lossy().into_owned(),
            ),
        }
    }

    /// The file as a catalog entry.
    ///
    /// # Errors
    ///
    /// The verdict for a test that needs it.
    pub fn entry(&self) -> Result<Entry, Verdict> {
        match self.inspected() {
            catalog::Verdict::Runner(descriptor) => self
                .entry
                .get_or_init(|| {
                    Entry::read(&self.path, descriptor.clone(), Origin::Given)
                        .map_err(|error| Verdict::skipped(error.to_string()))
                })
                .clone(),
            _ => Err(prerequisite(test_names::READABLE)),
        }
    }
}

/// The file of a model: what a URI names, or `model.json` in the directory that it names.
#[must_use]
pub fn model_file(uri: &Url) -> Option<PathBuf> {
    let path = uri.to_file_path().ok()?;
    Some(if path.is_dir() {
        path.join(model::FILE_NAME)
    } else {
        path
    })
}

/// The content of a model's file. None if it is not a regular file or larger than 1 GiB.
#[must_use]
pub fn model_bytes(path: &Path) -> Option<Vec<u8>> {
    protea_files::read(path, Links::Refuse, LARGEST_MODEL).ok()
}

/// Whether `path` is inside `directory`, with symbolic links resolved.
#[must_use]
pub fn is_below(path: &Path, directory: &Path) -> bool {
    match (path.canonicalize(), directory.canonicalize()) {
        (Ok(path), Ok(directory)) => path.starts_with(directory),
        _ => false,
    }
}
