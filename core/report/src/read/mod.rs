//! Reads what the directory of a run holds: tables, the end of the log, samples of the machine, manifests of steps. Anybody
//! may have written it, so every read is bounded and a problem is a sentence for the page.

mod log;
mod samples;
mod steps;
mod table;

pub use log::log_end;
pub use samples::{Samples, samples};
pub use steps::steps;
pub use table::TextTable;
