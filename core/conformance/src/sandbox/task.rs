//! What a probe is told and what it says. One JSON value per line, on a socket.

use std::{fmt, path::PathBuf};

use protea_core::{
    contracts::{Capabilities, Operation, OperationKind, RunnerError, abi::host::Panic},
    worker::WorkerLimits,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::process_state::{State, Usage};

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
    /// End the process afterwards as a program ends that returns from `main`.
    pub leave: bool,
    /// Count the threads during the calls.
    pub count_threads: bool,
    /// Begin no more calls after so many seconds.
    pub budget: Option<f64>,
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
    /// The most threads that the process was seen to have during it.
    pub peak_threads: Option<u64>,
}

/// A line from the probe.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// Nothing has happened yet.
    Began(Usage, State),
    /// The library is open; what it says of itself, once per time that it was opened.
    Opened(Vec<Capabilities>, Usage, State),
    /// The library does not open.
    Refused(String),
    /// A call ended.
    Answered(Box<Answer>),
    /// All calls have ended, and some time has passed.
    Finished(Last),
}

/// What is known at the end.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Last {
    /// What the process uses.
    pub usage: Usage,
    /// How things are.
    pub state: State,
    /// Events that came by the emitter of a call that had ended.
    pub late: u64,
}
