//! Reports the progress of a comparison.

use std::ops::ControlFlow;

use crate::error::DatasetError;

/// Number of proteins between two reports.
const REPORT_EVERY: usize = 4096;

/// Reports every [`REPORT_EVERY`] proteins. Returns [`DatasetError::Cancelled`] if `watch` returns
/// `Break`.
pub(super) fn report(
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
