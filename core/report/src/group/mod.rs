//! The sections of the reports of runs that consist of others: benchmarks, cross-validations, searches
//! and groups.

mod benchmark;
mod children;
mod folds;
mod scores;
mod search;
mod trials;
mod wins;

pub use benchmark::{benchmark_curves, benchmark_intervals, benchmark_page};
pub use children::{children, children_table};
pub use folds::folds_page;
pub use scores::{SearchScores, search_scores};
pub use search::{search_importance, search_page, search_parallel, search_progress};
