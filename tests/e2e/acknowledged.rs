//! The host is killed while a runner in a worker emits metrics: no metric whose `emit` has returned
//! is lost, and the workspace is in order afterwards.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Stdio,
    thread,
    time::{Duration, Instant},
};

use protea_e2e::{Place, compile_c, train};
use serde_json::Value;

/// The number of rounds; a few by default.
const ROUNDS: &str = "PROTEA_TEST_KILL_ROUNDS";

#[test]
fn no_acknowledged_metric_is_lost_when_the_host_is_killed() {
    let rounds = env::var(ROUNDS).map_or(6, |rounds| rounds.parse().unwrap());
    let place = Place::new();
    let runners = place.runner_directory("runners", &[]);
    compile_c("tests/e2e/c/counting.c", "counting", &runners, &[]);
    let (mut acknowledged, mut began) = (0, 0);
    for round in 0..rounds {
        let workspace = place.join(format!("workspace-{round}"));
        let count = killed(&place, &runners, &workspace, round);
        acknowledged += count;
        let next = place.protea(["sync", "--workspace", workspace.to_str().unwrap()]);
        // The host may have been killed before it had created the workspace.
        let exists = workspace.join("workspace").is_dir() || workspace.join(".signac").is_dir();
        assert_eq!(next.code, Some(if exists { 0 } else { 3 }), "{next:#?}");
        began += assert_in_order(&workspace, count);
        if workspace.is_dir() {
            fs::remove_dir_all(&workspace).unwrap();
        }
    }
    println!("{rounds} rounds: {began} runs with events, {acknowledged} acknowledged, none lost");
    assert!(acknowledged > 0);
}

/// Kills a host at a moment of its own, and returns how many metrics the runner knows as recorded.
fn killed(place: &Place, runners: &Path, workspace: &Path, round: u64) -> u64 {
    let counter = place.join("count");
    fs::write(&counter, [0; 8]).unwrap();
    let read = || u64::from_le_bytes(fs::read(&counter).unwrap().try_into().unwrap());
    let mut host = place.command(&protea_e2e::built().join("protea"));
    let mut host = host
        .args(["fit", "counting", "--runner-dir"])
        .arg(runners)
        .arg("--train")
        .arg(train())
        .arg("--workspace")
        .arg(workspace)
        .env("COUNTING_FILE", &counter)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // The moments are spread over the beginning of the process and its work. What is asserted holds
    // at any moment, so the test does not depend on the speed of the machine.
    if round.is_multiple_of(4) {
        thread::sleep(Duration::from_millis(round * 7 % 300));
    } else {
        let timeout = Instant::now() + Duration::from_secs(120);
        while read() < 1 + round * 37 % 500 && Instant::now() < timeout {
            thread::sleep(Duration::from_micros(300 + round * 53 % 900));
        }
    }
    host.kill().unwrap();
    host.wait().unwrap();
    // The worker ends soon after its host. Until then its last event may not be counted yet.
    let mut last = read();
    loop {
        thread::sleep(Duration::from_millis(50));
        match read() {
            same if same == last => return same,
            other => last = other,
        }
    }
}

/// The log has at least so many metrics, in order; nothing is left of the killed process. Returns
/// whether the run had begun.
fn assert_in_order(workspace: &Path, acknowledged: u64) -> u64 {
    let mut began = 0;
    for job in entries(&workspace.join("workspace")) {
        assert!(
            job.join("signac_statepoint.json").is_file(),
            "{}",
            job.display()
        );
        for log in entries(&job.join("tracker_log")) {
            let text = fs::read_to_string(log.join("events.jsonl")).unwrap();
            let events: Vec<Value> = text
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            for (seq, event) in events.iter().enumerate() {
                assert_eq!(event["seq"], seq);
            }
            let steps: Vec<u64> = events
                .iter()
                .filter(|event| event["event"] == "log")
                .map(|event| event["step"].as_u64().unwrap())
                .collect();
            let found = steps.len() as u64;
            assert_eq!(steps, (0..found).collect::<Vec<_>>());
            assert!(found >= acknowledged, "{found} of {acknowledged} metrics");
            assert_eq!(events.last().unwrap()["status"], "killed");
            began += 1;
        }
        for run in entries(&job.join("artifacts"))
            .iter()
            .flat_map(|it| entries(it))
        {
            let manifest = fs::read_to_string(run.join("run_manifest.json")).unwrap();
            assert!(manifest.contains("\"killed\""), "{manifest}");
        }
    }
    assert!(began > 0 || acknowledged == 0);
    let markers = entries(&workspace.join(".protea/open"));
    assert!(markers.is_empty(), "{markers:?}");
    began
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    let listed = fs::read_dir(directory).into_iter().flatten();
    listed.map(|entry| entry.unwrap().path()).collect()
}
