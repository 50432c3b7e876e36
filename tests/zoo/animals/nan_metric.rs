//! Its score is not a number.

use protea_contracts::EvalResult;
use protea_zoo::{SCORE, animal};

animal! {
    "nan-metric",
    "scores NaN",
    evaluate |_, _| Ok(EvalResult::default().with_metric(SCORE, f64::NAN))
}
