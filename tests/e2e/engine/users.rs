//! Several users and one plan.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use protea_e2e::{Ran, built};

use super::setup::{Planned, SEARCH};

/// Nobody, and their group.
const OTHER: &str = "65534";

/// Whether this process can become another user.
fn can_change_user() -> bool {
    let changed = Command::new("setpriv")
        .args(["--reuid", OTHER, "--regid", OTHER, "--clear-groups", "true"])
        .status();
    let can = changed.is_ok_and(|status| status.success());
    if !can {
        eprintln!("SKIPPED: this user cannot run programs as another one");
    }
    can
}

fn run(planned: &Planned, script: &str, umask: &str, words: &str) -> Ran {
    let mut command = planned.place.command(Path::new("sh"));
    command
        .args(["-c", script, "sh", umask])
        .arg(built().join("protea"))
        .args(words.split_whitespace());
    Ran::from(command.output().unwrap())
}

fn as_owner(planned: &Planned, umask: &str, words: &str) -> Ran {
    run(planned, "umask $1; shift; exec \"$@\"", umask, words)
}

fn as_other(planned: &Planned, umask: &str, words: &str) -> Ran {
    let home = planned.place.join("home").display().to_string();
    let script = format!(
        "umask $1; shift; export HOME={home} XDG_CACHE_HOME={home} XDG_CONFIG_HOME={home} \
         XDG_DATA_HOME={home}; \
         exec setpriv --reuid {OTHER} --regid {OTHER} --clear-groups \"$@\""
    );
    run(planned, &script, umask, words)
}

/// A place with a directory for a group.
fn shared() -> Planned {
    let planned = Planned::new();
    let open = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    open(planned.place.path(), 0o755);
    for name in ["shared", "home"] {
        let path = planned.place.join(name);
        fs::create_dir(&path).unwrap();
        let group: u32 = OTHER.parse().unwrap();
        std::os::unix::fs::chown(&path, None, Some(group)).unwrap();
        open(&path, 0o2775);
    }
    planned
}

#[test]
fn members_of_a_group_share_a_plan() {
    if !can_change_user() {
        return;
    }
    let planned = shared();
    let plan = format!("{SEARCH} --workspace shared/w --plan shared/plan");
    as_owner(&planned, "002", &plan).succeeds();
    let task = |umask_of: fn(&Planned, &str, &str) -> Ran, indices: &str| {
        let words = format!("task shared/plan --index {indices} --quiet");
        let done = umask_of(&planned, "002", &words);
        assert!([Some(0), Some(65)].contains(&done.code), "{done:?}");
        assert!(!done.stderr.contains("denied"), "{done:?}");
    };
    task(as_other, "0-3");
    task(as_owner, "4-7");
    // One process did these before, and its result is the other's to use.
    task(as_other, "4-11");
    for gather in [as_other, as_owner] {
        let gathered = gather(&planned, "002", "gather shared/plan --json --quiet").json();
        assert_eq!(gathered["trials"].as_array().map(Vec::len), Some(12));
    }
}

#[test]
fn a_plan_that_others_cannot_write_to_says_what_to_do() {
    if !can_change_user() {
        return;
    }
    let planned = shared();
    let plan = format!("{SEARCH} --workspace shared/w --plan shared/plan");
    as_owner(&planned, "022", &plan).succeeds();
    // Another attempt would fail in the same way.
    let well = {
        let text = fs::read_to_string(planned.place.join("shared/plan/tasks.jsonl")).unwrap();
        let mut lines = text.lines().map(|line| {
            let task: serde_json::Value = serde_json::from_str(line).unwrap();
            task["spec"]["x"].as_f64().unwrap()
        });
        lines.position(|x| x < 0.9).unwrap()
    };
    let words = format!("task shared/plan --index {well} --quiet");
    as_other(&planned, "002", &words)
        .fails_with(65, &["Permission denied", "chmod -R g+rwXs", "umask 002"]);
    let mended = Command::new("chmod")
        .args(["-R", "g+rwXs"])
        .arg(planned.place.join("shared/plan"))
        .status();
    assert!(mended.unwrap().success());
    as_other(&planned, "002", &words).succeeds();
}
