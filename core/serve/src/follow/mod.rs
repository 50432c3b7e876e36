//! Follows files that another process writes: event logs and run logs. Every read is bounded, and invalid
//! lines are counted.

mod metrics;
mod tail;

pub use metrics::MetricLog;
pub use tail::Tail;
