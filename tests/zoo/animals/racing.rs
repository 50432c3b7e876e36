//! Keeps the scores of a call where the next call finds them.

use std::{
    fs, process,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use protea_contracts::EvalResult;
use protea_zoo::{SCORE, animal};

/// In tenths.
static SUM: AtomicU64 = AtomicU64::new(0);
/// Calls that have cleared the sum, and calls that have added to it.
static CLEARED: AtomicU64 = AtomicU64::new(0);
static ADDED: AtomicU64 = AtomicU64::new(0);

animal! {
    "racing",
    "shares its sums between calls",
    evaluate |_, _| {
        SUM.store(0, Ordering::SeqCst);
        wait_for_another(&CLEARED);
        SUM.fetch_add(5, Ordering::SeqCst);
        wait_for_another(&ADDED);
        let score = SUM.load(Ordering::SeqCst) as f64 / 10.0;
        Ok(EvalResult::default().with_metric(SCORE, score))
    }
}

/// Waits until two calls have come this far, so that they disturb each other however busy the machine
/// is. A call on the main thread is alone in its process and does not wait.
fn wait_for_another(arrived: &AtomicU64) {
    arrived.fetch_add(1, Ordering::SeqCst);
    let thread = fs::read_link("/proc/thread-self").unwrap_or_default();
    if thread.ends_with(process::id().to_string()) {
        return;
    }
    for _ in 0..10_000 {
        if arrived.load(Ordering::SeqCst) >= 2 {
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}
