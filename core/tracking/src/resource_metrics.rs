//! Names of metrics that say what a run used, not how good its results are.
//!
//! They are ordinary metrics in the log. Adapters and pages keep them apart from the others.

/// The prefix of samples of the machine at intervals, such as `system/cpu_utilization_percentage`.
/// MLflow displays metrics of this prefix as system metrics, and the names are MLflow's.
pub const SYSTEM_METRICS: &str = "system/";

/// The prefix of what a step used, such as `step/fit/user_seconds`.
pub const STEP_METRICS: &str = "step/";

/// Whether a metric of this name says what a run used.
#[must_use]
pub fn is_resource_metric(name: &str) -> bool {
    name.starts_with(SYSTEM_METRICS) || name.starts_with(STEP_METRICS)
}
