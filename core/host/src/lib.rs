//! The host of protea's experiment runners: finds, loads and calls them, and records their results.
//!
//! The host emits `tracing` spans (`run`, `step`) and events. A runner's events are in the span of
//! their step: metrics at the level info, progress at debug, others at their own level. The host
//! installs no subscriber.
//!
//! ```no_run
//! use protea_core::{Catalog, Experiment, Isolation, Runner, SearchPath, Workspace, dataset, worker};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     worker::serve_if_asked(); // first: this process may be a worker
//!     let isolation = Isolation::worker(worker::WorkerOptions::this_program()?);
//!     let catalog = Catalog::scan(&SearchPath::standard());
//!     let runner = Runner::load(&catalog.find("knn")?, &isolation)?;
//!     let train = dataset::stage("data/train")?;
//!     let test = dataset::stage("data/test")?;
//!
//!     let workspace = Workspace::open("results")?;
//!     let experiment = Experiment::new(&runner, &workspace);
//!     let run = experiment.fit_evaluate_export(&serde_json::json!({ "k": 5 }), &train, &test)?;
//!     println!("{:?}", run.metric("MFO", "fmax"));
//!     Ok(())
//! }
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`catalog`] | the runners on the search path, inspected without running their code |
//! | [`dispatch`] | one lifecycle call of a runner, with the spec checked before and the answer after |
//! | [`dataset`] | frozen datasets: identity and integrity |
//! | [`workspace`] | jobs by state point, runs, manifests |
//! | [`experiment`] | fit, evaluate and export, searches and cross-validation, as recorded runs |
//! | [`search`] | what a search varies, and how it chooses |
//! | [`backends`] | which tracking backends runs go to |
//! | [`engine`] | plans: work that is done elsewhere, task by task, and gathered afterwards |
//!
//! Errors have a [kind](ErrorKind): what a program does differently.
//!
//! | feature | adds |
//! |---|---|
//! | `cloud` | stores at `s3://`, `gs://`, `az://`, `https://` |
//! | `mlflow`, `tensorboard`, `wandb` | the backend of that name |
//! | `tls` | MLflow servers at `https://` |
//!
//! Crates below it, re-exported:
//!
//! | re-export | what it holds |
//! |---|---|
//! | [`contracts`] | the contract between host and runners |
//! | [`store`] | datasets, models and exports by URI, local or remote |
//! | [`quantity`] | parses times and sizes |
//! | [`tracking`] | trackers, the event log and the adapters for MLflow, W&B and TensorBoard |
//! | `worker` | calls of a runner in a separate process (Unix) |

pub mod backends;
pub mod catalog;
pub mod dataset;
pub mod dispatch;
pub mod engine;
mod error_kind;
pub mod experiment;
mod file_comparison;
pub mod search;
pub mod workspace;

pub use backends::Tracking;
pub use catalog::{Catalog, CatalogError, SearchPath};
pub use dataset::{Dataset, StageDatasetError};
pub use dispatch::{
    CheckedOperation, DispatchError, Isolation, LoadError, ResolvedSpec, Runner, SpecArgument,
};
pub use error_kind::ErrorKind;
pub use experiment::{Experiment, ExperimentError, FinishedRun};
pub use workspace::{RunManifest, Workspace, WorkspaceError};

pub use protea_contracts as contracts;
#[cfg(unix)]
pub use protea_isolation as worker;
pub use protea_store::{self as store, Store, StoreError, quantity};
pub use protea_text as text;
pub use protea_tracking as tracking;

/// The Rust code of the pages for applications is compiled as documentation tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../docs/src/host.md")]
    struct Host;
    #[doc = include_str!("../../../docs/src/isolation.md")]
    struct Isolation;
    #[cfg(feature = "mlflow")]
    #[doc = include_str!("../../../docs/src/tracking.md")]
    struct Tracking;
    #[doc = include_str!("../../../docs/src/search-cv.md")]
    struct Search;
    #[doc = include_str!("../../../docs/src/benchmark.md")]
    struct Benchmark;
    #[doc = include_str!("../../../docs/src/store.md")]
    struct Store;
}
