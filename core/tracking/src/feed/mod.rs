//! Backends are fed from the event log: live by a background thread, or later by a sync.
//!
//! Beside a run's log stands one file per backend, `<backend>.json`: where the run goes, and how
//! far it got. Feeding holds the lock `<backend>.lock`, so that of a live process and any number
//! of syncs only one sends. What was sent but not yet noted is sent again, which an adapter must
//! bear (see [`Tracker`](crate::Tracker)).

mod cursor;
mod feeder;
mod log_first;
mod run_feed;
mod sync;

pub use cursor::{Cursor, Refusal};
pub use feeder::{Feeder, Undelivered};
pub use log_first::LogFirst;
pub use sync::{Synced, cursors, sync_run};
