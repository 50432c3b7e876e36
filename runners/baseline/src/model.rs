//! The document that `fit` writes.

use protea_contracts::prelude::*;

use crate::{align::Database, naive::TermFrequencies, spec::BaselineSpec};

/// The model: the settings, and the result of the method's training.
#[derive(Debug, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde", deny_unknown_fields)]
pub(crate) struct Model {
    pub(crate) spec: BaselineSpec,
    /// The frequencies that `naive` counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) frequencies: Option<TermFrequencies>,
    /// The database that an alignment method searches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<Database>,
}
