//! Returns a score above its declared maximum.

use protea_contracts::EvalResult;
use protea_zoo::{SCORE, animal};

animal! {
    "metric-out-of-range",
    "scores 1.5 of 1",
    evaluate |_, _| Ok(EvalResult::default().with_metric(SCORE, 1.5))
}
