//! The runner whose methods the command knows by name.

/// The runner.
pub const BASELINE: &str = "baseline";
/// Its setting that chooses the method.
pub const METHOD: &str = "method";
/// The values of the setting that `benchmark --runners` takes as names.
pub const METHODS: [&str; 4] = ["naive", "blast", "diamond", "mmseqs"];
