//! Jobs: created, bound to a tracker, run, closed; and found by signac.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use protea_core::{Workspace, WorkspaceError, backends::run_lifecycle, workspace::Status};
use protea_e2e::{Place, built, compile_c, in_repository, test, train};
use serde_json::{Value, json};

use super::logs;

const NEW_RUN: [&str; 7] = [
    "new-run",
    "--experiment",
    "E018",
    "--hypothesis",
    "H012",
    "--sp",
    "condition=full,seed=0",
];

fn job_directory(place: &Place, id: &str) -> PathBuf {
    place.join("protea-workspace/workspace").join(id)
}

fn document(place: &Place, id: &str) -> Value {
    let path = job_directory(place, id).join("signac_job_document.json");
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn a_state_point_makes_one_job() {
    let place = Place::new();
    let first = place.protea(NEW_RUN);
    assert_eq!(first.code, Some(0), "{first:#?}");
    let id = first.stdout.trim();
    // signac.job.calc_id({"experiment": "E018", "hypothesis": "H012", "condition": "full", "seed": 0})
    assert_eq!(id, "b8aeed467e79601b31a643a720dafa1f");
    let again = place.protea(NEW_RUN.into_iter().chain(["--json"])).json();
    assert_eq!(again["job_id"], id);
    assert_eq!(again["state_point"]["seed"], 0, "numbers are numbers");
    place
        .protea(["new-run", "--experiment", "E1", "--sp", "seed"])
        .fails_with(2, &["KEY=VALUE"]);
    place
        .protea(["new-run", "--experiment", "E1", "--sp", "experiment=E2"])
        .fails_with(2, &["twice"]);
}

#[test]
fn signac_finds_the_job_and_its_document() {
    let Some(python) = env::var_os("PROTEA_TEST_PYTHON") else {
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "PROTEA_TEST_PYTHON must name a Python"
        );
        eprintln!("\n*** SKIPPED: set PROTEA_TEST_PYTHON to a Python that has signac ***\n");
        return;
    };
    let place = Place::new();
    let id = place.protea(NEW_RUN).stdout.trim().to_owned();
    let ran = place.protea(["run", "toy", "--job", &id]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let script = "import json, signac, sys\n\
         project = signac.get_project(sys.argv[1])\n\
         jobs = list(project.find_jobs({'hypothesis': 'H012', 'seed': 0}))\n\
         job, = jobs\n\
         job.doc['note'] = 'from signac'\n\
         print(json.dumps([job.id, dict(job.statepoint), job.doc['status']]))";
    let output = Command::new(python)
        .args(["-c", script])
        .arg(place.join("protea-workspace"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(seen[0], json!(id));
    assert_eq!(seen[1]["condition"], "full");
    assert_eq!(seen[2], "finished");
    // What others write into the document stays.
    let ran = place.protea(["run", "toy", "--job", &id[..8]]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(document(&place, &id)["note"], "from signac");
}

#[test]
fn a_job_keeps_the_runs_and_says_how_it_stands() {
    let place = Place::new();
    let id = place.protea(NEW_RUN).stdout.trim().to_owned();
    let ran = place.protea(["run", "toy", "--job", &id, "--json"]).json();
    assert_eq!(ran["job_id"], json!(id));
    let job = document(&place, &id);
    assert_eq!(job["status"], "finished");
    let logs = logs(&place.join("protea-workspace"));
    assert_eq!(logs.len(), 2, "the job's own and the run's");
    assert_eq!(logs[0][0]["run_id"], job["run"]);
    assert_eq!(logs[0][0]["config"]["experiment"], "E018");
    assert_eq!(logs[1][0]["config"]["hypothesis"], "H012");
    assert_eq!(logs[1][0]["config"]["job"], json!(id));

    let failed = place.protea([
        "evaluate", "toy", "--job", &id, "--model", "x", "--eval", "x",
    ]);
    assert_ne!(failed.code, Some(0));
    place
        .protea(["run", "toy", "--job", "ffff"])
        .fails_with(3, &["none of its 1 jobs has that id"]);
}

#[test]
fn a_failing_lifecycle_says_so() {
    let place = Place::new();
    let workspace = Workspace::open(place.path()).unwrap();
    let state_point = json!({ "experiment": "E1" });
    let job = workspace.job(state_point.as_object().unwrap()).unwrap();
    #[derive(Debug)]
    struct Wrong(String);
    impl From<WorkspaceError> for Wrong {
        fn from(error: WorkspaceError) -> Self {
            Self(error.to_string())
        }
    }
    impl std::fmt::Display for Wrong {
        fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            formatter.write_str(&self.0)
        }
    }
    let error = run_lifecycle::<(), _>(&job, || {
        assert_eq!(job.document().unwrap().status, Some(Status::Running));
        Err(Wrong("no luck".to_owned()))
    });
    assert_eq!(error.unwrap_err().0, "no luck");
    let after = job.document().unwrap();
    assert_eq!(after.status, Some(Status::Failed));
    assert_eq!(after.error.as_deref(), Some("no luck"));
}

/// The manifest below a workspace, once it is there.
fn manifest(workspace: &Path, pipeline: &str) -> Option<Value> {
    let mut jobs = fs::read_dir(workspace.join("workspace")).ok()?.flatten();
    let mut runs = jobs.find_map(|job| {
        let runs = job.path().join("artifacts").join(pipeline);
        fs::read_dir(runs).ok()
    })?;
    let run = runs.next()?.ok()?;
    let bytes = fs::read(run.path().join("run_manifest.json")).ok()?;
    serde_json::from_slice(&bytes).ok()
}

/// `kill -9` in the middle of a run: the next command closes it, everywhere.
#[test]
#[cfg(unix)]
fn the_next_command_closes_what_a_killed_one_left() {
    let place = Place::new();
    let id = place.protea(NEW_RUN).stdout.trim().to_owned();
    // It takes an hour; the test kills it.
    let runners = place.runner_directory("runners", &[]);
    compile_c("tests/e2e/c/parabola.c", "parabola", &runners, &[]);
    let settings = ["--runner-dir", "runners", "--set", "milliseconds=3600000"];
    let mut child = Command::new(built().join("protea"))
        .args(["run", "parabola", "--job", &id])
        .args(settings)
        .arg("--train")
        .arg(train())
        .arg("--eval")
        .arg(test())
        .current_dir(place.path())
        .env("PROTEA_EXAMPLE_DATA", in_repository("examples/data"))
        .env("HOME", place.path())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let workspace = place.join("protea-workspace");
    let until = Instant::now() + Duration::from_secs(300);
    while manifest(&workspace, "experiment").is_none_or(|run| run["steps"] == json!([])) {
        assert!(Instant::now() < until, "the run did not begin");
        thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(
        manifest(&workspace, "experiment").unwrap()["status"],
        "running"
    );
    assert_eq!(document(&place, &id)["status"], "running");

    // Also if the workspace was moved in between.
    let moved = place.join("moved");
    fs::rename(&workspace, &moved).unwrap();
    let sync = place.protea(["sync", "--workspace", "moved"]);
    assert_eq!(sync.code, Some(0), "{sync:#?}");
    fs::rename(&moved, &workspace).unwrap();
    let closed = manifest(&workspace, "experiment").unwrap();
    assert_eq!(closed["status"], "killed");
    assert!(
        closed["error"]
            .as_str()
            .unwrap()
            .contains("its process ended")
    );
    assert_eq!(document(&place, &id)["status"], "killed");
    for events in logs(&workspace) {
        assert_eq!(events.last().unwrap()["event"], "finish");
        assert_eq!(events.last().unwrap()["status"], "killed");
    }
    let open = fs::read_dir(workspace.join(".protea/open")).unwrap();
    assert_eq!(open.count(), 0);
}

/// Killed between its manifest and the end of its log, a run ended as the manifest says.
#[test]
fn a_run_that_was_killed_at_its_very_end_has_one_end() {
    let place = Place::new();
    let ran = place.protea(["run", "toy", "--json"]).json();
    let workspace = place.join("protea-workspace");
    let run_id = ran["run_id"].as_str().unwrap();
    let log = job_directory(&place, ran["job_id"].as_str().unwrap())
        .join("tracker_log")
        .join(run_id)
        .join("events.jsonl");
    let text = fs::read_to_string(&log).unwrap();
    let (before, end) = text.trim_end().rsplit_once('\n').unwrap();
    assert!(end.contains("\"finish\""));
    fs::write(&log, format!("{before}\n")).unwrap();
    let mark = workspace.join(".protea/open").join(run_id);
    fs::write(&mark, log.to_str().unwrap()).unwrap();

    drop(Workspace::open(&workspace).unwrap());
    assert!(!mark.exists());
    let events = logs(&workspace).pop().unwrap();
    assert_eq!(events.last().unwrap()["event"], "finish");
    assert_eq!(events.last().unwrap()["status"], "finished");
    assert_eq!(
        manifest(&workspace, "experiment").unwrap()["status"],
        "finished"
    );
}
