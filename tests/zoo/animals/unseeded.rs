//! Draws a new score every time, whatever the seed.

use std::hash::{BuildHasher, RandomState};

use protea_contracts::EvalResult;
use protea_zoo::{SCORE, animal};

animal! {
    "unseeded",
    "scores at random",
    evaluate |_, _| {
        let score = (RandomState::new().hash_one(0) % 1000) as f64 / 1000.0;
        Ok(EvalResult::default().with_metric(SCORE, score))
    }
}
