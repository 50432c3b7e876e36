//! What run, fit, evaluate and export have in common: the runner, the datasets, the workspace, and
//! what is said of the run afterwards.

use std::path::Path;

use protea_core::{
    Catalog, CatalogError, Dataset, DatasetError, Experiment, ExperimentError, FinishedRun,
    Isolation, Runner, SearchPath, Workspace, catalog::Lock, dataset, experiment::GroupedRun,
    store, workspace::RUN_MANIFEST,
};
use serde_json::{Value, json};
use url::Url;

use super::tracking::Tracked;
use crate::{
    args::{ExecutionArgs, IsolationArgs, LockArgs, LogFrom, ManyArgs, Place, RunnerArgs},
    exit::Exit,
    failure::Failure,
    interrupt,
    output::{Lines, Reporter, relative_to, scores, shown},
    transfers::store as store_of,
    watch::Watch,
};

/// The runners on the search path that the arguments make.
pub fn catalog(args: &RunnerArgs) -> Catalog {
    let path = args
        .directories
        .iter()
        .fold(SearchPath::standard(), SearchPath::with);
    let catalog = Catalog::scan(&path);
    match args.allow_insecure_dir {
        true => catalog.allowing_insecure(),
        false => catalog,
    }
}

/// The runners that may be dispatched: on the search path, and pinned where that is asked for.
pub fn trusted(args: &RunnerArgs, lock: &LockArgs) -> Result<Catalog, Failure> {
    // A lock file that is not there is said before anything is searched.
    let lock = lock.locked.then(|| Lock::read(&lock.lock_file)).transpose();
    Ok(match lock.map_err(CatalogError::Locked)? {
        Some(lock) => catalog(args).locked(lock),
        None => catalog(args),
    })
}

/// Where a runner's code runs, as the arguments say.
#[cfg(unix)]
pub fn isolation(args: &IsolationArgs) -> Result<Isolation, Failure> {
    use protea_core::worker::Sandbox;

    use crate::args::Walls;

    if args.isolation == Place::InProcess {
        return in_process(args);
    }
    let mut options = worker_options()?;
    options.limits.time = args.time_limit;
    options.limits.output = args.output_limit;
    options.limits.memory = args.memory_limit.or(options.limits.memory);
    options.sandbox = match args.sandbox {
        None => Sandbox::Off,
        Some(Walls::WherePossible) => Sandbox::WherePossible,
        Some(Walls::Strict) => Sandbox::Strict,
    };
    Ok(Isolation::Worker(Box::new(options)))
}

#[cfg(unix)]
fn worker_options() -> Result<protea_core::worker::WorkerOptions, Failure> {
    protea_core::worker::WorkerOptions::this_program()
        .map_err(|error| Failure::new(Exit::Failed, format!("a worker cannot be started: {error}")))
}

/// A worker, where the system has them, that may take so long for a step.
#[cfg(unix)]
pub fn in_worker(time: std::time::Duration) -> Result<Isolation, Failure> {
    let mut options = worker_options()?;
    options.limits.time = Some(time);
    Ok(Isolation::Worker(Box::new(options)))
}

/// A worker, where the system has them, that may take so long for a step.
#[cfg(not(unix))]
pub fn in_worker(_: std::time::Duration) -> Result<Isolation, Failure> {
    Ok(Isolation::InProcess)
}

/// Where a runner's code runs, as the arguments say.
#[cfg(not(unix))]
pub fn isolation(args: &IsolationArgs) -> Result<Isolation, Failure> {
    if args.isolation == Place::Worker {
        return Err(Failure::new(
            Exit::Usage,
            "this system has no workers; use --isolation in-process",
        ));
    }
    in_process(args)
}

fn in_process(args: &IsolationArgs) -> Result<Isolation, Failure> {
    if args.time_limit.is_some() || args.memory_limit.is_some() || args.output_limit.is_some() {
        return Err(Failure::new(
            Exit::Usage,
            "limits need a worker to impose them on; leave them out or use --isolation worker",
        ));
    }
    if args.sandbox.is_some() {
        return Err(Failure::new(
            Exit::Usage,
            "a sandbox needs a worker to enclose; leave it out or use --isolation worker",
        ));
    }
    Ok(Isolation::InProcess)
}

/// A loaded runner and where its runs go.
pub struct Session<'a> {
    runner: Runner,
    args: &'a ExecutionArgs,
    reporter: &'a Reporter,
}

