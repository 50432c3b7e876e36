//! Progress of a report, and its cancellation.

use std::ops::ControlFlow;

/// Gets the name of a step, how much of it is done, and the total; breaks to cancel.
type Report<'p> = dyn FnMut(&'static str, usize, usize) -> ControlFlow<()> + 'p;

/// Receives the progress of a report.
pub struct Progress<'p> {
    report: &'p mut Report<'p>,
}

impl<'p> Progress<'p> {
    /// Reports to a callback: what is done, how much of it is done, and the total. If it breaks, the
    /// report ends.
    pub fn new(report: &'p mut Report<'p>) -> Self {
        Self { report }
    }

    /// Reports a step.
    pub(crate) fn tell(
        &mut self,
        what: &'static str,
        done: usize,
        total: usize,
    ) -> ControlFlow<()> {
        (self.report)(what, done, total)
    }

    /// Reports the start of a step.
    ///
    /// # Errors
    ///
    /// [`Cancelled`].
    pub(crate) fn start(&mut self, what: &'static str) -> Result<(), Cancelled> {
        match self.tell(what, 0, 0) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(Cancelled),
        }
    }
}

/// The user cancelled the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cancelled;

impl std::fmt::Display for Cancelled {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("the report was cancelled")
    }
}

impl std::error::Error for Cancelled {}
