//! How many metric points per second can be logged to the event log.
//!
//! `cargo bench -p protea-tracking --bench points` prints one line of JSON. `log_vs_clients.py` in
//! this directory compares it with the Python clients.

use std::{
    env,
    time::{Duration, Instant},
};

use protea_tracking::{Jsonl, RunStart, RunStatus, Tracker};

/// How long a round logs.
const ROUND: Duration = Duration::from_millis(1500);
const ROUNDS: usize = 5;

/// The median rate of logging calls with `metrics` metrics each, in points per second.
fn rate(metrics: usize) -> f64 {
    let directory = tempfile::tempdir().expect("the benchmark needs a temporary directory");
    let tracker = Jsonl::new(directory.path()).expect("a temporary directory has a path");
    let names: Vec<String> = (0..metrics)
        .map(|metric| format!("metric{metric}"))
        .collect();
    let mut rates: Vec<f64> = (0..ROUNDS)
        .map(|round| {
            let start = RunStart::new("points").with_id(format!("points-{metrics}-{round}"));
            let run = tracker.start_run(start).expect("the run starts");
            let began = Instant::now();
            let mut step = 0;
            while began.elapsed() < ROUND {
                for _ in 0..1000 {
                    let value = f64::from(u32::try_from(step).unwrap_or(u32::MAX)).sqrt();
                    run.log_metrics(step, names.iter().map(|name| (name.as_str(), value)))
                        .expect("the point is logged");
                    step += 1;
                }
            }
            // Includes the end of the run, which synchronises the log with the disk.
            run.finish(RunStatus::Finished).expect("the run ends");
            let seconds = began.elapsed().as_secs_f64();
            (step * metrics as u64) as f64 / seconds
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rates[ROUNDS / 2]
}

fn main() {
    // Cargo passes arguments too; only numbers are ours.
    let each: Vec<usize> = env::args()
        .filter_map(|argument| argument.parse().ok())
        .collect();
    let each = if each.is_empty() { vec![1, 10] } else { each };
    let rates: Vec<String> = each
        .iter()
        .map(|metrics| format!("\"{metrics}\": {:.0}", rate(*metrics)))
        .collect();
    println!("{{{}}}", rates.join(", "));
}
