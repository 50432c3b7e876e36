//! When to try again after a backend did not answer.

use std::time::Duration;

/// Delay before the first retry.
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// The longest delay between two retries.
const MAX_DELAY: Duration = Duration::from_secs(30);

/// The delays between retries. Each is twice the one before, up to a limit.
///
/// They are the same for every backend.
#[derive(Debug, Clone)]
pub(super) struct RetryDelay(Duration);

impl RetryDelay {
    /// The delays from the first one on.
    pub(super) fn new() -> Self {
        Self(FIRST_DELAY)
    }

    /// The delay before the next retry.
    pub(super) fn next(&mut self) -> Duration {
        let delay = self.0;
        self.0 = (delay * 2).min(MAX_DELAY);
        delay
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_half_a_minute() {
        let mut delays = RetryDelay::new();
        let seconds: Vec<f64> = (0..9).map(|_| delays.next().as_secs_f64()).collect();
        assert_eq!(seconds, [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]);
    }
}
