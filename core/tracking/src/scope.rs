//! A run as a scope: it ends when its closure returns.

use std::fmt;

use crate::{Run, RunStart, RunStatus, Tracker, TrackerError};

/// Executes `body` in a run of `tracker`. The run ends as `finished` if `body` returns a value, and
/// as `failed` if it returns an error, whose message is recorded, or panics.
///
/// ```
/// use protea_tracking::{Memory, RunStart, TrackerError};
///
/// let tracker = Memory::default();
/// let fmax = protea_tracking::run(&tracker, RunStart::new("knn"), |run| {
///     run.log_metrics(0, [("fmax", 0.544)])?;
///     Ok::<_, TrackerError>(0.544)
/// })?;
/// assert_eq!(fmax, 0.544);
/// # Ok::<(), TrackerError>(())
/// ```
///
/// # Errors
///
/// The error of `body`; [`TrackerError`] if the run cannot be started or ended.
pub fn run<T, E>(
    tracker: &dyn Tracker,
    start: RunStart,
    body: impl FnOnce(&Run) -> Result<T, E>,
) -> Result<T, E>
where
    E: From<TrackerError> + fmt::Display,
{
    let run = tracker.start_run(start)?;
    match body(&run) {
        Ok(value) => {
            run.finish(RunStatus::Finished)?;
            Ok(value)
        }
        Err(error) => {
            // The first error is the one that the caller needs.
            let _ = run.fail(&error.to_string());
            Err(error)
        }
    }
}