impl<'a> Session<'a> {
    /// Loads the runner. From here on the first Ctrl-C asks it to end.
    pub fn begin(
        runner: &str,
        args: &'a ExecutionArgs,
        reporter: &'a Reporter,
    ) -> Result<Self, Failure> {
        let isolation = isolation(&args.isolation)?;
        let entry = trusted(&args.runners, &args.lock)?.find(runner)?;
        let runner = Runner::load(&entry, &isolation)?;
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

    /// Checks a spec before anything is read or written.
    pub fn check_spec(&self, spec: &Value) -> Result<(), Failure> {
        self.runner.resolve_spec(spec)?;
        Ok(())
    }

    /// Checks a dataset against its manifest.
    pub fn dataset(&self, location: &str) -> Result<Dataset, Failure> {
        dataset(location, self.reporter)
    }

    /// Does one thing with an experiment in the workspace, tracked as the arguments say.
    pub fn experiment<T>(
        &self,
        act: impl FnOnce(&Experiment<'_>) -> Result<T, ExperimentError>,
    ) -> Result<T, Failure> {
        experiment_with(&self.runner, self.args, self.reporter, act)
    }
}

/// Brings a dataset here, where it lies elsewhere, and checks it against its manifest.
pub fn dataset(location: &str, reporter: &Reporter) -> Result<Dataset, Failure> {
    if !location.contains("://") {
        reporter.start(&format!("checking {location}"));
    }
    let staged = store_of(reporter)
        .map_err(DatasetError::from)
        .and_then(|store| dataset::stage_from(location, &store));
    reporter.abandon();
    ended_by_user()?;
    Ok(staged?)
}

/// Does one thing with an experiment in the workspace, tracked as the arguments say.
pub fn experiment_with<T>(
    runner: &Runner,
    args: &ExecutionArgs,
    reporter: &Reporter,
    act: impl FnOnce(&Experiment<'_>) -> Result<T, ExperimentError>,
) -> Result<T, Failure> {
    ended_by_user()?;
    let workspace = Workspace::open(&args.workspace.workspace)?;
    for reason in workspace.unclosed() {
        reporter.warn(reason);
    }
    let tracked = Tracked::begin(&args.tracking, &workspace)?;
    let experiment = Experiment::new(runner, &workspace)
        .with_seed(args.seed)
        .with_threads(args.threads)
        .with_tracking(tracked.tracking())
        .with_observer(Watch::new(reporter, args.log_level.map(LogFrom::level)));
    let finished = tracked.run(experiment, act);
    reporter.abandon();
    tracked.deliver(reporter);
    Ok(finished?)
}

/// The experiment that does so many runs at once, and takes over what it may.
pub fn many<'e>(experiment: &Experiment<'e>, args: &ManyArgs) -> Experiment<'e> {
    experiment
        .clone()
        .with_jobs(usize::from(args.jobs))
        .recomputing(args.recompute)
}

/// Fails if the user asked for the end.
pub fn ended_by_user() -> Result<(), Failure> {
    if interrupt::requested() {
        Err(Failure::cancelled())
    } else {
        Ok(())
    }
}

/// The URI of a model; on this machine, of one that is there.
pub fn model(location: &str) -> Result<Url, Failure> {
    let uri = store::locate(location)?;
    if uri.scheme() != "file" {
        // Fetched when it is needed.
        return Ok(uri);
    }
    let path = store::local_path(&uri)?;
    if path.exists() {
        return Ok(uri);
    }
    Err(Failure::new(
        Exit::Input,
        format!(
            "there is no model at {}; give the URI that `protea fit` printed, its path, or an \
             exported directory",
            path.display()
        ),
    ))
}

/// The object that `--json` prints of a run.
pub fn run_json(runner: &Runner, run: &FinishedRun) -> Value {
    let manifest = &run.manifest;
    json!({
        "run_id": manifest.run_id,
        "job_id": manifest.job_id,
        "runner": manifest.runner.as_ref().map(|runner| &runner.name),
        "runner_version": manifest.runner.as_ref().map(|runner| &runner.version),
        "pipeline": manifest.pipeline,
        "status": manifest.status,
        "spec": manifest.spec,
        "seed": manifest.seed,
        "datasets": manifest.datasets,
        "model_uri": manifest.model_uri,
        "metrics": manifest.metrics,
        "placeholder": runner.capabilities().metrics.placeholder,
        "steps": manifest.steps,
        "artifacts": {
            "directory": manifest.artifacts.directory,
            "manifest": run.directory.join(RUN_MANIFEST),
            "predictions": manifest.artifacts.predictions,
            "export": manifest.artifacts.export,
        },
    })
}

/// What `--json` prints of any run that groups others.
pub fn grouped_json<T>(run: &GroupedRun<T>) -> Value {
    let manifest = &run.manifest;
    json!({
        "run_id": manifest.run_id,
        "job_id": manifest.job_id,
        "runner": manifest.runner.as_ref().map(|runner| &runner.name),
        "runner_version": manifest.runner.as_ref().map(|runner| &runner.version),
        "pipeline": manifest.pipeline,
        "status": manifest.status,
        "seed": manifest.seed,
        "artifacts": {
            "directory": run.directory,
            "manifest": run.directory.join(RUN_MANIFEST),
        },
    })
}

/// The scores of a run, for people.
pub fn score_table(runner: &Runner, run: &FinishedRun) -> String {
    scores(&runner.capabilities().metrics, &run.manifest.metrics)
}

/// Where everything was written, for people: the run's directory, and what is where in it.
pub fn places(run: &FinishedRun) -> String {
    let manifest = &run.manifest;
    let place = |path: &Path| match path.starts_with(&run.directory) {
        true => relative_to(&run.directory, path),
        false => shown(path),
    };
    let place_of = |uri: &Url| match store::local_path(uri) {
        Ok(path) => place(&path),
        Err(_) => uri.to_string(),
    };
    let mut lines = Lines::default();
    lines.add("run", shown(&run.directory));
    if let Some(model) = &manifest.model_uri {
        lines.add("  model", place_of(model));
    }
    if let Some(predictions) = &manifest.artifacts.predictions {
        lines.add("  predictions", place(predictions));
    }
    let exported = &manifest.artifacts.export;
    if let Some(directory) = exported.first().and_then(|file| file.uri.join(".").ok()) {
        let files = match exported.len() {
            1 => "1 file".to_owned(),
            several => format!("{several} files"),
        };
        lines.add("  export", format!("{} ({files})", place_of(&directory)));
    }
    lines.add("  manifest", RUN_MANIFEST);
    lines.to_string()
}
