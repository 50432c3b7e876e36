//! CAFA scores, with the semantics of cafaeval 1.3.0, or of CAFA-evaluator-PK ([`evaluate_partial`]).
//!
//! Read a [`GroundTruth`] and [`Predictions`] against one [`Ontology`](protea_ontology::Ontology), then [`evaluate`]:
//!
//! ```
//! use protea_ontology::Ontology;
//! use protea_scoring::{GroundTruth, Predictions, ScoringOptions, evaluate};
//!
//! let obo = b"[Term]\nid: GO:0003674\nnamespace: molecular_function\n\n\
//!             [Term]\nid: GO:0005488\nnamespace: molecular_function\nis_a: GO:0003674\n\n\
//!             [Term]\nid: GO:0003824\nnamespace: molecular_function\nis_a: GO:0003674\n";
//! let ontology = Ontology::parse(obo, "example.obo")?;
//! let truth = GroundTruth::from_annotations(&ontology, "example", [("P12345", "GO:0005488")])?;
//! let mut predictions = Predictions::new(&truth, "mine");
//! predictions.push("P12345", "GO:0005488", 0.9);
//! predictions.push("P12345", "GO:0003824", 0.4);
//! let evaluation = evaluate(&predictions, None, &ScoringOptions::default())?;
//! assert_eq!(evaluation.namespaces[0].fmax(), 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`evaluate_files`] scores files, [`write_tables`] writes cafaeval's output files, [`PredictionWriter`] writes
//! predictions that score, once read again, exactly as [rounded](round_score) in memory. [`resample`] says how sure an Fmax is, and a difference
//! between two.
//!
//! This crate knows predictions, a ground truth and an ontology. It must not know frozen datasets, embeddings or runners.
//!
//! # What the scores are
//! For every threshold tau (`th_step`, `2 th_step`, … below 1) and namespace, with `ne` proteins of the ground truth there and `n` of them
//! with at least one term predicted at tau: precision is averaged over `n`, recall and all counts over `ne` (`norm=cafa`).
//! Fmax is the largest harmonic mean of the two; Smin the smallest `sqrt(ru² + mi²)` of remaining uncertainty and misinformation.
//! Weighted scores count each term by its information accretion. P. Radivojac et al., Nature Methods 10 (2013) 221;
//! W. Clark and P. Radivojac, Bioinformatics 29 (2013) i53; D. Piovesan et al., Bioinformatics Advances 4 (2024) vbae043 (cafaeval).

mod accretion;
mod atomic_file;
mod bootstrap;
mod counting;
mod counts;
mod curve;
mod error;
mod evaluation;
mod files;
mod interest;
mod lines;
mod metrics;
mod options;
mod pairwise;
mod parsing;
mod partial;
mod partial_counting;
mod predictions;
mod propagation;
mod python_set;
mod reading;
mod report;
mod result;
mod rules;
mod single_protein;
mod sparse;
mod tables;
mod thresholds;
mod truth;
mod writer;

pub use accretion::InformationAccretion;
pub use bootstrap::{Bootstrap, Difference, Interval, Resampled, resample};
pub use curve::{CurvePoint, Scores};
pub use error::ScoringError;
pub use evaluation::{evaluate, evaluate_files};
pub use files::{PredictionFile, prediction_files};
pub use interest::TermsOfInterest;
pub use options::{Norm, Propagation, ScoringOptions};
pub use partial::{NothingLeft, PartialKnowledge, evaluate_partial};
pub use predictions::Predictions;
pub use report::{Skipped, Tally};
pub use result::{Best, Evaluation, NamespaceEvaluation};
pub use rules::{Rules, evaluate_also_silence};
pub use tables::write_tables;
pub use truth::GroundTruth;
pub use writer::{PredictionWriter, round_score};
