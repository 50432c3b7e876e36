//! The trait that an experiment runner implements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    descriptor::Descriptor,
    emit::Emitter,
    error::RunnerError,
    explanation::Explanation,
    metrics::MetricSchema,
    request::{EvaluateRequest, ExplainRequest, ExportRequest, FitRequest, PredictRequest},
    result::{EvalResult, ExportResult, PredictResult, RunResult},
};

/// A method under experiment: it trains on a dataset, is evaluated on another, and exports what it
/// has learned.
///
/// The host creates a new runner for every call, so a runner keeps no state between calls: `fit`
/// passes what it learns to `evaluate` and `export` through the model that it writes.
///
/// A panic in any method becomes an error of that call, with message and place. It never unwinds
/// into the host.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an experiment runner",
    label = "not an experiment runner",
    note = "export_runner! takes an expression that creates the runner, such as `MyRunner` or `MyRunner::default()`",
    note = "write `impl ExperimentRunner for {Self}` with `type Spec`, `fit`, `evaluate` and `export`"
)]
pub trait ExperimentRunner: Send + Sync + 'static {
    /// The settings that a user may choose.
    ///
    /// The host validates a spec against its JSON Schema before `fit`, and shows the schema to users. Declare it with [`spec!`](crate::spec).
    type Spec: Default + Serialize + DeserializeOwned + JsonSchema;

    /// The metrics that this runner returns, with direction and range.
    ///
    /// The default is the [CAFA schema](MetricSchema::cafa).
    fn metrics(&self) -> MetricSchema {
        MetricSchema::cafa()
    }

    /// The third-party programs that this runner starts.
    ///
    /// In a sandbox, a runner can start only these. The default is none.
    fn programs(&self) -> Vec<ProgramDeclaration> {
        Vec::new()
    }

    /// Whether [`fit`](Self::fit) saves its state in
    /// [`FitRequest::checkpoint_uri`](crate::FitRequest::checkpoint_uri) and continues from it. A fit
    /// that was interrupted at any point and continued must write the model of an uninterrupted one,
    /// byte for byte. A fit must start from the beginning if it finds a state that it cannot use. Since contract
    /// 1.2.0.
    fn checkpoints(&self) -> bool {
        false
    }

    /// Learns from `request.dataset_uri` and writes a model below `request.output_uri`.
    ///
    /// A method without a training step returns [`RunnerError::Unsupported`] with what to do
    /// instead. The host then writes a [reference model](crate::ReferenceModel).
    ///
    /// # Errors
    ///
    /// Any [`RunnerError`].
    fn fit(
        &self,
        request: &FitRequest<Self::Spec>,
        emit: &Emitter,
    ) -> Result<RunResult, RunnerError>;

    /// Predicts for the proteins of `request.eval_dataset_uri` with the model at
    /// `request.model_uri`, and scores the predictions.
    ///
    /// The model was written by `fit` or by `export`, or is a reference model.
    ///
    /// # Errors
    ///
    /// Any [`RunnerError`].
    fn evaluate(
        &self,
        request: &EvaluateRequest,
        emit: &Emitter,
    ) -> Result<EvalResult, RunnerError>;

    /// Writes the model at `request.model_uri` below `request.output_uri`, in a form that can be
    /// evaluated by another process on another machine.
    ///
    /// # Errors
    ///
    /// Any [`RunnerError`].
    fn export(&self, request: &ExportRequest, emit: &Emitter) -> Result<ExportResult, RunnerError>;

    /// Whether this runner implements [`explain`](Self::explain); hosts show it. Implement both or
    /// neither.
    fn explains(&self) -> bool {
        false
    }

    /// Explains the scores that `evaluate` computes for the protein `request.accession` with the
    /// model at `request.model_uri`: which neighbours, features or frequencies contributed, and how
    /// much. Since contract 1.1.0.
    ///
    /// The scores are those of `evaluate`, and can be
    /// [recomputed](crate::explanation::TermExplanation::reproduced) from their contributions.
    ///
    /// The default returns [`RunnerError::Unsupported`].
    ///
    /// # Errors
    ///
    /// Any [`RunnerError`]; [`RunnerError::NotFound`] for a protein that is not in the dataset or a
    /// term that is not in the ontology.
    fn explain(
        &self,
        _request: &ExplainRequest,
        _emit: &Emitter,
    ) -> Result<Explanation, RunnerError> {
        Err(RunnerError::unsupported(
            "explain",
            "this runner does not explain its scores; its author can implement `ExperimentRunner::explain`",
        ))
    }

    /// Whether this runner implements [`predict`](Self::predict); hosts show it. Implement both or
    /// neither.
    fn predicts(&self) -> bool {
        false
    }

    /// Whether [`predict`](Self::predict) understands
    /// [`PredictRequest::shard`](crate::PredictRequest) and `partials`, so that a host can split a large
    /// set of references over several machines. The predictions from all partial results must be
    /// those of one call, byte for byte. A call with a shard should keep in memory what grows with the
    /// shard, not with the references.
    fn splits_references(&self) -> bool {
        false
    }

    /// Predicts for the proteins of `request.dataset_uri`, which may have no annotations, with the
    /// model at `request.model_uri`, and writes the predictions below `request.output_uri`. Since
    /// contract 1.2.0.
    ///
    /// The scores of a protein are those that `evaluate` computes for it, and do not depend on the
    /// other proteins of the dataset or on their order.
    ///
    /// The default returns [`RunnerError::Unsupported`].
    ///
    /// # Errors
    ///
    /// Any [`RunnerError`].
    fn predict(
        &self,
        _request: &PredictRequest,
        _emit: &Emitter,
    ) -> Result<PredictResult, RunnerError> {
        Err(RunnerError::unsupported(
            "predict",
            "this runner does not predict for proteins without annotations; its author can implement `ExperimentRunner::predict`",
        ))
    }
}

/// A third-party program that a runner starts, found on the PATH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ProgramDeclaration {
    /// Its file name, such as `blastp`.
    pub name: String,
    /// Alternative file names, such as those of builds for some processors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_names: Vec<String>,
    /// The setting that needs it, such as `method: blast`.
    pub needed_for: String,
    /// How to get it, such as `apt-get install ncbi-blast+`.
    pub remedy: String,
}

/// How a loaded runner describes itself. A host asks for it once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Capabilities {
    /// The same as the descriptor in the file.
    pub descriptor: Descriptor,
    /// JSON Schema (draft 2020-12) of the spec.
    pub spec_schema: Value,
    /// The spec if the user sets nothing.
    pub spec_defaults: Value,
    /// The metrics it returns.
    pub metrics: MetricSchema,
    /// Whether it implements `explain`.
    #[serde(default)]
    pub explains: bool,
    /// Whether it implements `predict`.
    #[serde(default)]
    pub predicts: bool,
    /// Whether `predict` works on a part of the references.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub splits_references: bool,
    /// Whether `fit` saves its state and continues from it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checkpoints: bool,
    /// The third-party programs that it starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<ProgramDeclaration>,
}
