//! What the operations share: the terms that were named, limits, and progress.

use std::{ops::ControlFlow, path::PathBuf};

use crate::{error::PredictionsError, names::Terms};

/// The memory for rows unless the caller says otherwise: 256 MiB.
const MEMORY: usize = 256 << 20;

/// The state of an operation.
pub struct Session<'w> {
    /// The names of the terms so far.
    pub terms: Terms,
    /// Bytes of rows that are kept in memory. More rows go to a temporary file.
    pub memory: usize,
    /// The directory of temporary files.
    pub scratch: PathBuf,
    /// Called with the number of rows that were read so far. `Break` cancels.
    watch: &'w dyn Fn(u64) -> ControlFlow<()>,
    rows: u64,
}

impl<'w> Session<'w> {
    /// A session with 256 MiB for rows and temporary files in the system's directory for them.
    #[must_use]
    pub fn new(watch: &'w dyn Fn(u64) -> ControlFlow<()>) -> Self {
        Self {
            terms: Terms::default(),
            memory: MEMORY,
            scratch: std::env::temp_dir(),
            watch,
            rows: 0,
        }
    }

    /// Counts rows and asks the caller whether to go on.
    pub(crate) fn advance(&mut self, rows: u64) -> Result<(), PredictionsError> {
        self.rows += rows;
        match (self.watch)(self.rows) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(PredictionsError::Cancelled),
        }
    }
}
