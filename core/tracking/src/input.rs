//! A dataset that a run reads.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A dataset that a run reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DatasetInput {
    /// Its name.
    pub name: String,
    /// A hash of its content, as text.
    pub digest: String,
    /// Where it is: a URI or an absolute path, without credentials.
    pub source: String,
    /// What it is used for, such as `training`.
    #[serde(default)]
    pub context: String,
    /// Its size, in the units of its field.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub profile: Map<String, Value>,
}

impl DatasetInput {
    /// A dataset with this name, hash and place.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        digest: impl Into<String>,
        source: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            digest: digest.into(),
            source: source.into(),
            context: String::new(),
            profile: Map::new(),
        }
    }

    /// Sets what it is used for.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.context = context.into();
        self
    }

    /// Adds a size, such as the number of proteins.
    #[must_use]
    pub fn with_profile(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.profile.insert(name.into(), value.into());
        self
    }
}
