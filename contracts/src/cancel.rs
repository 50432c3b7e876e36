//! The time that a cancelled runner has.

use std::time::Duration;

/// A runner must return within this time after the host cancels the call. Until then a host does not
/// kill it.
pub const CANCEL_WITHIN: Duration = Duration::from_secs(1);
