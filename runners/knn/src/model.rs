//! The document that `fit` or the host writes.

use std::path::Path;

use protea_cafa::calibration::Calibration;
use protea_contracts::prelude::*;

use crate::{checks::check_resolved, spec::KnnSpec};

/// A reference model, with the calibration of its scores if the spec asks for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde")]
pub(crate) struct Model {
    /// The settings and the references.
    #[serde(flatten)]
    pub(crate) reference: ReferenceModel<KnnSpec>,
    /// Turns scores into probabilities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) calibration: Option<Calibration>,
}

impl Model {
    /// Reads and checks the model that a request names.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Model`] when it cannot be read, lacks the settings of its preset, or its
    /// calibration is missing or invalid.
    pub(crate) fn read(request: &impl HasModel) -> Result<Self, RunnerError> {
        let model: Self = request.read_model()?;
        let path: &Path = &request.model_path()?;
        let spec = &model.reference.spec;
        check_resolved(spec, path)?;
        let invalid = |problem: &str| {
            Err(RunnerError::Model {
                message: format!("{}: {problem}; fit again", path.display()),
            })
        };
        match &model.calibration {
            None if spec.calibrate => {
                invalid("the setting calibrate is on, but the model has no calibration")
            }
            Some(calibration) if !calibration.is_valid() => invalid(
                "its calibration is not an increasing function from scores to probabilities",
            ),
            _ => Ok(model),
        }
    }
}
