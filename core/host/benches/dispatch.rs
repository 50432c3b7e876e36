//! What dispatch costs: `cargo bench -p protea-core --bench dispatch`.
//!
//! Prints medians. A worker's figures include starting its processes and killing them. Beside the
//! catalog's figures stand those of `catalog_vs_entry_points.py`.

use std::{
    fs,
    hint::black_box,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use protea_contracts::{
    Emitter, Fit, FitRequest, Level,
    event::{Event, EventSink},
};
use protea_core::{
    Catalog, Isolation, Runner, SearchPath,
    worker::{self, WorkerOptions},
};
use rustix::fs::{Advice, fadvise, sync};
use serde_json::json;
use url::Url;

#[derive(Default)]
struct Counter {
    events: AtomicU64,
}

impl EventSink for Counter {
    fn receive(&self, event: &Event<'_>) {
        black_box(event);
        self.events.fetch_add(1, Ordering::Relaxed);
    }
}

fn main() {
    worker::serve_if_asked();
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let library = echo_runner();

    emit_in_process();
    catalog(directory.path(), &library);

    let runners = directory.path().join("one");
    fs::create_dir(&runners).expect("a directory can be made");
    fs::copy(&library, runners.join("libecho.so")).expect("the runner can be copied");
    let catalog = Catalog::scan(&SearchPath::empty().with(runners));
    let entry = catalog.find("echo").expect("the runner is found");
    let in_process = Runner::load(&entry, &Isolation::InProcess).expect("the runner loads");
    let options = WorkerOptions::this_program().expect("the system names this program");
    let worker =
        Runner::load(&entry, &Isolation::worker(options)).expect("the runner loads in a worker");
    dispatch(&in_process, &worker, directory.path());
}

/// Builds the runner and finds its library.
fn echo_runner() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = std::env::current_exe()
        .ok()
        .and_then(|program| Some(program.ancestors().nth(3)?.to_owned()))
        .expect("a benchmark lies in target/release/deps");
    let status = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--release",
            "-p",
            "protea-contracts",
            "--example",
            "echo",
        ])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(root)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the runner builds");
    target.join("release/examples/libecho.so")
}

fn emit_in_process() {
    const EVENTS: u32 = 1_000_000;
    let emit = Emitter::new(Arc::new(Counter::default()));
    let nanoseconds = |level| {
        let time = median(9, || {
            for step in 0..EVENTS {
                black_box(emit.emit("bench.step", None, &black_box(step), level));
            }
        });
        time.as_secs_f64() * 1e9 / f64::from(EVENTS)
    };
    println!(
        "emit in process, enabled    {:8.1} ns",
        nanoseconds(Level::Info)
    );
    println!(
        "emit in process, disabled   {:8.1} ns",
        nanoseconds(Level::Debug)
    );
}

fn catalog(directory: &Path, library: &Path) {
    let hundred = directory.join("hundred");
    fs::create_dir(&hundred).expect("a directory can be made");
    for number in 0..100 {
        fs::copy(library, hundred.join(format!("libecho{number}.so")))
            .expect("the runner can be copied");
    }
    let path = SearchPath::empty().with(hundred.clone());
    let warm = median(9, || {
        black_box(Catalog::scan(&path));
    });
    println!("catalog of 100, warm        {:8.1} ms", milliseconds(warm));
    let mut evicted = "";
    let cold = median_after(
        9,
        || evicted = evict(&hundred),
        || {
            black_box(Catalog::scan(&path));
        },
    );
    println!(
        "catalog of 100, cold        {:8.1} ms ({evicted} out of the cache)",
        milliseconds(cold)
    );
}

/// Puts files out of the system's cache, and says what went.
fn evict(directory: &Path) -> &'static str {
    // What is not on the disk yet stays in the cache.
    sync();
    // Only root may do this; it forgets the directories too.
    if fs::write("/proc/sys/vm/drop_caches", "3").is_ok() {
        return "all files and directories";
    }
    for file in fs::read_dir(directory).expect("the directory can be listed") {
        let file = file.and_then(|file| fs::File::open(file.path()));
        let file = file.expect("the runner can be opened");
        fadvise(file, 0, None, Advice::DontNeed).expect("the system takes advice");
    }
    "the contents of the files"
}

fn dispatch(in_process: &Runner, worker: &Runner, directory: &Path) {
    let output = Url::from_directory_path(directory).expect("it is absolute");
    let request = |events: u64| {
        let spec = in_process.resolve_spec(&json!({ "events": events }));
        FitRequest::new(spec.expect("it is valid"), output.clone(), output.clone())
    };
    let call = |runner: &Runner, events: u64| {
        let sink = Arc::new(Counter::default());
        let given = Arc::clone(&sink) as Arc<dyn EventSink>;
        runner
            .call::<Fit>(&request(events), given)
            .expect("echo answers");
        assert_eq!(sink.events.load(Ordering::Relaxed), events);
    };
    let in_process = median(101, || call(in_process, 0));
    let in_worker = median(101, || call(worker, 0));
    println!(
        "dispatch in process         {:8.3} ms",
        milliseconds(in_process)
    );
    println!(
        "dispatch in a worker        {:8.3} ms",
        milliseconds(in_worker)
    );

    const EVENTS: u64 = 500_000;
    let streamed = median(5, || call(worker, EVENTS));
    let rate = EVENTS as f64 / (streamed.saturating_sub(in_worker)).as_secs_f64();
    println!("emit through a worker       {:8.0} events/s", rate);
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn median(rounds: usize, work: impl FnMut()) -> Duration {
    median_after(rounds, || {}, work)
}

/// Of the work alone, without what is done before each round.
fn median_after(rounds: usize, mut before: impl FnMut(), mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..rounds)
        .map(|_| {
            before();
            let began = Instant::now();
            work();
            began.elapsed()
        })
        .collect();
    times.sort_unstable();
    times[rounds / 2]
}
