//! What commands need before they run something: the runner, its isolation, the datasets, the
//! workspace. What they print afterwards is in [`run_report`](super::run_report).

use std::{path::Path, sync::Arc};

use protea_core::{
    Catalog, CatalogError, Dataset, Experiment, ExperimentError, Isolation, ResolvedSpec, Runner,
    SearchPath, StageDatasetError, Workspace,
    catalog::Lock,
    dataset,
    experiment::{Delegation, ModelRecord, Reuse, check_model},
};
use serde_json::Value;
use tracing::{debug, info_span};
use url::Url;

use super::tracking::Tracked;
use crate::{
    args::{ExecutionArgs, IsolationArgs, IsolationMode, LockArgs, LogFrom, ManyArgs, RunnerArgs},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Reporter, display_path},
    progress_observer::ProgressObserver,
    scratch::scratch_directory,
    spec,
    transfers::open_store,
};

/// The runners on the search path that the arguments describe.
pub fn catalog(args: &RunnerArgs) -> Catalog {
    let path = args
        .directories
        .iter()
        .fold(SearchPath::standard(), SearchPath::with);
    let catalog = Catalog::scan(&path);
    if args.allow_insecure_dir {
        catalog.allowing_insecure()
    } else {
        catalog
    }
}

/// The runners that may be dispatched: those on the search path, and with `--locked` only the
/// pinned ones.
pub fn trusted(args: &RunnerArgs, lock: &LockArgs) -> Result<Catalog, Failure> {
    if !lock.locked {
        return Ok(catalog(args));
    }
    // Read first: without a lock file there is no point in searching.
    let lock = Lock::read(&lock.lock_file).map_err(CatalogError::Locked)?;
    Ok(catalog(args).locked(lock))
}

/// Where a runner's code runs, and its limits there.
#[cfg(unix)]
pub fn isolation(args: &IsolationArgs) -> Result<Isolation, Failure> {
    use protea_core::worker::Sandbox;

    use crate::args::SandboxMode;

    if args.isolation == IsolationMode::InProcess {
        return in_process(args);
    }
    let mut options = worker_options()?;
    options.limits.time = args.time_limit;
    options.limits.output = args.output_limit;
    options.limits.memory = args.memory_limit.or(options.limits.memory);
    options.sandbox = match args.sandbox {
        None => Sandbox::Off,
        Some(SandboxMode::WherePossible) => Sandbox::WherePossible,
        Some(SandboxMode::Strict) => Sandbox::Strict,
    };
    options.environment.clone_from(&args.sandbox_env);
    Ok(Isolation::worker(options))
}

#[cfg(unix)]
fn worker_options() -> Result<protea_core::worker::WorkerOptions, Failure> {
    protea_core::worker::WorkerOptions::this_program()
        .map(|options| options.with_grace(interrupt::RUNNER_GRACE))
        .map_err(|error| Failure::new(Exit::Failed, format!("cannot start a worker: {error}")))
}

/// A worker with a time limit for each step; on systems without workers, this process.
#[cfg(unix)]
pub fn in_worker(time_limit: std::time::Duration) -> Result<Isolation, Failure> {
    let mut options = worker_options()?;
    options.limits.time = Some(time_limit);
    Ok(Isolation::worker(options))
}

/// A worker with a time limit for each step; on systems without workers, this process.
#[cfg(not(unix))]
pub fn in_worker(_: std::time::Duration) -> Result<Isolation, Failure> {
    Ok(Isolation::InProcess)
}

/// Where a runner's code runs, and its limits there.
#[cfg(not(unix))]
pub fn isolation(args: &IsolationArgs) -> Result<Isolation, Failure> {
    if args.isolation == IsolationMode::Worker {
        return Err(Failure::new(
            Exit::Usage,
            "--isolation worker is not supported on this system; use --isolation in-process",
        ));
    }
    in_process(args)
}

fn in_process(args: &IsolationArgs) -> Result<Isolation, Failure> {
    let workers_only: Vec<&str> = [
        ("--time-limit", args.time_limit.is_some()),
        ("--memory-limit", args.memory_limit.is_some()),
        ("--output-limit", args.output_limit.is_some()),
        ("--sandbox", args.sandbox.is_some()),
    ]
    .into_iter()
    .filter_map(|(option, given)| given.then_some(option))
    .collect();
    if workers_only.is_empty() {
        return Ok(Isolation::InProcess);
    }
    Err(Failure::new(
        Exit::Usage,
        format!(
            "--isolation in-process does not support {}; leave out {}, or use --isolation worker",
            workers_only.join(" and "),
            if workers_only.len() == 1 {
                "this option"
            } else {
                "these options"
            },
        ),
    ))
}

