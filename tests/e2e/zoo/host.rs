//! A host for one animal: with its own datasets and workspace, an observer of events, and a mark in the
//! environment of all its processes.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::{
        Arc, LazyLock, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use protea_contracts::{
    FileDigest, content,
    emit::{Event, PROGRESS},
};
use protea_core::{
    Catalog, Dataset, Experiment, ExperimentError, FinishedRun, Isolation, Runner, SearchPath,
    Workspace, dataset,
    experiment::{Observer, Step},
    worker::{WorkerCommand, WorkerLimits, WorkerOptions},
};
use protea_e2e::{Place, built, zoo};
use serde_json::{Value, json};

/// The time limit of a dispatch of a runner that hangs.
pub const LIMIT: Duration = Duration::from_secs(4);
/// The time for anything else. A hundred times what it takes on an idle machine: the tests are about what
/// happens, not about how fast the machine is.
pub const AMPLE: Duration = Duration::from_secs(120);

/// The environment variable that marks all processes of a host.
pub const MARK: &str = "PROTEA_ZOO_HOST";

/// The catalog of the zoo.
pub fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> =
        LazyLock::new(|| Catalog::scan(&SearchPath::empty().with(zoo::directory())));
    &CATALOG
}

/// A host for one animal.
pub struct Host {
    place: Place,
    mark: String,
    options: WorkerOptions,
    heard: Arc<Heard>,
}

/// The events of an animal.
#[derive(Debug, Default)]
pub struct Heard {
    events: Mutex<Vec<(String, Option<String>)>>,
    bytes: AtomicU64,
    cancel_when_heard: AtomicBool,
    cancelled: AtomicBool,
}

impl Host {
    /// A host with this time limit for a dispatch, and the memory and open files of a small machine.
    pub fn new(limit: Duration) -> Self {
        static HOSTS: AtomicU64 = AtomicU64::new(0);
        let number = HOSTS.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{number}", process::id());
        let mut options = WorkerOptions::this_program().unwrap();
        options.command = WorkerCommand::new(
            // `env` becomes the worker, so the worker and its children have the mark.
            "/usr/bin/env",
            vec![
                format!("{MARK}={mark}"),
                built().join("protea").to_str().unwrap().to_owned(),
                options.command.arguments.concat(),
            ],
        );
        options.limits = WorkerLimits::default()
            .with_time(limit)
            .with_memory(1 << 30)
            .with_open_files(256)
            .with_output(256 << 20);
        let place = Place::new();
        freeze_dataset(&place.join("dataset"));
        Self {
            place,
            mark,
            options,
            heard: Arc::default(),
        }
    }

    /// The value of [`MARK`] in its processes.
    pub fn mark(&self) -> &str {
        &self.mark
    }

    /// Its directory.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Makes workers stay for `time` after an answer and count late events.
    pub fn lingers(mut self, time: Duration) -> Self {
        self.options.linger = time;
        self
    }

    /// Cancels the call at its first progress event.
    pub fn cancels(self) -> Self {
        self.heard.cancel_when_heard.store(true, Ordering::SeqCst);
        self
    }

    /// The events of the animal.
    pub fn heard(&self) -> &Heard {
        &self.heard
    }

    /// The isolation of dispatches.
    pub fn isolation(&self) -> Isolation {
        Isolation::worker(self.options.clone())
    }

    /// The dataset, for training and for scoring.
    pub fn dataset_directory(&self) -> PathBuf {
        self.place.join("dataset")
    }

    /// The dataset; an error if it has changed since it was frozen.
    pub fn dataset(&self) -> Result<Dataset, dataset::StageDatasetError> {
        dataset::stage(self.dataset_directory().to_str().unwrap())
    }

    /// Fits, evaluates and exports.
    pub fn run(&self, runner: &Runner) -> Result<FinishedRun, ExperimentError> {
        let workspace = Workspace::open(self.place.join("workspace")).unwrap();
        let dataset = self.dataset().unwrap();
        let observer: Arc<dyn Observer> = Arc::clone(&self.heard) as _;
        Experiment::new(runner, &workspace)
            .with_observer(observer)
            .fit_evaluate_export(&json!({}), &dataset, &dataset)
    }

    /// The manifest of the one run, and its log.
    pub fn record(&self) -> (Value, String) {
        record_below(&self.place.join("workspace")).expect("the run is on record")
    }

    /// Temporary files in its directory that should have been renamed.
    pub fn partial_files(&self) -> Vec<PathBuf> {
        let is_partial = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default();
            name.to_string_lossy().starts_with(".partial-")
        };
        let everything = below(self.place.path());
        everything.into_iter().filter(is_partial).collect()
    }
}

impl Observer for Heard {
    fn event(&self, _: Step, event: &Event<'_>) {
        let mut events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.push((event.name.to_owned(), event.message.map(str::to_owned)));
        self.bytes
            .fetch_add(event.fields.len() as u64, Ordering::Relaxed);
        if event.name == PROGRESS && self.cancel_when_heard.load(Ordering::SeqCst) {
            self.cancelled.store(true, Ordering::SeqCst);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }
}

impl Heard {
    /// How many events of this name there were.
    pub fn count(&self, name: &str) -> usize {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter(|(heard, _)| heard == name).count()
    }

    /// How many bytes of fields there were.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

/// The manifest and the log of the only run in a workspace, once it has begun.
pub fn record_below(workspace: &Path) -> Option<(Value, String)> {
    let manifest = below(workspace)
        .into_iter()
        .find(|path| path.ends_with("run_manifest.json"))?;
    let log = fs::read_to_string(manifest.with_file_name("logs").join("run.log")).ok()?;
    let manifest = serde_json::from_slice(&fs::read(manifest).ok()?).ok()?;
    Some((manifest, log))
}

/// Writes the smallest frozen dataset that a host accepts.
fn freeze_dataset(directory: &Path) {
    fs::create_dir_all(directory).unwrap();
    let proteins = "P12345 MKV\n";
    fs::write(directory.join("proteins.txt"), proteins).unwrap();
    let file = FileDigest {
        path: "proteins.txt".to_owned(),
        sha256: content::digest_bytes(proteins.as_bytes()),
        bytes: proteins.len() as u64,
    };
    let manifest = json!({ "name": "one-protein", "files": [file] });
    fs::write(directory.join("dataset.json"), manifest.to_string()).unwrap();
}

/// The files and directories below a directory.
pub fn below(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| {
            let path = entry.path();
            let inside = match path.is_dir() {
                true => below(&path),
                false => Vec::new(),
            };
            std::iter::once(path).chain(inside)
        })
        .collect()
}

/// The command lines of the running processes with this mark, in their environment or as their name.
pub fn marked(mark: &str) -> Vec<String> {
    let mark = format!("{MARK}={mark}");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|process| {
            ["environ", "cmdline"].iter().any(|file| {
                let words = fs::read(process.path().join(file)).unwrap_or_default();
                words
                    .split(|byte| *byte == 0)
                    .any(|word| word == mark.as_bytes())
            })
        })
        .map(|process| {
            let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&words).replace('\0', " ")
        })
        .collect()
}

/// Waits until a condition is true. Returns whether it became true in time.
pub fn comes_true(timeout: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + timeout;
    while !is_so() {
        if Instant::now() >= end {
            return false;
        }
        thread::sleep(Duration::from_millis(20));
    }
    true
}
