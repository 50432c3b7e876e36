//! The host of protea's experiment runners: finds, loads and dispatches them, and keeps what they
//! produce.
//!
//! ```no_run
//! use protea_core::{Catalog, Experiment, SearchPath, Workspace, dataset};
//!
//! let catalog = Catalog::scan(&SearchPath::standard());
//! let runner = catalog.load("knn")?;
//! let train = dataset::stage("data/train")?;
//! let test = dataset::stage("data/test")?;
//!
//! let workspace = Workspace::open("results")?;
//! let experiment = Experiment::new(&runner, &workspace);
//! let run = experiment.fit_evaluate_export(&serde_json::json!({ "k": 5 }), &train, &test)?;
//! println!("{}", run.manifest.metrics["MFO"]["fmax"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | module | what it holds |
//! |---|---|
//! | [`catalog`] | the runners on the search path, known without running their code |
//! | [`dispatch`] | one lifecycle call of a runner, with the spec checked before and the answer after |
//! | [`store`] | datasets, models and exports by URI: staged through a cache, published whole |
//! | [`dataset`] | frozen datasets as the host sees them: identity and integrity |
//! | [`workspace`] | jobs by state point, runs, manifests |
//! | [`experiment`] | fit, evaluate and export, alone or together, searches and cross-validation, in runs that are on record |
//! | [`quantity`] | times and sizes as people write them |
//! | [`tracking`] | what runs say of themselves to trackers, and which backends they go to |

pub mod catalog;
pub mod dataset;
pub mod dispatch;
pub mod experiment;
pub mod quantity;
pub mod store;
pub mod tracking;
pub mod workspace;

pub use catalog::{Catalog, CatalogError, SearchPath};
pub use dataset::{Dataset, DatasetError};
#[cfg(unix)]
pub use dispatch::worker;
pub use dispatch::{DispatchError, Isolation, Runner};
pub use experiment::{Experiment, ExperimentError, FinishedRun};
pub use store::{Store, StoreError};
pub use tracking::Tracking;
pub use workspace::{RunManifest, Workspace, WorkspaceError};

pub use protea_contracts as contracts;
