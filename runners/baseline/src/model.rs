//! The document that `fit` writes.

use protea_cafa::calibration::Calibration;
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
    /// The same after calibration, if the spec asks for it: the scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calibrated: Option<TermFrequencies>,
    /// The database that an alignment method searches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) database: Option<Database>,
    /// Turns the scores of an alignment method into probabilities, if the spec asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calibration: Option<Calibration>,
}

impl Model {
    /// Reads and checks the model that a request names.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when it cannot be read, or its frequencies or calibration are missing or
    /// invalid.
    pub(crate) fn read(request: &impl HasModel) -> Result<Self, RunnerError> {
        let model: Self = request.read_model()?;
        let invalid = |problem: &str| {
            Err(RunnerError::Model {
                message: format!("{problem}; fit again"),
            })
        };
        let frequencies = [&model.frequencies, &model.calibrated];
        if frequencies.into_iter().flatten().any(|it| !it.is_valid()) {
            return invalid("a frequency in the model is not within 0 and 1");
        }
        match &model.calibration {
            Some(calibration) if !calibration.is_valid() => invalid(
                "the calibration of the model is not an increasing function from scores to probabilities",
            ),
            None if model.spec.calibrate && model.calibrated.is_none() => {
                invalid("the setting calibrate is on, but the model has no calibration")
            }
            _ => Ok(model),
        }
    }
}
