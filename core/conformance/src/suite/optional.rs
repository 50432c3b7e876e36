//! What the tests of all optional operations share: whether a runner declares what it supports.

use protea_core::{DispatchError, contracts::RunnerError};

use crate::{Checked, Verdict};

/// Compares what a runner `declares` about an optional operation with the answer to a call of it: a
/// runner that declares the operation supports it, and one that does not returns `Unsupported` with a
/// remedy. `operation` is the name of the function, such as `explain`.
pub(super) fn declared<T>(
    operation: &str,
    declares: bool,
    answer: Result<T, DispatchError>,
) -> Checked {
    let remedy = format!("implement both `{operation}s` and `{operation}`, or neither");
    match (declares, answer) {
        (true, Ok(_)) => Ok(Verdict::passed()),
        (false, Ok(_)) => Ok(Verdict::warning(format!(
            "`{operation}` works, but the runner does not declare it; {remedy}"
        ))),
        (false, Err(DispatchError::Runner(RunnerError::Unsupported { remedy, .. }))) => {
            match remedy.trim() {
                "" => Err(Verdict::failed(
                    "`Unsupported` says what to do instead",
                    "its remedy is empty",
                    "give it to `RunnerError::unsupported`",
                )),
                _ => Ok(Verdict::noted(format!("it does not {operation}"))),
            }
        }
        (true, Err(DispatchError::Runner(error @ RunnerError::Unsupported { .. }))) => {
            Err(Verdict::failed(
                format!("a runner that declares `{operation}` supports it"),
                error.to_string(),
                remedy,
            ))
        }
        (_, Err(error)) => Err(Verdict::from_dispatch(operation, &error)),
    }
}

/// Skips a test of an operation that the runner does not declare.
pub(super) fn only_if_declared(operation: &str, declares: bool) -> Result<(), Verdict> {
    if declares {
        Ok(())
    } else {
        Err(Verdict::skipped(format!("the runner does not {operation}")))
    }
}
