//! What a probe is told and what it says. One JSON value per line, on a socket.

use std::path::PathBuf;

use protea_core::{
    contracts::{
        Capabilities, EvaluateRequest, ExportRequest, FitRequest, RunnerError, abi::host::Panic,
    },
    worker::WorkerLimits,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a probe does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Task {
    /// The runner's library.
    pub library: PathBuf,
    /// How it is opened.
    pub opening: Opening,
    /// The calls.
    pub calls: Vec<Call>,
    /// All calls at the same time, each on a thread; otherwise one after the other.
    pub at_once: bool,
    /// How the host's callback behaves.
    pub manner: Manner,
    /// Stand still after the calls, so that what goes on can be seen.
    pub settle: bool,
    /// What the process may use.
    pub limits: WorkerLimits,
}

/// How a library is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opening {
    /// Once.
    Once,
    /// So many times, one after the other.
    Repeated(usize),
    /// From so many threads at the same time.
    AtOnce(usize),
    /// After these others, and with them kept open.
    After(Vec<PathBuf>),
}

/// A call.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// `fit`, without the host's check of the spec.
    Fit(FitRequest),
    /// `evaluate`.
    Evaluate(EvaluateRequest),
    /// `export`.
    Export(ExportRequest),
}

/// How the host's callback behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// It listens.
    Listening,
    /// It wants the call cancelled from the start.
    Refusing,
    /// It panics at every event.
    Panicking,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// With a result.
    Result(Value),
    /// With an error of the runner.
    Error(RunnerError),
    /// With a panic.
    Panicked(Panic),
    /// With what the contract does not allow.
    Protocol(String),
}

/// What the process uses. `None` where the system does not tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Memory of its own, in bytes.
    pub memory: Option<u64>,
    /// Open files.
    pub files: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Processor time so far, in hundredths of a second.
    pub ticks: Option<u64>,
}

/// What is known of a call after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Its place among the calls.
    pub call: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub seconds: f64,
    /// What the process uses after it.
    pub usage: Usage,
    /// Events that reached the callback.
    pub events: u64,
    /// Bytes in their names, messages and fields.
    pub bytes: u64,
}

/// A line from the probe.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// The library is open; what it says of itself, once per time that it was opened.
    Opened(Vec<Capabilities>, Usage),
    /// The library does not open.
    Refused(String),
    /// A call ended.
    Answered(Box<Answer>),
    /// All calls have ended, and some time has passed.
    Finished(Usage),
}
