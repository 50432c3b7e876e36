//! `protea runs`.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read, Write},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use serde_json::{Value, json};

use crate::place::Place;

const JOB: &str = "58c65a6af75569eec233acc76a42ba59";
/// The hashes of the runners of the invented runs.
const KNN: &str = "67460ebba53c577e2441c39b6ce7d360458e2a0404628a515faaca074ff3f49f";
const TOY: &str = "36d2b0a1f1c2f2d0a7d3e4f5061728394a5b6c7d8e9fa0b1c2d3e4f5a6b7c8d9";

/// A workspace with invented runs.
pub struct Workspace(pub Place);

impl Workspace {
    pub fn new() -> Self {
        let place = Place::new();
        fs::create_dir_all(place.join("protea-workspace/.signac")).unwrap();
        Self(place)
    }

    pub fn directory(&self, run: &str) -> PathBuf {
        let job = self.0.join("protea-workspace/workspace").join(JOB);
        job.join("artifacts/experiment").join(run)
    }

    /// Writes the manifest of a run, with these fields in place of the usual.
    pub fn run(&self, run: &str, second: u32, fields: Value) -> PathBuf {
        let directory = self.directory(run);
        let mut manifest = json!({
            "run_id": run, "job_id": JOB, "pipeline": "experiment", "status": "finished",
            "runner": {
                "name": "knn", "version": "1.0.0", "contract_version": "1.0.0",
                "path": "/runners/libknn.so", "sha256": KNN
            },
            "isolation": "worker", "spec": { "k": 5, "inner": { "metric": "cosine" } },
            "seed": 0, "threads": 1,
            "datasets": { "train": { "name": "t", "uri": "file:///t", "sha256": "a7e1" } },
            "host": { "protea": "1.0.0", "platform": "linux-x86_64", "cores": 2 },
            "started": format!("2026-11-21T10:00:{second:02}Z"),
            "finished": format!("2026-11-21T10:01:{second:02}Z"),
            "steps": [{ "name": "fit", "status": "finished", "seconds": 1.5 }],
            "model_uri": format!("file://{}/model/model.json", directory.display()),
            "metrics": {}, "artifacts": { "directory": directory }, "error": null,
        });
        for (name, value) in fields.as_object().unwrap() {
            manifest[name] = value.clone();
        }
        let relative = directory.strip_prefix(self.0.path()).unwrap().to_owned();
        let relative = relative.to_str().unwrap();
        self.0.write(
            &format!("{relative}/run_manifest.json"),
            manifest.to_string(),
        );
        self.0.write(
            &format!("{relative}/logs/run.log"),
            line(run, "Run started"),
        );
        directory
    }

    /// Three runs, one of them with two children.
    fn filled() -> Self {
        let workspace = Self::new();
        let scored = |fmax: f64, smin: f64| json!({ "MFO": { "fmax": fmax, "smin": smin } });
        workspace.run(
            "20261121T100000Z-knn-00000a",
            0,
            json!({ "metrics": scored(0.5, 9.0), "project": "cafa", "group": "H012/E018" }),
        );
        workspace.run("20261121T100001Z-knn-00000b", 1, json!({ "name": "grid" }));
        for (run, second, fmax) in [
            ("20261121T100002Z-knn-00000c", 2, 0.625),
            ("20261121T100003Z-knn-00000d", 3, 0.75),
        ] {
            let parent = "20261121T100001Z-knn-00000b";
            let fields = json!({
                "metrics": scored(fmax, 8.0), "parent": parent, "name": "grid/evaluate",
                "group": "H012",
            });
            workspace.run(run, second, fields);
        }
        workspace.run(
            "20261121T100004Z-toy-00000e",
            4,
            json!({
                "runner": {
                    "name": "toy", "version": "1.0.0", "contract_version": "1.0.0",
                    "path": "/runners/libtoy.so", "sha256": TOY
                },
                "status": "failed", "error": "fit failed: no", "group": "H0123", "seed": 7,
                "spec": { "k": 7, "inner": { "metric": "cosine" } },
            }),
        );
        workspace
    }

    /// The last digits of the runs that a list has, in its order.
    fn listed(&self, arguments: &str) -> Vec<String> {
        let listed = self
            .0
            .run(&format!("runs list --json {arguments}"))
            .ok()
            .json();
        let runs = listed["runs"].as_array().unwrap();
        let id = |run: &Value| run["run_id"].as_str().unwrap()[21..].to_owned();
        runs.iter().map(id).collect()
    }
}

fn line(run: &str, message: &str) -> String {
    format!("2026-11-21T10:00:00.000Z INFO  [experiment {run} -] {message}\n")
}

