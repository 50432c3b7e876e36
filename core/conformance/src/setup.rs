//! What a configuration means for the suite: datasets, limits and the spec, with their defaults.

use std::{path::Path, time::Duration};

use serde_json::Value;

use crate::{
    Config, FixtureError, Host,
    fixture::{Fixtures, Scratch},
    subject::Settings,
};

/// How long a call may take by default.
const TIME_LIMIT: Duration = Duration::from_secs(60);
/// How much memory a process that runs the runner's code may use by default, in bytes.
const MEMORY_LIMIT: u64 = 2 << 30;

/// The datasets that the configuration names, or the suite's own. Files of the suite are kept below
/// `keep`.
///
/// # Errors
///
/// When files cannot be written, or the named datasets cannot be used.
pub(crate) fn fixtures(config: &Config, keep: Option<&Path>) -> Result<Fixtures, FixtureError> {
    let scratch = Scratch::new(keep).map_err(|source| FixtureError::Keep {
        path: keep.map(Path::to_owned).unwrap_or_default(),
        source,
    })?;
    match &config.datasets {
        Some(given) => Fixtures::given(&given.train, &given.eval, scratch),
        None => Fixtures::synthetic(scratch),
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
