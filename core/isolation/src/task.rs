//! A call to be made in a worker, and the environment that it gets.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use protea_contracts::emit::{Event, EventSink, Level};

use super::{
    contained::contained, environment::Environment, options::WorkerOptions, protocol::WorkerCall,
};

/// The name of the event, a warning, that names environment variables that a runner in a sandbox
/// would get if they did not look like credentials.
pub const WITHHELD_VARIABLES: &str = "worker.withheld_variables";

/// A call to be made in a worker.
#[derive(Debug)]
pub struct Task<'a, Q> {
    /// The runner's library.
    pub library: &'a Path,
    /// What the SHA-256 of its file must be.
    pub sha256: protea_contracts::Sha256,
    /// Which call.
    pub call: WorkerCall,
    /// The request, sent to the worker as JSON.
    pub request: &'a Q,
    /// The directory that the output limit applies to.
    pub output: Option<PathBuf>,
    /// A directory that the call may also write to, and that outlives it. The output limit applies to it
    /// by itself.
    pub checkpoint: Option<PathBuf>,
    /// What the call reads, in a sandbox.
    pub reads: Vec<PathBuf>,
    /// The programs that it may start in a sandbox.
    pub executes: Vec<PathBuf>,
    /// The runner's name. In a sandbox, it gets the environment variables that begin with it.
    pub runner: &'a str,
    /// Other environment variables that it gets in a sandbox.
    pub variables: Vec<String>,
}

/// The environment of a worker in a sandbox. Tells the sink about variables that it withholds although
/// they were asked for. `None` for a worker without a sandbox, which can read the host's own.
pub(super) fn environment<Q>(
    task: &Task<'_, Q>,
    options: &WorkerOptions,
    sink: &Arc<dyn EventSink>,
) -> Option<Environment> {
    let mut environment = options.choose_environment(task.runner, &task.variables)?;
    if let Some(output) = &task.output {
        environment.set_temporary_directory(output);
    }
    if !environment.refused.is_empty() && contained(|| sink.level()) <= Some(Level::Warning) {
        let names = environment.refused.join(", ");
        let event = Event {
            name: WITHHELD_VARIABLES,
            message: Some(&format!(
                "the runner does not get the environment variables {names}: they look like credentials"
            )),
            fields: b"{}",
            level: Level::Warning,
        };
        contained(|| sink.receive(&event));
    }
    Some(environment)
}

/// The first path of a task that is not UTF-8.
pub(super) fn not_text<'t, Q>(task: &'t Task<'_, Q>) -> Option<&'t Path> {
    let written = task.output.iter().chain(&task.checkpoint);
    let others = task.reads.iter().chain(&task.executes).chain(written);
    std::iter::once(task.library)
        .chain(others.map(PathBuf::as_path))
        .find(|path| path.to_str().is_none())
}
