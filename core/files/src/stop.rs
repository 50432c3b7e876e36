//! Ends long work when its caller wants it to end.

use std::{
    io::{self, Read},
    path::PathBuf,
};

use crate::FilesError;

/// Says whether work should end: the user cancelled, or its time is over. Asked between pieces of
/// work that take some milliseconds.
pub trait Stop {
    /// Whether to stop.
    fn should_stop(&self) -> bool;
}

/// Never stops.
#[derive(Debug, Clone, Copy, Default)]
pub struct Never;

impl Stop for Never {
    fn should_stop(&self) -> bool {
        false
    }
}

impl<F: Fn() -> bool> Stop for F {
    fn should_stop(&self) -> bool {
        self()
    }
}

/// A reader that fails with [`FilesError::Stopped`], as an [`io::Error`], once it should stop.
pub struct Stoppable<'s, R> {
    inner: R,
    path: PathBuf,
    stop: &'s dyn Stop,
}

impl<'s, R: Read> Stoppable<'s, R> {
    /// Reads from `inner`, which is the file at `path`.
    pub fn new(inner: R, path: impl Into<PathBuf>, stop: &'s dyn Stop) -> Self {
        Self {
            inner,
            path: path.into(),
            stop,
        }
    }
}

impl<R: Read> Read for Stoppable<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.stop.should_stop() {
            let path = self.path.clone();
            return Err(FilesError::Stopped { path }.into());
        }
        self.inner.read(buffer)
    }
}
