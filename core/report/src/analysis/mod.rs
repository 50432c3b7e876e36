//! What the report computes: the scores of a method with everything behind them, the scores of naive,
//! groups of proteins, the importance of settings. It must not know HTML.

mod curve;
mod importance;
mod method;
mod naive;
mod opened;
mod similarity;
mod strata;

pub use curve::{Curve, CurvePoint};
pub use importance::{Importance, importance};
pub use method::{AspectResult, Method, ScoreError, aspect_order, score};
pub use naive::TrainingFrequencies;
pub use opened::Opened;
pub use similarity::nearest_similarity;
pub use strata::{Grouping, grouped, quartiles};
