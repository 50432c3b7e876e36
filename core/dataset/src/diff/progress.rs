//! Telling a watcher how far a comparison is.

use std::ops::ControlFlow;

use crate::error::DatasetError;

/// Between two calls of a watcher.
const REPORT_EVERY: usize = 4096;

/// Tells it now and then; it may end the work.
pub(super) fn tell(
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    done: usize,
    total: usize,
) -> Result<(), DatasetError> {
    if !done.is_multiple_of(REPORT_EVERY) {
        return Ok(());
    }
    match watch(done, total) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DatasetError::Cancelled),
    }
}
