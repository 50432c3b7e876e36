//! What a backend does not have of a run that ended.

use std::path::PathBuf;

use crate::Refusal;

/// A run that ended and that a backend does not have completely.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Undelivered {
    /// The run's log.
    pub log: PathBuf,
    /// The backend's name.
    pub backend: &'static str,
    /// Why it could not be sent; none if there was not enough time.
    pub reason: Option<String>,
}

/// What a backend refused of a run that ended and that it has otherwise.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedEvents {
    /// The run's log.
    pub log: PathBuf,
    /// The backend's name.
    pub backend: &'static str,
    /// The events, at most the first hundred.
    pub refused: Vec<Refusal>,
    /// How many events were refused.
    pub events: u64,
}
