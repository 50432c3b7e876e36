//! The trait that an experiment runner implements.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    Descriptor, Emitter, EvalResult, EvaluateRequest, ExplainRequest, Explanation, ExportRequest,
    ExportResult, FitRequest, MetricSchema, RunResult, RunnerError,
};

/// A method of an experiment: what it learns from a dataset, how well that does on another, and
/// what of it can be taken elsewhere.
///
/// The host makes a new runner for every call, so a runner keeps no state of its own: what `fit`
/// learns travels to `evaluate` and `export` through the model it writes.
///
/// A panic in any method becomes an error of that call, with its message and place; it never
/// reaches the host as a panic.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an experiment runner",
    label = "not an experiment runner",
    note = "export_runner! takes an expression that makes the runner, such as `MyRunner` or `MyRunner::default()`",
    note = "write `impl ExperimentRunner for {Self}` with `type Spec`, `fit`, `evaluate` and `export`"
)]
pub trait ExperimentRunner: Send + Sync + 'static {
    /// The settings a user may choose.
    ///
    /// Its JSON Schema is what the host checks a spec against before `fit`, and what
    /// `protea runners info` prints. Declare it with [`spec!`](crate::spec).
    type Spec: Default + Serialize + DeserializeOwned + JsonSchema;

    /// The metrics that this runner returns, with direction and range.
    ///
    /// The default is the [CAFA schema](MetricSchema::cafa).
    fn metrics(&self) -> MetricSchema {
        MetricSchema::cafa()
    }

    /// The programs of others that this runner starts.
    ///
    /// In a sandbox, a runner can start these and no others. The default is none.
    fn programs(&self) -> Vec<ProgramDeclaration> {
        Vec::new()
    }

    /// Learns from `request.dataset_uri` and writes a model below `request.output_uri`.
    ///
    /// A method without a training step answers [`RunnerError::Unsupported`] with what to do
    /// instead. The host then writes a [reference model](crate::ReferenceModel) in its stead.
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
    /// The model is one that `fit` wrote, one that `export` wrote, or a reference model.
    ///
    /// # Errors
    ///
    /// Any [`RunnerError`].
    fn evaluate(
        &self,
        request: &EvaluateRequest,
        emit: &Emitter,
    ) -> Result<EvalResult, RunnerError>;

    /// Writes the model at `request.model_uri` below `request.output_uri` in a form that another
    /// process, on another machine, can `evaluate`.
    ///
    /// # Errors
    ///
    /// Any [`RunnerError`].
    fn export(&self, request: &ExportRequest, emit: &Emitter) -> Result<ExportResult, RunnerError>;

    /// Whether [`explain`](Self::explain) answers; hosts show it. Implement both or neither.
    fn explains(&self) -> bool {
        false
    }

    /// Says where the scores come from that `evaluate` gives to the protein `request.accession`
    /// with the model at `request.model_uri`: which neighbours, features or frequencies made up
    /// each, and how much each of them counted. Since contract 1.1.0.
    ///
    /// The scores are those of `evaluate`, and their contributions
    /// [make them up](crate::explanation::TermExplanation::reproduced).
    ///
    /// The default answers [`RunnerError::Unsupported`].
    ///
    /// # Errors
    ///
    /// Any [`RunnerError`]; [`RunnerError::NotFound`] for a protein that the dataset does not have
    /// and a term that the ontology does not know.
    fn explain(
        &self,
        _request: &ExplainRequest,
        _emit: &Emitter,
    ) -> Result<Explanation, RunnerError> {
        Err(RunnerError::unsupported(
            "explain",
            "this runner does not say where its scores come from; `protea runners info` shows which runners do, and an author adds it with `ExperimentRunner::explain`",
        ))
    }
}

/// A program of others that a runner starts, found on the PATH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramDeclaration {
    /// Its file name, such as `blastp`.
    pub name: String,
    /// Other file names that it may have, such as those of builds for some processors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_names: Vec<String>,
    /// What needs it, such as `method: blast`.
    pub needed_for: String,
    /// How to get it, such as `apt-get install ncbi-blast+`.
    pub remedy: String,
}

/// What a loaded runner says of itself; a host asks for it once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capabilities {
    /// The same as the descriptor in the file.
    pub descriptor: Descriptor,
    /// JSON Schema (draft 2020-12) of the spec.
    pub spec_schema: Value,
    /// The spec when nothing is set.
    pub spec_defaults: Value,
    /// The metrics it returns.
    pub metrics: MetricSchema,
    /// Whether it says where its scores come from.
    #[serde(default)]
    pub explains: bool,
    /// The programs of others that it starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programs: Vec<ProgramDeclaration>,
}
