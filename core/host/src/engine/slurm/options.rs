//! What a user requests from Slurm.

use serde::{Deserialize, Serialize};

use super::super::documents::Resources;

/// Options of `sbatch` that the engine sets itself.
const OWN: [&str; 9] = [
    "array",
    "chdir",
    "dependency",
    "error",
    "job-name",
    "open-mode",
    "output",
    "parsable",
    "wrap",
];

/// What a user requests from Slurm: options of the engine, and options of `sbatch` that it passes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SlurmOptions {
    /// How many jobs of an array may run at the same time.
    #[serde(default)]
    pub throttle: Option<usize>,
    /// How many tasks one job executes, one after the other.
    #[serde(default)]
    pub per_index: Option<usize>,
    /// `time`, `mem` and `cpus-per-task`, which are raised for tasks that ran out of them.
    #[serde(default)]
    pub request: Resources,
    /// Options that are passed on, without the leading `--`.
    #[serde(default)]
    pub others: Vec<(String, Option<String>)>,
    /// Options of earlier submissions that are not used any more: those given with an empty value.
    #[serde(skip)]
    pub dropped: Vec<String>,
}

/// Why an option cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlurmOptionError {
    /// The engine sets it.
    #[error("{key} is set by protea and cannot be given")]
    Own {
        /// The option.
        key: String,
    },
    /// It is not the name of an option.
    #[error(
        "`{text}` is not KEY=VALUE with the name of a long option of sbatch, such as partition=short"
    )]
    Name {
        /// What was given.
        text: String,
    },
    /// Its value is invalid.
    #[error("{key}: `{value}` is not {expected}")]
    Value {
        /// The option.
        key: String,
        /// What was given.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl SlurmOptions {
    /// Reads `key=value` pairs. `throttle`, `per-index`, `time`, `mem` and `cpus-per-task` are
    /// understood; others are options of `sbatch`, with or without a value. `key=` drops the option of an
    /// earlier submission.
    ///
    /// # Errors
    ///
    /// [`SlurmOptionError`].
    pub fn parse<'t>(pairs: impl IntoIterator<Item = &'t str>) -> Result<Self, SlurmOptionError> {
        let mut options = Self::default();
        for pair in pairs {
            let (key, value) = match pair.split_once('=') {
                Some((key, value)) => (key, Some(value)),
                None => (pair, None),
            };
            let key = key.trim_start_matches("--");
            let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if key.is_empty() || !key.chars().all(is_name) {
                return Err(SlurmOptionError::Name {
                    text: pair.to_owned(),
                });
            }
            options.set(key, value)?;
        }
        Ok(options)
    }

    fn set(&mut self, key: &str, value: Option<&str>) -> Result<(), SlurmOptionError> {
        let invalid = |expected| SlurmOptionError::Value {
            key: key.to_owned(),
            value: value.unwrap_or_default().to_owned(),
            expected,
        };
        let given = value.unwrap_or_default();
        let number = || match given.parse::<usize>() {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => Err(invalid("a number from 1 on")),
        };
        if OWN.contains(&key) {
            return Err(SlurmOptionError::Own {
                key: key.to_owned(),
            });
        }
        self.unset(key);
        self.dropped.retain(|name| name != key);
        if value == Some("") {
            self.dropped.push(key.to_owned());
            return Ok(());
        }
        match key {
            "throttle" => self.throttle = number()?,
            "per-index" => self.per_index = number()?,
            "cpus-per-task" => self.request.cpus = number()?,
            "time" => {
                let expected = "a time such as 90, 2:30:00 or 1-12";
                self.request.seconds = Some(seconds(given).ok_or_else(|| invalid(expected))?);
            }
            "mem" => {
                let expected = "a size such as 4000, 500M or 16G";
                self.request.memory = Some(memory(given).ok_or_else(|| invalid(expected))?);
            }
            other => self
                .others
                .push((other.to_owned(), value.map(str::to_owned))),
        }
        Ok(())
    }

    /// Removes an option. False if there was none.
    fn unset(&mut self, key: &str) -> bool {
        match key {
            "throttle" => self.throttle.take().is_some(),
            "per-index" => self.per_index.take().is_some(),
            "cpus-per-task" => self.request.cpus.take().is_some(),
            "time" => self.request.seconds.take().is_some(),
            "mem" => self.request.memory.take().is_some(),
            other => {
                let before = self.others.len();
                self.others.retain(|(name, _)| name != other);
                self.others.len() < before
            }
        }
    }

    /// These options, with others that take precedence. The `dropped` of the result are those that it
    /// did not have.
    pub(super) fn with(mut self, other: &Self) -> Self {
        self.dropped.clear();
        for key in &other.dropped {
            if !self.unset(key) {
                self.dropped.push(key.clone());
            }
        }
        self.throttle = other.throttle.or(self.throttle);
        self.per_index = other.per_index.or(self.per_index);
        self.request.seconds = other.request.seconds.or(self.request.seconds);
        self.request.memory = other.request.memory.or(self.request.memory);
        self.request.cpus = other.request.cpus.or(self.request.cpus);
        for (key, value) in &other.others {
            self.others.retain(|(name, _)| name != key);
            self.others.push((key.clone(), value.clone()));
        }
        self
    }

    pub(super) fn names(&self, key: &str) -> bool {
        self.others.iter().any(|(name, _)| name == key)
    }

    /// The options that are passed on, as arguments.
    pub(super) fn passed(&self) -> impl Iterator<Item = String> {
        self.others.iter().map(|(key, value)| match value {
            Some(value) => format!("--{key}={value}"),
            None => format!("--{key}"),
        })
    }
}

