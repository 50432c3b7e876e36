//! Keeps the scores of a call where the next call finds them.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use protea_contracts::EvalResult;
use protea_zoo::{SCORE, animal};

/// In tenths.
static SUM: AtomicU64 = AtomicU64::new(0);

animal! {
    "racing",
    "shares its sums between calls",
    evaluate |_, _| {
        SUM.store(0, Ordering::SeqCst);
        for _ in 0..5 {
            thread::sleep(Duration::from_millis(5));
            SUM.fetch_add(1, Ordering::SeqCst);
        }
        let score = SUM.load(Ordering::SeqCst) as f64 / 10.0;
        Ok(EvalResult::default().with_metric(SCORE, score))
    }
}
