//! The contract between protea and its experiment runners, and the kit for writing a runner.
//!
//! A *runner* is a shared library that can [`fit`](ExperimentRunner::fit) a method on a frozen
//! dataset, [`evaluate`](ExperimentRunner::evaluate) it on another, and
//! [`export`](ExperimentRunner::export) what it has learned. It may also
//! [`predict`](ExperimentRunner::predict) for proteins without annotations and
//! [`explain`](ExperimentRunner::explain) its scores. An author implements one safe trait and passes
//! a value of it to [`export_runner!`]; the foreign-function interface stays hidden.
//!
//! ```
//! use protea_contracts::prelude::*;
//!
//! spec! {
//!     /// The settings that a user may choose.
//!     #[derive(Default)]
//!     pub struct Spec {
//!         /// Added to every score.
//!         bonus: f64,
//!     }
//! }
//!
//! pub struct Constant;
//!
//! impl ExperimentRunner for Constant {
//!     type Spec = Spec;
//!
//!     fn fit(&self, request: &FitRequest<Spec>, emit: &Emitter) -> Result<RunResult, RunnerError> {
//!         emit.info("runner.constant.fit_start", &json!({ "bonus": request.spec.bonus }));
//!         let model_uri = request.write_model(&request.spec)?;
//!         Ok(RunResult::new(model_uri).with_metric("loss", 0.0))
//!     }
//!
//!     fn evaluate(&self, request: &EvaluateRequest, _: &Emitter) -> Result<EvalResult, RunnerError> {
//!         let spec: Spec = request.read_model()?;
//!         Ok(EvalResult::default().with_metric("bonus", spec.bonus))
//!     }
//!
//!     fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
//!         let spec: Spec = request.read_model()?;
//!         request.bundle(&spec)?.finish()
//!     }
//! }
//!
//! export_runner!(Constant, name: "constant");
//! # fn main() {}
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`runner`] | the trait |
//! | [`operation`] | each operation described once: request, response, name, first version |
//! | [`request`], [`result`], [`error`] | what a call takes, what it returns, and how it fails |
//! | [`explanation`] | where a score comes from |
//! | [`emit`], [`event`] | events, progress and metrics during a call; cancellation |
//! | [`metrics`] | the CAFA metric names, their schema, flattening for trackers |
//! | [`checkpoint`] | the state of an unfinished `fit` |
//! | [`model`], [`bundle`] | reading and writing models; what `export` writes |
//! | [`content`] | files identified by their SHA-256 |
//! | [`library`] | third-party shared libraries that a runner opens |
//! | [`mod@conformance`] | the conformance suite as a test of a runner's crate |
//! | [`descriptor`], [`version`] | what a host knows of a runner without running it; the version check |
//! | [`abi`] | the stable boundary, and all of this crate's `unsafe` |
//!
//! # Versions
//!
//! The version of this crate is the version of the contract, [`CONTRACT_VERSION`]. A host accepts
//! every runner of its own major version.
//!
//! | part | meaning | examples |
//! |---|---|---|
//! | major | Something that crosses the boundary was removed, renamed, moved, retyped or made required. Runners must be rebuilt. | a required request field; a function that is not the last of its table |
//! | minor | Something was added that the other side may lack. Runners and hosts of all minor versions work together. | a field with a default; an operation; a kind of error; a function at the end of a table |
//! | patch | Nothing that crosses the boundary changed. | documentation, messages, helpers for authors |
//!
//! - An older host ignores fields that it does not know, and shows an error of an unknown kind as
//!   [`RunnerError::Failed`].
//! - An operation that a runner is too old for is answered with [`RunnerError::Unsupported`],
//!   without calling the runner.
//! - `tests/recorded` holds the JSON schemas of all requests, responses, events and errors, the
//!   layout of the root module and the C declarations. A test compares them with the code and says
//!   which part of the version a change needs.
//!
//! The Rust API follows the same numbers: within a major version, the source of a runner that imports
//! the [`prelude`] keeps compiling.

pub mod abi;
pub mod bundle;
mod cancel;
pub mod checkpoint;
pub mod conformance;
pub mod content;
pub mod descriptor;
pub mod emit;
pub mod error;
pub mod event;
pub mod explanation;
mod export;
mod host_sink;
pub mod json;
pub mod library;
pub mod metrics;
pub mod model;
pub mod operation;
pub mod prelude;
#[cfg(test)]
mod recorded;
pub mod request;
pub mod result;
pub mod runner;
mod sha256;
mod uri;
pub mod version;

pub use bundle::Bundle;
pub use checkpoint::Checkpoint;
pub use content::FileDigest;
pub use descriptor::Descriptor;
pub use emit::Emitter;
pub use error::{Attribute, RunnerError, RunnerResult};
pub use event::{Level, MetricEvent, ProgressEvent, Signal, StageEvent};
pub use explanation::Explanation;
pub use library::LibraryDeclaration;
pub use metrics::{MetricSchema, Metrics};
pub use model::ReferenceModel;
pub use operation::{Evaluate, Explain, Export, Fit, Operation, OperationKind, Predict};
pub use request::{
    EvaluateRequest, ExplainRequest, ExportRequest, FitRequest, HasDataset, HasModel,
    PredictRequest, ReferenceShard,
};
pub use result::{
    EvalResult, ExportResult, ExportedFile, PredictResult, PredictionCounts, RunResult,
};
pub use runner::{Capabilities, ExperimentRunner, ProgramDeclaration};
pub use sha256::{InvalidSha256, Sha256};
pub use version::CONTRACT_VERSION;
