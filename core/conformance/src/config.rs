//! `conformance.toml`: limits, datasets, the spec, and tests to skip.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Test;

/// The usual name of the file.
pub const FILE_NAME: &str = "conformance.toml";

/// The content of `conformance.toml`. Every setting is optional; an unknown setting is an error.
///
/// ```
/// let config = protea_conformance::Config::parse(r#"
///     time-limit = 120              # seconds per call
///     memory-limit = 4096           # MiB per process that runs the runner's code
///
///     [datasets]                    # for runners of another field than proteins
///     train = "data/train"
///     eval = "data/eval"
///
///     [spec]                        # instead of the runner's defaults
///     k = 3
///
///     [skip]                        # tests to skip, each with the reason
///     "science/shuffled-labels" = "scores structures, which the suite's proteins do not have"
/// "#)?;
/// assert_eq!(config.skip.len(), 1);
/// # Ok::<(), protea_conformance::ConfigError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[non_exhaustive]
pub struct Config {
    /// How long a call may take, in seconds. Loading the runner and ending its process count as calls.
    pub time_limit: Option<f64>,
    /// How much memory a process that runs the runner's code may use, in MiB.
    pub memory_limit: Option<u64>,
    /// The datasets, instead of the suite's own. They are copied for every test, so use small ones.
    pub datasets: Option<Datasets>,
    /// The settings to fit with, instead of the runner's defaults.
    pub spec: Option<Map<String, Value>>,
    /// Tests to skip, each with the reason.
    pub skip: BTreeMap<String, String>,
}

/// Frozen datasets. Paths are relative to the file that names them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Datasets {
    /// The dataset for `fit`.
    pub train: PathBuf,
    /// The dataset for `evaluate`.
    pub eval: PathBuf,
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not TOML, or has an unknown setting.
    #[error("{place}: {message}")]
    Parse {
        /// The file, or `the configuration`.
        place: String,
        /// Line, column and what is wrong there.
        message: String,
    },
    /// It skips a test that does not exist.
    #[error("[skip] names the test {0:?}, which does not exist")]
    UnknownTest(String),
    /// It skips a test without a reason.
    #[error("[skip] gives no reason for {0:?}; say why the test is skipped")]
    NoReason(String),
    /// A limit is out of range.
    #[error("{name} is {value}; give a number above 0 and below 1000000000")]
    Limit {
        /// The limit.
        name: &'static str,
        /// Its value.
        value: String,
    },
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read or is not valid.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        let mut config = Self::parse(&text).map_err(|error| match error {
            ConfigError::Parse { message, .. } => ConfigError::Parse {
                place: path.display().to_string(),
                message,
            },
            error => error,
        })?;
        if let (Some(datasets), Some(directory)) = (&mut config.datasets, path.parent()) {
            datasets.train = directory.join(&datasets.train);
            datasets.eval = directory.join(&datasets.eval);
        }
        Ok(config)
    }

    /// Parses a configuration.
    ///
    /// # Errors
    ///
    /// When it is not TOML, has unknown settings or tests, or a limit is out of range.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        let config: Self = toml::from_str(text).map_err(|error| ConfigError::Parse {
            place: "the configuration".to_owned(),
            message: error.to_string().trim().to_owned(),
        })?;
        if let Some(name) = config.skip.keys().find(|name| Test::named(name).is_none()) {
            return Err(ConfigError::UnknownTest(name.clone()));
        }
        let is_empty = |reason: &String| reason.trim().is_empty();
        if let Some((name, _)) = config.skip.iter().find(|(_, reason)| is_empty(reason)) {
            return Err(ConfigError::NoReason(name.clone()));
        }
        if let Some(seconds) = config.time_limit
            && !(seconds > 0.0 && seconds < 1e9)
        {
            return Err(ConfigError::Limit {
                name: "time-limit",
                value: seconds.to_string(),
            });
        }
        if let Some(mebibytes) = config.memory_limit
            && !(1..1_000_000_000).contains(&mebibytes)
        {
            return Err(ConfigError::Limit {
                name: "memory-limit",
                value: mebibytes.to_string(),
            });
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_settings_and_tests_are_named_in_errors() {
        let message = |text: &str| Config::parse(text).unwrap_err().to_string();
        assert!(message("time_limit = 5").contains("time_limit"));
        assert!(message("[datasets]\ntrain = 'a'\neval = 'b'\ntest = 'c'").contains("test"));
        assert!(message("[skip]\n'load/twise' = 'x'").contains("load/twise"));
        assert!(message("time-limit = 0").contains("above 0"));
        assert!(message("time-limit = 9223372036854775807").contains("below 1000000000"));
        assert!(message("memory-limit = 9223372036854775807").contains("below 1000000000"));
        assert!(message("[skip]\n'load/twice' = ' '").contains("no reason for \"load/twice\""));
        assert!(message("time-limit = [").contains("line 1"));
    }
}