#[test]
fn runs_are_listed_filtered_and_sorted() {
    let workspace = Workspace::filled();
    for (arguments, runs) in [
        ("", "00000e 00000b 00000c 00000d 00000a"),
        ("--limit 2", "00000e 00000b"),
        ("--project cafa", "00000a"),
        ("--group H012", "00000d 00000c 00000a"),
        ("--group H012/E018", "00000a"),
        ("--status failed", "00000e"),
        ("--status running", ""),
        ("--runner toy", "00000e"),
        ("--sort MFO.fmax", "00000b 00000d 00000c 00000a 00000e"),
        (
            "--sort MFO.fmax:asc --runner knn",
            "00000a 00000b 00000c 00000d",
        ),
        ("--sort MFO.smin:asc --limit 1", "00000b"),
    ] {
        assert_eq!(workspace.listed(arguments).join(" "), runs, "{arguments}");
    }
    for (metric, remedy) in [
        ("fmax", "did you mean MFO.fmax?"),
        ("mfo.SMIN", "did you mean MFO.smin?"),
        ("precision", "use MFO.fmax, MFO.smin, started or seconds"),
    ] {
        let wrong = workspace.0.run(&format!("runs list --sort {metric}"));
        let wrong = wrong.error(2);
        assert!(wrong.contains(remedy), "{wrong}");
    }
    let none = workspace.0.run("runs list --runner kn").ok().stdout;
    assert!(
        none.starts_with("no run matches the filters; without them there are "),
        "{none}"
    );
}

