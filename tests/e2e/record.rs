//! What runs record besides their results: what steps used, samples of the machine, the kernel of the
//! search, uncommitted changes.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use protea_e2e::{Place, built, compile_c, train};
use serde_json::Value;

/// The manifest of a run that a command has printed.
fn manifest(run: &Value) -> Value {
    let path = run["artifacts"]["manifest"].as_str().unwrap();
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The event log of the only run of a workspace, if it is there.
fn events(workspace: &Path) -> Option<PathBuf> {
    let job = fs::read_dir(workspace.join("workspace")).ok()?.next()?;
    let logs = job.ok()?.path().join("tracker_log");
    let run = fs::read_dir(logs).ok()?.next()?;
    Some(run.ok()?.path().join("events.jsonl"))
}

fn git(place: &Place, arguments: &[&str]) {
    let done = place
        .command(Path::new("git"))
        .args(["-c", "user.name=a", "-c", "user.email=a@example.org"])
        .args(arguments)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn steps_record_what_they_used() {
    let place = Place::new();
    let run = place.protea(["run", "knn", "--json"]).json();
    for step in run["steps"].as_array().unwrap() {
        let used = &step["resources"];
        assert_eq!(used["scope"], "worker", "{step}");
        let cpu = used["user_seconds"].as_f64().unwrap() + used["system_seconds"].as_f64().unwrap();
        assert!(cpu > 0.0, "{step}");
        // A worker is a process with a library: more than a megabyte and less than all memory.
        let memory = used["peak_memory_bytes"].as_u64().unwrap();
        assert!(memory > 1 << 20 && memory < 1 << 33, "{step}");
    }
    // The predictions were written by the worker. A file system in memory has no storage.
    let evaluate = &run["steps"][1]["resources"];
    assert!(evaluate["written_bytes"].is_u64(), "{evaluate}");
    let shown = place.protea(["runs", "show", "latest"]);
    for part in ["CPU seconds", "memory", "kernel"] {
        assert!(shown.stdout.contains(part), "{shown:#?}");
    }
    let log = events(&place.join("protea-workspace")).unwrap();
    let log = fs::read_to_string(log).unwrap();
    for name in ["step/fit/seconds", "step/evaluate/peak_memory_bytes"] {
        assert!(log.contains(name), "{log}");
    }
    // What a step used is not among the scores.
    let metrics = run["metrics"].as_object().unwrap();
    assert!(
        metrics.keys().all(|name| !name.contains('/')),
        "{metrics:?}"
    );

    let run = place
        .protea(["run", "knn", "--isolation", "in-process", "--json"])
        .json();
    for step in run["steps"].as_array().unwrap() {
        assert_eq!(step["resources"]["scope"], "host-process", "{step}");
    }
}

#[test]
fn the_kernel_of_the_search_is_recorded() {
    let place = Place::new();
    let mut command = place.command(&built().join("protea"));
    let command = command.args(["run", "knn", "--json"]);
    let output = command.env("PROTEA_KERNEL", "portable").output().unwrap();
    let run: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(run["steps"][1]["extras"]["kernel"], "portable");
    let shown = place.protea(["runs", "show", "latest"]).stdout;
    let line = shown.lines().find(|line| line.starts_with("kernel"));
    assert!(line.unwrap().contains("portable"), "{shown}");
}

/// The stand-in prints a line a second, as the real program does with `--loop=1`.
const NVIDIA_SMI: &str = "#!/bin/sh
echo $$ > \"$HOME/nvidia-smi.pid\"
echo \"$@\" > \"$HOME/nvidia-smi.arguments\"
while :; do
  echo '0, 97, 20480, 81920, 312.50, 400.00, 61'
  echo '1, [N/A], 512, 81920, [N/A], [N/A], 40'
  sleep 1
done
";

#[test]
fn the_machine_and_its_gpus_are_sampled() {
    let place = Place::new();
    let runners = place.runner_directory("runners", &[]);
    compile_c("tests/e2e/c/counting.c", "counting", &runners, &[]);
    let bin = place.join("bin");
    fs::create_dir(&bin).unwrap();
    let program = place.write("bin/nvidia-smi", NVIDIA_SMI);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let path = std::env::join_paths(
        [bin]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let counter = place.write("count", [0; 8]);
    let workspace = place.join("workspace");
    let mut run = place
        .command(&built().join("protea"))
        .args(["fit", "counting", "--system-metrics-interval", "1s"])
        .arg("--runner-dir")
        .arg(&runners)
        .arg("--train")
        .arg(train())
        .arg("--workspace")
        .arg(&workspace)
        .env("COUNTING_FILE", &counter)
        .env("PATH", path.unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(120);
    let sample = loop {
        let log = events(&workspace).and_then(|log| fs::read_to_string(log).ok());
        let lines = log.as_deref().unwrap_or_default().lines();
        let found = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let mut found = found.filter(|event| {
            let name = "system/gpu_0_utilization_percentage";
            event["metrics"][name].is_number()
        });
        if let Some(event) = found.next() {
            break event["metrics"].clone();
        }
        assert!(Instant::now() < until && run.try_wait().unwrap().is_none());
        thread::sleep(Duration::from_millis(100));
    };
    let ended = Command::new("kill")
        .args(["-INT", &run.id().to_string()])
        .status();
    assert!(ended.unwrap().success());
    run.wait().unwrap();
    assert_eq!(sample["system/gpu_0_utilization_percentage"], 97.0);
    assert_eq!(sample["system/gpu_0_memory_usage_percentage"], 25.0);
    assert_eq!(sample["system/gpu_1_memory_usage_percentage"], 0.625);
    assert!(sample.get("system/gpu_1_power_usage_watts").is_none());
    for name in [
        "system/cpu_utilization_percentage",
        "system/system_memory_usage_percentage",
        "system/disk_usage_percentage",
    ] {
        let value = sample[name].as_f64().unwrap();
        assert!((0.0..=100.0).contains(&value), "{name} {value}");
    }
    let arguments = fs::read_to_string(place.join("nvidia-smi.arguments")).unwrap();
    assert!(arguments.contains("--loop=1"), "{arguments}");
    // The program ends with the last run that needs it.
    let pid = fs::read_to_string(place.join("nvidia-smi.pid")).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).exists());
}

#[test]
fn uncommitted_changes_are_kept_unless_told_otherwise() {
    let place = Place::new();
    git(&place, &["init", "-q", "-b", "main"]);
    place.write("notes.txt", "old\n");
    git(&place, &["add", "notes.txt"]);
    git(&place, &["commit", "-q", "-m", "first"]);
    place.write("notes.txt", "new\n");
    place.write("secret.txt", "password\n");
    let own = |run: &Value| -> Value {
        let manifest = manifest(run);
        let all = manifest["repositories"].as_array().unwrap().clone();
        let holds = |record: &Value| record["holds"].to_string().contains("current directory");
        all.into_iter().find(holds).unwrap()
    };
    let run = place.protea(["run", "toy", "--no-export", "--json"]).json();
    let record = own(&run);
    assert_eq!(record["code"]["changed"], true);
    assert!(
        record["holds"].to_string().contains("workspace"),
        "{record}"
    );
    let directory = Path::new(run["artifacts"]["directory"].as_str().unwrap());
    let diff = directory.join(record["diff"]["file"].as_str().unwrap());
    let diff = fs::read_to_string(diff).unwrap();
    assert!(
        diff.contains("-old\n+new\n") && !diff.contains("password"),
        "{diff}"
    );
    let shown = place.protea(["runs", "show", "latest"]).stdout;
    assert!(
        shown.lines().any(|line| line.starts_with("changes")),
        "{shown}"
    );

    let run = place.protea(["run", "toy", "--no-export", "--no-diff", "--json"]);
    assert_eq!(own(&run.json())["diff"], Value::Null);
    place.write("protea.toml", "no-diff = true\nno-system-metrics = true\n");
    let run = place.protea(["run", "toy", "--no-export", "--json"]).json();
    let record = own(&run);
    assert_eq!(
        (&record["diff"], &record["code"]["changed"]),
        (&Value::Null, &Value::Bool(true))
    );
}
