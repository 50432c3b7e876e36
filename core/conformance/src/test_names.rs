//! Names of the tests that report a failure on behalf of others.
//!
//! When such a test fails, the tests that need the same step are skipped and name it.

pub(crate) const READABLE: &str = "descriptor/readable";
pub(crate) const AGREES: &str = "descriptor/agrees";
pub(crate) const OPENS: &str = "load/opens";
pub(crate) const DEFAULTS: &str = "spec/defaults";
pub(crate) const FIT: &str = "lifecycle/fit";
pub(crate) const EVALUATE: &str = "lifecycle/evaluate";
pub(crate) const EXPORT: &str = "lifecycle/export";
pub(crate) const METRICS: &str = "results/metrics";
pub(crate) const DETERMINISTIC: &str = "determinism/evaluate";
pub(crate) const REPEATED: &str = "isolation/repeated";

/// All of them; the suite checks that each exists.
#[cfg(test)]
pub(crate) const ALL: [&str; 10] = [
    READABLE,
    AGREES,
    OPENS,
    DEFAULTS,
    FIT,
    EVALUATE,
    EXPORT,
    METRICS,
    DETERMINISTIC,
    REPEATED,
];
