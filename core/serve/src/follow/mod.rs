//! Follows files that another process writes: event logs and run logs. Every read is bounded, and what
//! is not understood is counted.

mod metrics;
mod tail;

pub use metrics::MetricLog;
pub use tail::Tail;
