//! What looking back costs: `cargo bench -p protea-core --bench runs [-- RUNS]`.
//!
//! Writes a workspace of 10,000 runs with manifests as `protea run knn` writes them, and lists it
//! as `protea runs list` does: with the files in the page cache, and, where the system lets this
//! program empty the cache (Linux, as root), without. Prints medians.

use std::{
    env, fs,
    hint::black_box,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use protea_core::{
    Workspace,
    workspace::{HostRecord, RUN_MANIFEST, RunManifest},
};
use serde_json::{Map, Value, json};

const RUNS: usize = 10_000;
const RUNS_OF_A_JOB: usize = 4;
const ROUNDS: usize = 9;

fn main() {
    // Cargo passes `--bench`.
    let runs_argument = env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok());
    let runs = runs_argument.unwrap_or(RUNS);
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let bytes = write(directory.path(), runs);
    println!("{runs} runs, manifests of {bytes} bytes");
    let workspace = Workspace::open(directory.path()).expect("the workspace was just made");

    let warm = median(|| list(&workspace, runs));
    println!("page cache warm: {:.0} ms", warm.as_secs_f64() * 1000.0);
    if empty_cache() {
        let cold = median(|| {
            empty_cache();
            list(&workspace, runs)
        });
        println!("page cache cold: {:.0} ms", cold.as_secs_f64() * 1000.0);
    } else {
        println!("page cache cold: not measured, the cache cannot be emptied");
    }
}

fn list(workspace: &Workspace, runs: usize) -> Duration {
    let began = Instant::now();
    let list = black_box(workspace.runs());
    let time = began.elapsed();
    assert_eq!((list.runs.len(), list.unreadable.len()), (runs, 0));
    time
}

fn median(mut measure: impl FnMut() -> Duration) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| measure()).collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

fn empty_cache() -> bool {
    // What is not written yet stays in the cache.
    let synced = Command::new("sync")
        .status()
        .is_ok_and(|status| status.success());
    synced && fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

/// Writes the runs; gives the size of a manifest.
fn write(workspace: &Path, runs: usize) -> usize {
    let mut bytes = 0;
    for number in 0..runs {
        let job = format!("{:032x}", number / RUNS_OF_A_JOB);
        let run = format!("20261121T100000Z-knn-{number:06x}");
        let directory = workspace
            .join("workspace")
            .join(&job)
            .join("artifacts/experiment")
            .join(&run);
        fs::create_dir_all(&directory).expect("a directory can be made");
        let manifest = manifest(job, run, &directory, number);
        let text = serde_json::to_vec_pretty(&manifest).expect("a manifest is JSON");
        bytes = text.len();
        fs::write(directory.join(RUN_MANIFEST), text).expect("a manifest can be written");
    }
    bytes
}

fn manifest(job_id: String, run_id: String, directory: &Path, number: usize) -> RunManifest {
    let scores = |aspect: f64| {
        let names = [
            "fmax", "auc_pr", "coverage", "wfmax", "smin", "fmicro", "tau",
        ];
        let value = |place: usize| json!(aspect + (number + place) as f64 / 1e6);
        Map::from_iter(
            names
                .iter()
                .enumerate()
                .map(|(i, name)| ((*name).to_owned(), value(i))),
        )
    };
    let metrics = Map::from_iter([
        ("MFO".to_owned(), Value::Object(scores(0.1))),
        ("BPO".to_owned(), Value::Object(scores(0.2))),
        ("CCO".to_owned(), Value::Object(scores(0.3))),
    ]);
    let sha256 = "67460ebba53c577e2441c39b6ce7d360458e2a0404628a515faaca074ff3f49f";
    let dataset = json!({ "name": "train", "uri": "file:///data/train", "sha256": sha256 });
    let step = |name: &str| {
        let scores = if name == "evaluate" {
            metrics.clone()
        } else {
            Map::new()
        };
        json!({ "name": name, "status": "finished", "seconds": 0.35, "metrics": scores })
    };
    let files = (0..8).map(|file| {
        json!({
            "role": "references",
            "uri": format!("file://{}/export/{file}", directory.display()),
            "sha256": sha256,
            "bytes": 926_490,
        })
    });
    let export = Value::Array(files.collect());
    let steps = ["fit", "evaluate", "export"].map(step);
    let manifest = json!({
        "run_id": run_id,
        "job_id": job_id,
        "pipeline": "experiment",
        "name": "knn",
        "project": "cafa",
        "group": format!("H{:03}", number % 10),
        "status": "finished",
        "runner": {
            "name": "knn",
            "version": "1.0.0",
            "contract_version": "1.0.0",
            "path": "/usr/local/lib/protea/runners/libprotea_knn.so",
            "sha256": sha256,
        },
        "isolation": "worker",
        "spec": { "k": 5, "metric": "cosine", "vote": "similarity", "per_aspect": true },
        "seed": number,
        "threads": 0,
        "datasets": { "train": dataset, "eval": dataset },
        "host": HostRecord::current(),
        "started": Timestamp::now(),
        "finished": Timestamp::now(),
        "steps": steps,
        "metrics": metrics,
        "artifacts": {
            "directory": directory,
            "predictions": directory.join("predictions"),
            "export": export,
        },
    });
    serde_json::from_value(manifest).expect("this is a run manifest")
}
