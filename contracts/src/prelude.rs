//! Everything that a runner's author needs, in one `use`.

pub use crate::{
    Attribute, Bundle, Checkpoint, Emitter, EvalResult, EvaluateRequest, ExperimentRunner,
    ExplainRequest, Explanation, ExportRequest, ExportResult, FitRequest, HasDataset, HasModel,
    Level, LibraryDeclaration, MetricSchema, Metrics, PredictRequest, PredictResult,
    ProgramDeclaration, ReferenceModel, RunResult, RunnerError, RunnerResult, Signal, StageEvent,
    explanation::{Combination, Contribution, TermExplanation},
    export_runner,
    metrics::{Direction, MetricDeclaration},
    spec,
};
pub use schemars::{self, JsonSchema};
pub use serde::{self, Deserialize, Serialize};
pub use serde_json::{self, json};