/// A time of Slurm in seconds: `minutes`, `minutes:seconds`, `hours:minutes:seconds`, `days-hours`,
/// `days-hours:minutes` or `days-hours:minutes:seconds`.
pub(super) fn seconds(text: &str) -> Option<u64> {
    let number = |part: &str| part.parse::<u64>().ok();
    let (days, rest) = match text.split_once('-') {
        Some((days, rest)) => (Some(number(days)?), rest),
        None => (None, text),
    };
    let parts: Vec<u64> = rest.split(':').map(number).collect::<Option<_>>()?;
    let (hours, minutes, seconds) = match (days, parts.as_slice()) {
        (None, [minutes]) => (0, *minutes, 0),
        (None, [minutes, seconds]) => (0, *minutes, *seconds),
        (Some(_), [hours]) => (*hours, 0, 0),
        (Some(_), [hours, minutes]) => (*hours, *minutes, 0),
        (_, [hours, minutes, seconds]) => (*hours, *minutes, *seconds),
        _ => return None,
    };
    let hours = days.unwrap_or(0).checked_mul(24)?.checked_add(hours)?;
    let minutes = hours.checked_mul(60)?.checked_add(minutes)?;
    minutes.checked_mul(60)?.checked_add(seconds)
}

/// A size of Slurm in bytes. Without a unit it is in megabytes.
pub(super) fn memory(text: &str) -> Option<u64> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    // sacct writes `4Gc` and `4Gn`: for each core, or for the node.
    let shift = match text[digits.len()..].trim_end_matches(['c', 'n', 'B', 'b']) {
        "K" | "k" => 10,
        "" | "M" | "m" => 20,
        "G" | "g" => 30,
        "T" | "t" => 40,
        _ => return None,
    };
    let number: f64 = digits.parse().ok().filter(|number: &f64| *number >= 0.0)?;
    // Slurm writes fractions such as 1.50G; the product is far below 2^53 for real machines.
    Some((number * (1_u64 << shift) as f64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes_are_those_of_slurm() {
        for (text, expected) in [
            ("90", Some(5400)),
            ("2:30", Some(150)),
            ("2:30:00", Some(9000)),
            ("1-12", Some(129_600)),
            ("1-00:01", Some(86_460)),
            ("1-00:00:01", Some(86_401)),
            ("UNLIMITED", None),
            ("", None),
        ] {
            assert_eq!(seconds(text), expected, "{text}");
        }
        for (text, expected) in [
            ("4000", Some(4000 << 20)),
            ("500M", Some(500 << 20)),
            ("1.50G", Some(1536 << 20)),
            ("16Gn", Some(16 << 30)),
            ("much", None),
        ] {
            assert_eq!(memory(text), expected, "{text}");
        }
    }

    #[test]
    fn options_are_understood_passed_on_or_refused() {
        let parsed =
            SlurmOptions::parse(["partition=gpu", "time=1:00:00", "throttle=8", "exclusive"]);
        let options = parsed.unwrap();
        assert_eq!(
            (options.request.seconds, options.throttle),
            (Some(3600), Some(8))
        );
        let passed: Vec<String> = options.passed().collect();
        assert_eq!(passed, ["--partition=gpu", "--exclusive"]);
        let own = SlurmOptions::parse(["output=x"]).unwrap_err();
        assert_eq!(
            own.to_string(),
            "output is set by protea and cannot be given"
        );
        let kept = SlurmOptions::parse(["time=5", "partition=gpu", "throttle=8"]).unwrap();
        let given = SlurmOptions::parse(["mem=1G", "mem=", "partition=", "throttle=", "qos="]);
        let together = kept.with(&given.unwrap());
        assert_eq!(
            (
                together.request.seconds,
                together.throttle,
                &together.others[..]
            ),
            (Some(300), None, &[][..])
        );
        assert_eq!(together.dropped, ["mem", "qos"], "there were none");
        for wrong in ["time=soon", "throttle=0", "=", "a b=c"] {
            assert!(SlurmOptions::parse([wrong]).is_err(), "{wrong}");
        }
    }
}
