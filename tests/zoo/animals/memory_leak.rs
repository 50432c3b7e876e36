//! Leaks a megabyte with every evaluation.

use protea_contracts::EvalResult;
use protea_zoo::{SCORE, SCORE_VALUE, animal};

animal! {
    "memory-leak",
    "leaks memory",
    evaluate |_, _| {
        std::hint::black_box(vec![1_u8; 1 << 20].leak());
        Ok(EvalResult::default().with_metric(SCORE, SCORE_VALUE))
    }
}
