//! Predicates on errors, for the table.

use protea_core::{DispatchError, worker::WorkerError};

use super::host::LIMIT;

const SIGABRT: i32 = 6;
const SIGSEGV: i32 = 11;

pub fn crashed(error: &DispatchError) -> bool {
    matches!(error, DispatchError::Worker(WorkerError::Crashed { signal, .. }) if *signal == SIGSEGV)
}

pub fn aborted(error: &DispatchError) -> bool {
    matches!(error, DispatchError::Worker(WorkerError::Crashed { signal, .. }) if *signal == SIGABRT)
}

pub fn exited(error: &DispatchError) -> bool {
    matches!(error, DispatchError::Worker(WorkerError::Exited { code, .. }) if *code == 7)
}

pub fn timed_out(error: &DispatchError) -> bool {
    matches!(error, DispatchError::Worker(WorkerError::TimedOut { limit }) if *limit == LIMIT)
}

pub fn panicked(error: &DispatchError) -> bool {
    matches!(error, DispatchError::Panicked(_))
}

pub fn not_opened(error: &DispatchError) -> bool {
    matches!(error, DispatchError::Worker(WorkerError::Open(_)))
}

pub fn protocol(error: &DispatchError) -> bool {
    matches!(error, DispatchError::Protocol(_))
}

pub fn out_of_memory(error: &DispatchError) -> bool {
    matches!(error, DispatchError::Worker(WorkerError::OutOfMemory { limit: Some(limit), .. }) if *limit == 1 << 30)
}

pub fn metrics(error: &DispatchError) -> bool {
    matches!(error, DispatchError::Metrics(_))
}

pub fn output(error: &DispatchError) -> bool {
    matches!(error, DispatchError::Output(_))
}
