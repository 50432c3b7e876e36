//! CAFA scores with the semantics of cafaeval 1.3.0 ([`evaluate`]) or of CAFA-evaluator-PK
//! ([`evaluate_partial`]).
//!
//! Read a [`GroundTruth`] and [`Predictions`] against one [`Ontology`](protea_ontology::Ontology),
//! then [`evaluate`]:
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
//! [`evaluate_files`] scores files. [`write_tables`] writes the output files of cafaeval.
//! [`PredictionWriter`] writes predictions; reading them back gives exactly the
//! [rounded](round_score) scores. [`resample`] computes confidence intervals of Fmax and of the
//! difference between two methods.
//!
//! This crate knows predictions, ground truth and the ontology. It must not know frozen datasets,
//! embeddings or runners.
//!
//! # Definition of the scores
//!
//! The scores are computed for every namespace and every threshold tau (`th_step`, `2 th_step`, …
//! below 1). `ne` is the number of proteins of the ground truth in the namespace, and `n` the
//! number of those with at least one term predicted at tau. Precision is averaged over `n`
//! proteins, recall and all counts over `ne` (`norm=cafa`). Fmax is the largest harmonic mean of
//! precision and recall. Smin is the smallest `sqrt(ru² + mi²)` of remaining uncertainty and
//! misinformation. Weighted scores weight each term by its information accretion.
//!
//! References: P. Radivojac et al., Nature Methods 10 (2013) 221; W. Clark and P. Radivojac,
//! Bioinformatics 29 (2013) i53; D. Piovesan et al., Bioinformatics Advances 4 (2024) vbae043
//! (cafaeval).

pub mod table;

mod accretion;
mod atomic_file;
mod best_scores;
mod bootstrap;
mod cafaeval_tables;
mod counting;
mod counts;
mod curve;
mod details;
mod error;
mod evaluation;
mod files;
mod interest;
mod lines;
mod metrics;
mod namespace_truth;
mod options;
mod pairwise;
mod parsing;
mod partial;
mod partial_counting;
mod precision_recall_area;
mod predictions;
mod propagation;
mod python_set;
mod reading;
mod report;
mod rules;
mod single_protein;
mod sparse;
mod thresholds;
mod truth;
mod work_counter;
mod writer;

pub use accretion::InformationAccretion;
pub use best_scores::{Best, Evaluation, NamespaceEvaluation};
pub use bootstrap::{Bootstrap, Difference, Interval, Resampled, resample};
pub use cafaeval_tables::write_tables;
pub use curve::{CurvePoint, Scores};
pub use details::{HeightCounts, NamespaceDetails, ProteinCounts, TermCounts, details};
pub use error::ScoringError;
pub use evaluation::{evaluate, evaluate_files};
pub use files::{FoundFiles, PredictionFile, find_prediction_files, prediction_files};
pub use interest::TermsOfInterest;
pub use options::{Norm, Propagation, ScoringOptions};
pub use partial::{NothingLeft, PartialKnowledge, evaluate_partial};
pub use predictions::Predictions;
pub use report::{SkippedLines, SkippedNames};
pub use rules::{Rules, evaluate_allowing_empty};
pub use truth::GroundTruth;
pub use work_counter::WorkCounter;
pub use writer::{PredictionWriter, round_score};
