//! What a runner is asked to do.

/// What a runner is asked to do: a lifecycle step of a run, or a question about one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Learning.
    Fit,
    /// Predicting and scoring.
    Evaluate,
    /// Writing out the model.
    Export,
    /// Explaining scores. Not a step of a run.
    Explain,
    /// Predicting for proteins without annotations. Not a step of a run.
    Predict,
}

impl Step {
    /// The name of the operation.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fit => "fit",
            Self::Evaluate => "evaluate",
            Self::Export => "export",
            Self::Explain => "explain",
            Self::Predict => "predict",
        }
    }
}
