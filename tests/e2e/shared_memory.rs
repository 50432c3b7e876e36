//! System V shared memory of a worker without a sandbox ends with the worker.

use std::{fs, os::unix::fs::MetadataExt};

use protea_e2e::{Place, Ran, built, compile_c, train};

#[test]
fn shared_memory_of_a_worker_does_not_stay() {
    is_removed(&[]);
}

/// In a container the session of the host can have begun outside; `getsid` returns 0 there.
#[test]
fn shared_memory_does_not_stay_in_a_pid_namespace() {
    let mut unshare = vec!["unshare", "--pid", "--fork", "--mount-proc"];
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        unshare.extend(["--user", "--map-root-user"]);
    }
    is_removed(&unshare);
}

/// Runs `fit` below a program, which makes segments in the runner, in an orphan and in a child.
fn is_removed(below: &[&str]) {
    let place = Place::new();
    let runners = place.runner_directory("runners", &[]);
    compile_c("tests/e2e/c/segment.c", "segment", &runners, &[]);
    let ids = place.write("ids", "");
    let protea = built().join("protea");
    let mut command = match below {
        [] => place.command(&protea),
        [program, arguments @ ..] => {
            let mut command = place.command(program.as_ref());
            command.args(arguments).arg(protea);
            command
        }
    };
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
