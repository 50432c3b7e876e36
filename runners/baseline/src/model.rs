//! The document that `fit` writes.

use protea_contracts::prelude::*;

use crate::{align::Database, naive::TermFrequencies, spec::BaselineSpec};

/// The model: the settings, and what the method learnt.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde", deny_unknown_fields)]
pub struct Model {
    /// The settings.
    pub spec: BaselineSpec,
    /// What `naive` counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequencies: Option<TermFrequencies>,
    /// What the alignment methods search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
}
