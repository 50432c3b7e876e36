//! The messages between the suite and a probe: one JSON value per line, on a socket.

use std::{fmt, path::PathBuf};

use protea_core::{
    contracts::{Capabilities, Operation, OperationKind, RunnerError, abi::host::Panic},
    worker::WorkerLimits,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::process_state::{State, Usage};

/// What a probe has to do.
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
    /// Wait after the calls, so that running threads and late events show.
    pub settle: bool,
    /// Exit afterwards, as a program that returns from `main`.
    pub leave: bool,
    /// Count the threads during the calls.
    pub count_threads: bool,
    /// Begin no more calls after so many seconds of processor time, or four times as many in all.
    pub budget: Option<f64>,
    /// The limits of the process.
    pub limits: WorkerLimits,
}

/// How a library is opened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Opening {
    /// Once.
    Once,
    /// Several times, one after the other.
    Repeated(usize),
    /// From several threads at the same time.
    AtOnce(usize),
    /// After these other libraries, which stay open.
    After(Vec<PathBuf>),
}

/// A call of an operation, without the host's check of the spec.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Call {
    /// The operation.
    pub operation: OperationKind,
    /// The request, as JSON.
    pub request: Value,
}

impl Call {
    /// A call with this request.
    ///
    /// # Panics
    ///
    /// Never: the requests of the contract can all be written as JSON.
    #[must_use]
    pub fn new<O: Operation>(request: &O::Request) -> Self {
        Self {
            operation: O::KIND,
            request: serde_json::to_value(request).expect("a request is JSON"),
        }
    }

    /// The operation's name in the contract.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.operation.name()
    }
}

/// How the host's callback behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Manner {
    /// It accepts events.
    Listening,
    /// It cancels the call from the start.
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
    /// With something that the contract does not allow.
    Protocol(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Result(_) => write!(formatter, "ends with a result"),
            Self::Error(error) => write!(formatter, "ends with the error: {error}"),
            Self::Panicked(panic) => write!(formatter, "ends with a panic: {panic}"),
            Self::Protocol(message) => write!(formatter, "breaks the contract: {message}"),
        }
    }
}

/// What a probe reports about a call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The index of the call.
    pub call: usize,
    /// How it ended.
    pub outcome: Outcome,
    /// How long it took.
    pub seconds: f64,
    /// What the process used after it.
    pub usage: Usage,
    /// Events that reached the callback.
    pub events: u64,
    /// The bytes in their names, messages and fields.
    pub bytes: u64,
    /// The most threads that the process had during it.
    pub peak_threads: Option<u64>,
}

/// A line from the probe.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// The library is not open yet.
    Began(Usage, State),
    /// The library is open; how it describes itself each time that it was opened.
    Opened(Vec<Capabilities>, Usage, State),
    /// The library does not open.
    Refused(String),
    /// A call ended.
    Answered(Box<Answer>),
    /// All calls have ended.
    Finished(Last),
}

/// What a probe reports at its end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Last {
    /// What the process uses.
    pub usage: Usage,
    /// The state of the process.
    pub state: State,
    /// The number of events through emitters of calls that had ended.
    pub late: u64,
}
