//! The ids of jobs.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// signac's id of a job: the MD5 of its state point, 32 lower-case hexadecimal digits.
///
/// Parsing checks the digits. Reading JSON does not: a workspace that signac or an older protea wrote
/// stays readable.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(String);

/// Why a string is not the id of a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a job id; give 32 lower-case hexadecimal digits")]
pub struct InvalidJobId(String);

impl JobId {
    /// The id that is the name of a job's directory.
    pub(super) fn from_name(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The id as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == 32 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidJobId(text.to_owned()))
        }
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<str> for JobId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_32_lower_case_hexadecimal_digits() {
        let text = "9bfd29df07674bc4aa960cf661b5acd2";
        let id: JobId = text.parse().unwrap();
        assert_eq!((id.as_str(), id.to_string().as_str()), (text, text));
        assert_eq!(serde_json::to_string(&id).unwrap(), format!("\"{text}\""));
        for wrong in [
            "",
            "9bfd29df",
            &text.to_uppercase(),
            &text.replace('9', "/"),
        ] {
            let error = wrong.parse::<JobId>().unwrap_err();
            assert!(error.to_string().contains("32"), "{error}");
        }
    }
}
