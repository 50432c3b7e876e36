//! What a call answered, read: the same for a runner in Rust and one in C.

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    module::{ERROR, OK, PANIC},
    panics::Panic,
};
use crate::{
    error::RunnerError,
    json::{MAX_DEPTH, is_deeper},
};

/// Why a call of a loaded runner has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The runner returned an error.
    #[error(transparent)]
    Runner(#[from] RunnerError),
    /// The runner panicked.
    #[error(transparent)]
    Panicked(#[from] Panic),
    /// The answer is not one that the contract allows.
    #[error("the runner broke the contract: {0}")]
    Protocol(String),
}

/// The result in an answer, or why there is none.
pub(super) fn decode<T: DeserializeOwned>(status: u8, body: &[u8]) -> Result<T, CallError> {
    match status {
        OK => read(body, "result"),
        ERROR => Err(runner_error(body)?.into()),
        PANIC => Err(read::<Panic>(body, "panic")?.into()),
        other => Err(CallError::Protocol(format!(
            "it answered with the unknown status {other}"
        ))),
    }
}

fn read<T: DeserializeOwned>(body: &[u8], what: &str) -> Result<T, CallError> {
    if is_deeper(body, MAX_DEPTH) {
        return Err(CallError::Protocol(format!(
            "its {what} is nested more than {MAX_DEPTH} levels deep"
        )));
    }
    serde_json::from_slice(body)
        .map_err(|error| CallError::Protocol(format!("its {what} cannot be read: {error}")))
}

/// The runner's error. One of a kind that only a newer contract has is shown as
/// [`RunnerError::Failed`].
fn runner_error(body: &[u8]) -> Result<RunnerError, CallError> {
    serde_json::from_slice(body).or_else(|error| {
        let value: Value = serde_json::from_slice(body).unwrap_or_default();
        match (value["kind"].as_str(), value["message"].as_str()) {
            (Some(kind), Some(message)) => Ok(RunnerError::failed(format!("{kind}: {message}"))),
            _ => Err(CallError::Protocol(format!(
                "its error cannot be read: {error}"
            ))),
        }
    })
}
