//! The ids of runs.

use std::{borrow::Borrow, fmt, ops::Deref, path::Path};

use serde::{Deserialize, Serialize};

/// The id of a run: unique in the directory of its log, and the same in every backend. 1 to 128 ASCII
/// letters, digits, `-`, `_` and `.`, not beginning with a dot: it names a directory.
///
/// Making one from a string, or reading JSON, does not check these rules, so that a list can also
/// show the runs that other programs have recorded. [`RunStart::check`](crate::RunStart::check) does:
/// no run starts with an invalid id.
///
/// ```
/// use protea_tracking::{RunId, RunStart};
///
/// let id = RunId::from("20261129T150316Z-knn-8c7ad4");
/// assert!(id.ends_with("8c7ad4"));
/// assert!(RunStart::new("knn").with_id(id).check().is_ok());
/// assert!(RunStart::new("knn").with_id("../other").check().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// The id as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The rule that the id breaks, if any.
    pub(crate) fn broken_rule(&self) -> Option<&'static str> {
        let is_valid = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if self.is_empty() {
            Some("it is empty")
        } else if self.len() > 128 {
            Some("it is longer than 128 characters")
        } else if self.starts_with('.') {
            Some("it begins with a dot")
        } else if !self.bytes().all(is_valid) {
            Some("only ASCII letters, digits, `-`, `_` and `.` are allowed")
        } else {
            None
        }
    }
}

impl From<String> for RunId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl From<&str> for RunId {
    fn from(id: &str) -> Self {
        Self(id.to_owned())
    }
}

impl From<&Self> for RunId {
    fn from(id: &Self) -> Self {
        id.clone()
    }
}

impl Deref for RunId {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for RunId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// The directory that the id names.
impl AsRef<Path> for RunId {
    fn as_ref(&self) -> &Path {
        self.0.as_ref()
    }
}

impl Borrow<str> for RunId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for RunId {
    fn eq(&self, id: &str) -> bool {
        self.0 == id
    }
}

impl PartialEq<&str> for RunId {
    fn eq(&self, id: &&str) -> bool {
        self.0 == *id
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}
