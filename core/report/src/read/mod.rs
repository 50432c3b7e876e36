//! Reads what the directory of a run holds: tables, the end of the log, manifests of steps. Anybody
//! may have written it, so every read is bounded and a problem is a sentence for the page.

mod log;
mod steps;
mod table;

pub use log::log_end;
pub use steps::steps;
pub use table::TextTable;