#[test]
fn the_table_has_children_below_their_parent() {
    let workspace = Workspace::filled();
    let listed = workspace.0.run("runs list --sort MFO.fmax --limit 4").ok();
    insta::assert_snapshot!(listed.stdout, @r"
    run                            name           status    started              time        runner     project  group      MFO.fmax
    20261121T100001Z-knn-00000b    grid           finished  2026-11-21 10:00:01  1 min 00 s  knn 1.0.0  -        -                 -
    └ 20261121T100003Z-knn-00000d  grid/evaluate  finished  2026-11-21 10:00:03  1 min 00 s  knn 1.0.0  -        H012          0.750
    └ 20261121T100002Z-knn-00000c  grid/evaluate  finished  2026-11-21 10:00:02  1 min 00 s  knn 1.0.0  -        H012          0.625
    20261121T100000Z-knn-00000a    -              finished  2026-11-21 10:00:00  1 min 00 s  knn 1.0.0  cafa     H012/E018     0.500
    4 of 5 runs; --limit 0 shows all
    ");
}

#[test]
fn an_unreadable_manifest_is_named_and_skipped() {
    let workspace = Workspace::filled();
    let broken = workspace.directory("20261121T100009Z-knn-00000f");
    fs::create_dir_all(&broken).unwrap();
    fs::write(broken.join("run_manifest.json"), "{ \"run_id\": 1 }").unwrap();
    fs::create_dir_all(workspace.directory("being-made")).unwrap();
    let listed = workspace.0.run("runs list --json").ok();
    assert!(
        listed
            .stderr
            .contains("is not a run manifest and is skipped"),
        "{listed:#?}"
    );
    let listed = listed.json();
    assert_eq!(listed["total"], 5);
    let unreadable = listed["unreadable"].as_array().unwrap();
    assert_eq!(unreadable.len(), 1);
    assert!(unreadable[0]["path"].as_str().unwrap().contains("00000f"));
}

#[test]
fn a_run_is_shown_with_its_children_and_files() {
    let workspace = Workspace::filled();
    let events =
        format!("protea-workspace/workspace/{JOB}/tracker_log/20261121T100001Z-knn-00000b");
    let cursor = json!({
        "backend": "mlflow", "target": null, "seq": 3,
        "reference": { "id": "1", "url": "http://127.0.0.1:5000/#/runs/1" },
    });
    workspace
        .0
        .write(&format!("{events}/mlflow.json"), cursor.to_string());
    let shown = workspace.0.run("runs show 00000b").ok().stdout;
    for part in [
        "name        grid",
        "finished after 1 min 00 s",
        "20261121T100002Z-knn-00000c  grid/evaluate",
        "logs/run.log",
        "tracker_log/20261121T100001Z-knn-00000b/events.jsonl",
        "mlflow: http://127.0.0.1:5000/#/runs/1",
    ] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    let json = workspace.0.run("runs show --json 00000b").ok().json();
    assert_eq!(json["manifest"]["name"], "grid");
    assert_eq!(json["children"].as_array().unwrap().len(), 2);
    assert_eq!(json["trackers"][0]["backend"], "mlflow");
    let failed = workspace.0.run("runs show 00000e").ok().stdout;
    assert!(failed.contains("error       fit failed: no"), "{failed}");
}

#[test]
fn runs_are_compared_by_what_differs() {
    let workspace = Workspace::filled();
    let compared = workspace
        .0
        .run("runs compare --json 00000a 00000d 00000e")
        .ok()
        .json();
    assert_eq!(
        compared["params"],
        json!({
            "runner": ["knn", "knn", "toy"],
            "runner.sha256": [KNN, KNN, TOY],
            "seed": [0, 0, 7],
            "spec.k": [5, 5, 7],
        })
    );
    assert_eq!(
        compared["metrics"]["MFO.fmax"],
        json!({ "values": [0.5, 0.75, null], "differences": [0.25, null] })
    );
    let text = workspace.0.run("runs compare 00000a 00000d").ok().stdout;
    assert!(text.contains("settings that differ\n  none\n"), "{text}");
    assert!(text.contains("+0.250"), "{text}");
    workspace.0.run("runs compare 00000a").error(2);
}

#[test]
fn missing_and_ambiguous_runs_are_reported() {
    let workspace = Workspace::filled();
    assert!(
        workspace
            .0
            .run("runs show zzz")
            .error(3)
            .contains("there is no run \"zzz\"")
    );
    assert!(
        workspace
            .0
            .run("runs log 20261121")
            .error(2)
            .contains("matches 5 runs")
    );
    let idle = workspace.0.run("runs tail").error(3);
    assert!(idle.contains("no run is active"), "{idle}");
}

#[test]
fn a_log_is_printed_as_it_is_and_as_json() {
    let workspace = Workspace::filled();
    let run = "20261121T100004Z-toy-00000e";
    let log = workspace.0.run("runs log 00000e").ok();
    assert_eq!(log.stdout, line(run, "Run started"));
    let json = workspace.0.run("runs log --json 00000e").ok().json();
    assert_eq!(json["status"], "failed");
    assert_eq!(
        json["lines"],
        json!([{
            "time": "2026-11-21T10:00:00.000Z", "level": "INFO", "pipeline": "experiment",
            "run_id": run, "step": "-", "message": "Run started",
        }])
    );
    // It has ended: there is nothing to wait for.
    let followed = workspace.0.run("runs log -f 00000e").ok();
    assert_eq!(followed.stdout, log.stdout);
}

/// A run that goes on, and a command that follows its log.
struct Followed {
    workspace: Workspace,
    log: File,
    child: Child,
}

impl Followed {
    const RUN: &str = "20261121T100005Z-knn-000010";

    fn begin(arguments: &[&str]) -> Self {
        let workspace = Workspace::filled();
        let directory = workspace.run(
            Self::RUN,
            5,
            json!({ "status": "running", "finished": null }),
        );
        let log = File::options()
            .append(true)
            .open(directory.join("logs/run.log"));
        let child = workspace
            .0
            .command()
            .args(["runs"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            workspace,
            log: log.unwrap(),
            child,
        }
    }

    fn say(&mut self, message: &str) {
        self.log
            .write_all(line(Self::RUN, message).as_bytes())
            .unwrap();
    }
}

#[test]
fn a_log_is_followed_until_the_run_ends() {
    for arguments in [&["log", "-f", "000010"][..], &["tail"]] {
        let mut followed = Followed::begin(arguments);
        let mut out = BufReader::new(followed.child.stdout.take().unwrap());
        let mut first = String::new();
        out.read_line(&mut first).unwrap();
        assert_eq!(first, line(Followed::RUN, "Run started"));
        followed.say("Starting step 00_fit");
        let mut second = String::new();
        out.read_line(&mut second).unwrap();
        assert_eq!(second, line(Followed::RUN, "Starting step 00_fit"));
        followed.say("Run finished");
        followed.workspace.run_ends();
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, line(Followed::RUN, "Run finished"));
        assert_eq!(followed.child.wait().unwrap().code(), Some(0));
    }
}

impl Workspace {
    /// The run that is followed ends; what its log says stays.
    fn run_ends(&self) {
        let path = self.directory(Followed::RUN).join("run_manifest.json");
        let text = fs::read_to_string(&path).unwrap();
        let new = path.with_extension("new");
        fs::write(&new, text.replace("\"running\"", "\"finished\"")).unwrap();
        fs::rename(new, path).unwrap();
    }
}

#[cfg(unix)]
#[test]
fn following_ends_with_130_when_cancelled() {
    let mut followed = Followed::begin(&["log", "-f", "000010"]);
    let mut out = BufReader::new(followed.child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    let id = followed.child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status().unwrap();
    assert!(sent.success());
    assert_eq!(followed.child.wait().unwrap().code(), Some(130));
}
