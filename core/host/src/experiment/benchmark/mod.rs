//! Benchmarks: several runners on the same data, scored alike, in one run.
//!
//! The host fits and evaluates every entrant and keeps the record. How predictions are scored is not
//! its business: a [`Scorer`] reads what an entrant's run wrote and gives scores by group, such as the
//! aspects of the Gene Ontology.

mod contend;
mod entrant;
mod result;
mod run;
mod scorer;

pub use contend::Contender;
pub use entrant::Entrant;
pub use result::{BenchmarkGroup, BenchmarkLine, BenchmarkResult, Outcome, Scored};
pub use run::{Benchmark, FinishedBenchmark};
pub use scorer::{Comparison, GroupScores, MetricScore, Scorer, ScorerError};
