//! Backends are fed from the event log: live by a background thread, or later by a sync.
//!
//! In the directory of a run's log there is one file per backend, the [`Cursor`](crate::Cursor) `<backend>.json`:
//! which place the run goes to, and which events it has. Feeding holds the lock `<backend>.lock`,
//! so that only one of a live process and any number of syncs sends. Events that were sent after
//! the last update of the cursor are sent again; adapters are idempotent (see
//! [`Tracker`](crate::Tracker)).

mod feeder;
mod lock;
mod log_first;
mod missing;
mod retry;
mod run_feed;
mod sync;

pub use feeder::Feeder;
pub use log_first::LogFirst;
pub use missing::{RefusedEvents, Undelivered};
pub use sync::{IfMissing, Synced, recover_run, sync_run};
