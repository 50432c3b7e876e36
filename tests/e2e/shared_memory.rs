//! System V shared memory of a worker without a sandbox ends with the worker.

use std::fs;

use protea_e2e::{Place, Ran, built, compile_c, train};

#[test]
fn shared_memory_of_a_worker_does_not_stay() {
    let place = Place::new();
    let runners = place.runner_directory("runners", &[]);
    compile_c("tests/e2e/c/segment.c", "segment", &runners, &[]);
    let ids = place.write("ids", "");
    let mut command = place.command(&built().join("protea"));
    command
        .args(["fit", "segment", "--runner-dir"])
        .arg(runners)
        .arg("--train")
        .arg(train())
        .env("SEGMENT_FILE", &ids);
    let ran = Ran::from(command.output().unwrap());
    ran.fails_with(1, &["as planned"]);
    let ids = fs::read_to_string(ids).unwrap();
    let ids: Vec<&str> = ids.lines().collect();
    assert_eq!(ids.len(), 3, "of the runner, an orphan, and a child");
    let list = fs::read_to_string("/proc/sysvipc/shm").unwrap();
    let mut listed = list
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1));
    assert!(!ids.contains(&"-1"), "{ids:?}");
    assert!(!listed.any(|id| ids.contains(&id)), "{ids:?}: {list}");
}
