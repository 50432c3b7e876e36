//! What a configuration means for the suite: datasets, limits and the spec, with their defaults.

use std::time::Duration;

use serde_json::Value;

use crate::{Config, FixtureError, Host, fixture::Fixtures, subject::Settings};

/// How long a call may take by default.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// How much memory a process that runs the runner's code may use by default, in bytes.
const MEMORY_LIMIT: u64 = 2 << 30;

/// The datasets that the configuration names, or the suite's own.
///
/// # Errors
///
/// When temporary files cannot be written, or the named datasets cannot be used.
pub(crate) fn fixtures(config: &Config) -> Result<Fixtures, FixtureError> {
    match &config.datasets {
        Some(given) => Fixtures::given(given.train.clone(), given.eval.clone()),
        None => Fixtures::synthetic(),
    }
}

/// The settings of the configuration, with defaults for the others.
pub(crate) fn settings(host: Host, config: &Config) -> Settings {
    Settings {
        host,
        time_limit: config
            .time_limit
            .map_or(TIME_LIMIT, Duration::from_secs_f64),
        memory_limit: config.memory_limit.map_or(MEMORY_LIMIT, |mib| mib << 20),
        spec: config.spec.clone().map_or(Value::Null, Value::Object),
    }
}
