//! The contract between protea and its experiment runners, and the kit for writing one.
//!
//! A *runner* is a shared library that knows how to [`fit`](ExperimentRunner::fit) a method on a
//! frozen dataset, [`evaluate`](ExperimentRunner::evaluate) it on another, and
//! [`export`](ExperimentRunner::export) what it learnt; it may also
//! [`explain`](ExperimentRunner::explain) where a score comes from. An author implements one safe trait and
//! hands a value of it to [`export_runner!`]; nothing of the foreign-function boundary shows.
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
//! | [`request`], [`result`], [`error`] | what a call takes, gives and fails with |
//! | [`explanation`] | where a score comes from |
//! | [`emit`] | events, progress and metrics during a call; cancellation |
//! | [`metrics`] | the CAFA metric names, their schema, flattening for trackers |
//! | [`model`], [`bundle`] | reading and writing models; the exported triple |
//! | [`content`] | files known by their SHA-256 |
//! | [`library`] | shared libraries of others that a runner opens |
//! | [`descriptor`], [`version`] | what a host learns of a runner without running it; the version gate |
//! | [`abi`] | the stable boundary, and all of this crate's `unsafe` |

pub mod abi;
pub mod bundle;
pub mod content;
pub mod descriptor;
pub mod emit;
pub mod error;
pub mod explanation;
mod export;
pub mod library;
pub mod metrics;
pub mod model;
pub mod prelude;
pub mod request;
pub mod result;
pub mod runner;
pub mod version;

pub use bundle::Bundle;
pub use content::FileDigest;
pub use descriptor::Descriptor;
pub use emit::{Emitter, Level, Signal};
pub use error::{Attribute, RunnerError, RunnerResult};
pub use explanation::Explanation;
pub use library::LibraryDeclaration;
pub use metrics::{MetricSchema, Metrics};
pub use model::ReferenceModel;
pub use request::{EvaluateRequest, ExplainRequest, ExportRequest, FitRequest};
pub use result::{EvalResult, ExportResult, ExportedFile, RunResult};
pub use runner::{Capabilities, ExperimentRunner, ProgramDeclaration};
pub use version::CONTRACT_VERSION;
