//! Does not return the metric that it declares.

use protea_contracts::EvalResult;
use protea_zoo::animal;

animal! {
    "missing-metric",
    "leaves out its score",
    evaluate |_, _| Ok(EvalResult::default())
}
