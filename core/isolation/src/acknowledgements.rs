//! The worker's side of acknowledgements: how many events the host has handled.

use std::sync::{Condvar, Mutex, PoisonError};

/// How many of the events that a worker waits for the host has handled.
pub(super) struct Acknowledgements {
    are_sent: bool,
    handled: Mutex<u64>,
    changed: Condvar,
}

impl Acknowledgements {
    /// `are_sent`: whether the host sends acknowledgements.
    pub(super) fn new(are_sent: bool) -> Self {
        Self {
            are_sent,
            handled: Mutex::new(0),
            changed: Condvar::new(),
        }
    }

    pub(super) const fn are_sent(&self) -> bool {
        self.are_sent
    }

    /// The payload of a message of the host: the number of events that it has handled.
    pub(super) fn arrived(&self, payload: &[u8]) {
        let Ok(number) = payload.try_into().map(u64::from_le_bytes) else {
            return;
        };
        let mut handled = self.handled.lock().unwrap_or_else(PoisonError::into_inner);
        *handled = number.max(*handled);
        drop(handled);
        self.changed.notify_all();
    }

    /// Waits until the host has handled the event with this number, counted from 1.
    pub(super) fn wait_for(&self, number: u64) {
        let handled = self.handled.lock().unwrap_or_else(PoisonError::into_inner);
        // If the host is gone, the thread that listens ends this process.
        let _handled = self
            .changed
            .wait_while(handled, |handled| *handled < number)
            .unwrap_or_else(PoisonError::into_inner);
    }
}
