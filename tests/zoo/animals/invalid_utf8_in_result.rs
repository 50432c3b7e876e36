//! Returns a string that is not UTF-8, as a runner in C may.

use protea_contracts::EvalResult;
use protea_zoo::{SCORE, SCORE_VALUE, animal, sins::not_text};

animal! {
    "invalid-utf8-in-result",
    "answers a text that is not UTF-8",
    evaluate |_, _| {
        let text = not_text();
        Ok(EvalResult::default()
            .with_metric(SCORE, SCORE_VALUE)
            .with_extra("note", text))
    }
}
