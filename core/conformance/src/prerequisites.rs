//! The names of the tests that others cannot do without.

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
