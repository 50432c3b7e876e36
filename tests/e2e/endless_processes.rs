//! A runner that starts processes without end: its time limit ends all of them.

use std::fs;

use protea_e2e::{Place, Ran, built, compile_c, train};

/// The environment variable that all processes of the step have.
const MARK: &str = "PROTEA_E2E_BOMB";

#[test]
fn processes_that_start_processes_end_with_the_step() {
    // In a group, which one signal ends; and each in a session, which have to be found.
    for kind in ["group", "sessions"] {
        let place = Place::new();
        let runners = place.runner_directory("runners", &[]);
        compile_c("tests/e2e/c/bomb.c", "bomb", &runners, &[]);
        let mark = format!("{kind}-{}", std::process::id());
        let mut command = place.command(&built().join("protea"));
        command
            .args(["fit", "bomb", "--time-limit", "1s", "--runner-dir"])
            .arg(runners)
            .arg("--train")
            .arg(train())
            .env("BOMB", kind)
            .env("BOMB_PROCESSES", "150")
            .env(MARK, &mark);
        let ran = Ran::from(command.output().unwrap());
        ran.fails_with(1, &["exceeded its time limit of 1 s"]);
        let left = marked(&mark);
        assert!(left.is_empty(), "{kind}: {left:?}");
    }
}

/// The processes whose environment has the mark.
fn marked(mark: &str) -> Vec<String> {
    let mark = format!("{MARK}={mark}");
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter(|process| {
            let environment = fs::read(process.path().join("environ")).unwrap_or_default();
            environment
                .split(|byte| *byte == 0)
                .any(|it| it == mark.as_bytes())
        })
        .map(|process| process.file_name().to_string_lossy().into_owned())
        .collect()
}