/// A loaded runner and the arguments of its runs.
pub struct Session<'a> {
    runner: Runner,
    args: &'a ExecutionArgs,
    reporter: &'a Reporter,
}

impl<'a> Session<'a> {
    /// Loads the runner. From now on the first Ctrl-C cancels instead of ending the process.
    pub fn begin(
        runner: &str,
        args: &'a ExecutionArgs,
        reporter: &'a Reporter,
    ) -> Result<Self, Failure> {
        let isolation = isolation(&args.isolation)?;
        let entry = trusted(&args.runners, &args.lock)?.find(runner)?;
        let runner = Runner::load(&entry, &isolation)?;
        debug!(runner = runner.name(), "runner loaded");
        interrupt::cooperate(reporter);
        Ok(Self {
            runner,
            args,
            reporter,
        })
    }

    /// The runner.
    pub fn runner(&self) -> &Runner {
        &self.runner
    }

    /// Resolves a spec, so that an invalid one is refused before any work is done.
    pub fn resolve_spec(&self, spec: &Value) -> Result<ResolvedSpec, Failure> {
        self.runner
            .resolve_spec(spec)
            .map_err(|error| spec::explained(error.into(), spec))
    }

    /// Fetches a dataset if it is remote, and checks it against its manifest.
    pub fn dataset(&self, location: &str) -> Result<Dataset, Failure> {
        dataset(location, self.reporter)
    }

    /// The dataset that the user names for a model that refers to one.
    pub fn dataset_of_model(&self, location: Option<&str>) -> Result<Option<Dataset>, Failure> {
        location.map(|location| self.dataset(location)).transpose()
    }

    /// Runs `action` with an experiment in the workspace, tracked as the arguments say.
    pub fn experiment<T>(
        &self,
        action: impl FnOnce(&Experiment) -> Result<T, ExperimentError>,
    ) -> Result<T, Failure> {
        experiment_with(&self.runner, self.args, self.reporter, action)
    }
}

/// Fetches a dataset if it is remote, and checks it against its manifest.
pub fn dataset(location: &str, reporter: &Reporter) -> Result<Dataset, Failure> {
    dataset_called(location, location, reporter)
}

/// As [`dataset()`], with another name in the progress.
pub fn dataset_called(location: &str, name: &str, reporter: &Reporter) -> Result<Dataset, Failure> {
    if !location.contains("://") {
        reporter.start(&format!("checking {name}"));
    }
    let staged = open_store(reporter)
        .map_err(StageDatasetError::from)
        .and_then(|store| dataset::stage_from(location, &store));
    reporter.abandon();
    fail_if_cancelled()?;
    Ok(staged?)
}

/// The location of a dataset's directory on this machine. A path that a string cannot hold becomes
/// a `file://` URI, which escapes the bytes that are not UTF-8.
pub fn location_of(directory: &Path) -> String {
    let is_plain = |text: &str| !text.contains(char::is_control);
    let absolute = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    match Url::from_file_path(&absolute) {
        Ok(uri) if !absolute.to_str().is_some_and(is_plain) => uri.into(),
        _ => display_path(directory),
    }
}

/// Runs `action` with an experiment in the workspace, tracked as the arguments say.
pub fn experiment_with<T>(
    runner: &Runner,
    args: &ExecutionArgs,
    reporter: &Reporter,
    action: impl FnOnce(&Experiment) -> Result<T, ExperimentError>,
) -> Result<T, Failure> {
    fail_if_cancelled()?;
    let _span = info_span!("experiment", runner = runner.name()).entered();
    if let Some(delegation) = args.delegation.as_ref().filter(|it| it.is_survey()) {
        return survey(runner, args, delegation, action);
    }
    check_name(&args.workspace.workspace)?;
    let workspace = Workspace::open(&args.workspace.workspace)?;
    for reason in workspace.unclosed() {
        reporter.warn(reason);
    }
    let tracked = Tracked::begin(&args.tracking, &workspace)?;
    let experiment = Experiment::new(runner, &workspace)
        .with_seed(args.seed)
        .with_threads(args.threads)
        .with_tracking(tracked.tracking())
        .with_recording(args.recording())
        .with_observer(ProgressObserver::new(
            reporter,
            args.log_level.map(LogFrom::level),
        ));
    let experiment = match &args.delegation {
        Some(delegation) => experiment.with_delegation(Arc::clone(delegation)),
        None => experiment,
    };
    let finished = tracked.run(experiment, action);
    reporter.abandon();
    tracked.deliver(reporter);
    Ok(finished?)
}

/// Fails before anything is made if the workspace is a dataset, or if manifests cannot name it.
fn check_name(workspace: &Path) -> Result<(), Failure> {
    if workspace.join(dataset::MANIFEST).is_file() {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "{} is a frozen dataset, which is never changed; give another directory with --workspace",
                display_path(workspace)
            ),
        ));
    }
    let absolute = std::path::absolute(workspace).unwrap_or_else(|_| workspace.to_owned());
    if absolute.to_str().is_some() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Output,
        format!(
            "the path of the workspace {} is not UTF-8, and the manifests of runs are; give another with --workspace",
            display_path(workspace)
        ),
    ))
}

/// Runs `action` with an experiment that plans. What it records is thrown away.
fn survey<T>(
    runner: &Runner,
    args: &ExecutionArgs,
    delegation: &Arc<Delegation>,
    action: impl FnOnce(&Experiment) -> Result<T, ExperimentError>,
) -> Result<T, Failure> {
    let scratch = scratch_directory("protea-plan-")?;
    let workspace = Workspace::open(scratch.path())?;
    // An option of tracking that cannot be used is refused now.
    Tracked::begin(&args.tracking, &workspace)?;
    let experiment = Experiment::new(runner, &workspace)
        .with_seed(args.seed)
        .with_threads(args.threads)
        .with_delegation(Arc::clone(delegation));
    let finished = action(&experiment);
    fail_if_cancelled()?;
    Ok(finished?)
}

/// The experiment with the options of searches and cross-validations: how many runs at once, and
/// whether earlier results are reused.
pub fn with_many_options(experiment: &Experiment, args: &ManyArgs) -> Experiment {
    experiment
        .clone()
        .with_jobs(usize::from(args.jobs))
        .with_reuse(if args.recompute {
            Reuse::Nothing
        } else {
            Reuse::FinishedRuns
        })
}

/// Runs `action` of a search or a cross-validation. If the user cancels it, the message says what repeating
/// the command reuses.
pub fn resumable<T>(
    args: &ManyArgs,
    parts: &str,
    action: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    action().map_err(|failure| {
        let is_reused = interrupt::requested() && !args.recompute;
        failure.with_remedy(
            is_reused
                .then(|| format!("repeat the command to continue: it reuses the finished {parts}")),
        )
    })
}

/// The experiment with the dataset that the user named for the model.
pub fn with_dataset_of_model(experiment: &Experiment, dataset: Option<Dataset>) -> Experiment {
    let experiment = experiment.clone();
    match dataset {
        Some(dataset) => experiment.with_dataset_of_model(dataset),
        None => experiment,
    }
}

/// Fails if the user has cancelled.
pub fn fail_if_cancelled() -> Result<(), Failure> {
    if interrupt::requested() {
        Err(Failure::cancelled())
    } else {
        Ok(())
    }
}

/// Fails if the files of a model are not those on record, and says if there is no record of them.
pub fn check_record(uri: &Url, name: &str, reporter: &Reporter) -> Result<(), Failure> {
    if check_model(uri)? == ModelRecord::NoHashes {
        reporter.note(&format!(
            "{name} has no hashes of its model's files, because an earlier version of protea wrote it; the files \
             were not compared"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_is_its_own_location() {
        assert_eq!(location_of(Path::new("/data/train")), "/data/train");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_path_that_is_not_utf8_keeps_its_bytes() {
        use std::os::unix::ffi::OsStrExt;

        let path = Path::new(std::ffi::OsStr::from_bytes(b"/data/\xff train\n"));
        let uri = protea_core::store::locate(&location_of(path)).unwrap();
        assert_eq!(protea_core::store::local_path(&uri).unwrap(), path);
    }
}
