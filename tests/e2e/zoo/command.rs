//! `protea run` with every animal: its exit code, the record of the run, and what is left behind.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::LazyLock,
    time::Instant,
};

use protea_core::experiment::Step;
use protea_e2e::{Place, built, zoo};
use serde_json::Value;

use super::{
    host::{AMPLE, Host, MARK, below, comes_true, marked, record_below},
    table::{Line, Outcome, lines},
    visit,
};

/// A well-behaved runner.
const TAME: &str = "marks-its-load";

#[test]
fn every_run_ends_with_its_reason_and_leaves_nothing_behind() {
    let lines = lines();
    // Several at a time, because most of them sleep.
    let wrong = visit(&lines, 4, wrongs);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All differences from an animal's line.
fn wrongs(line: &Line) -> Vec<String> {
    let host = Host::new(line.limit());
    let place = host.place();
    fs::create_dir(place.join("temporary")).unwrap();
    let before = names(place.path());
    let began = Instant::now();
    let child = command(&host, line).spawn().unwrap();
    let asked = match line.animal {
        // The user cancels it, before it reaches its limit.
        "ignores-cancel" => interrupt(&host, &child),
        _ => began + line.limit(),
    };
    let output = child.wait_with_output().unwrap();
    // At once, because processes that are about to end count too.
    let processes = left_running(&host);
    let late = asked.elapsed();

    let mut wrong = Vec::new();
    let mut must = |is_so: bool, what: &dyn Fn() -> String| {
        if !is_so {
            wrong.push(format!("{}: {}", line.animal, what()));
        }
    };
    must(late <= AMPLE, &|| format!("it came back {late:?} late"));
    must(processes.is_empty(), &|| {
        format!("it left {processes:?} running")
    });
    must(names(&place.join("temporary")).is_empty(), &|| {
        format!("it left {:?}", names(&place.join("temporary")))
    });
    let dataset = names(&host.dataset_directory());
    must(dataset == *names_of_a_dataset(), &|| {
        format!("beside the dataset lies {dataset:?}")
    });
    let told = told(line, &output);
    must(told.is_ok(), &|| told.clone().unwrap_err());
    let mut after = names(place.path());
    match line.outcome {
        // No run began.
        Outcome::Refused(_) | Outcome::LoadFails(_) => {
            must(after == before, &|| format!("it made {after:?}"));
        }
        Outcome::StepFails(..) | Outcome::Completes(_) => {
            let recorded = recorded(line, &host);
            must(recorded.is_ok(), &|| recorded.clone().unwrap_err());
            must(after.remove("workspace") && after == before, &|| {
                format!("beside the workspace it made {after:?}")
            });
            let strays: Vec<_> = run_files(&host)
                .into_iter()
                .filter(|file| !files_of_a_run().contains(file) && !sin_of(line, file))
                .collect();
            must(strays.is_empty(), &|| format!("it left {strays:?}"));
        }
    }
    wrong
}

/// `protea run --json` with the limits that the messages name.
fn command(host: &Host, line: &Line) -> Command {
    let mut command = run_command(host, line.animal);
    command
        .args([
            "--json",
            "--memory-limit",
            "1GiB",
            "--output-limit",
            "256MiB",
        ])
        .arg("--time-limit")
        .arg(format!("{}s", line.limit().as_secs()))
        .env("TMPDIR", host.place().join("temporary"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// `protea run ANIMAL` in the host's directory; its processes have the host's mark.
fn run_command(host: &Host, animal: &str) -> Command {
    let mut command = Command::new(built().join("protea"));
    command
        .args(["run", animal, "--train", "dataset", "--eval", "dataset"])
        .args(["--workspace", "workspace", "--runner-dir"])
        .arg(zoo::directory())
        .env(MARK, host.mark())
        .current_dir(host.place().path());
    command
}

/// Sends SIGINT when the runner is in its step, and returns the time.
fn interrupt(host: &Host, child: &Child) -> Instant {
    assert!(comes_true(AMPLE, || fits(host)));
    let number = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &number]).status();
    assert!(sent.unwrap().success());
    Instant::now()
}

fn fits(host: &Host) -> bool {
    record_below(&host.place().join("workspace"))
        .is_some_and(|(manifest, _)| manifest["steps"][0]["name"] == "fit")
}

/// The exit code, and the one object on standard output.
fn told(line: &Line, output: &Output) -> Result<(), String> {
    let (code, kind) = expected(line);
    let stderr = String::from_utf8_lossy(&output.stderr);
    if output.status.code() != Some(code) {
        return Err(format!(
            "it ended with {}, not {code}: {stderr}",
            output.status
        ));
    }
    let object: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("standard output is no JSON, {error}: {stderr}"))?;
    let message = object["error"]["message"].as_str().unwrap_or_default();
    match kind {
        None if object["status"] == "finished" => Ok(()),
        Some(kind)
            if object["error"]["kind"] == kind
                && line.words.iter().all(|part| message.contains(part))
                && message.contains("--memory-limit") == message.contains("ran out of memory") =>
        {
            Ok(())
        }
        _ => Err(format!("it printed {object:#}")),
    }
}

/// The exit code, and the kind of the error.
fn expected(line: &Line) -> (i32, Option<&'static str>) {
    match line.outcome {
        Outcome::Refused(_) | Outcome::LoadFails(_) => (4, Some("runner")),
        Outcome::StepFails(..) if line.animal == "ignores-cancel" => (130, Some("cancelled")),
        Outcome::StepFails(..) => (1, Some("failed")),
        Outcome::Completes(_) => (0, None),
    }
}

/// Checks that the manifest and the log have the end of the run with its reason.
fn recorded(line: &Line, host: &Host) -> Result<(), String> {
    let (manifest, log) = host.record();
    let (status, step) = match &line.outcome {
        Outcome::StepFails(step, _) if line.animal == "ignores-cancel" => ("killed", *step),
        Outcome::StepFails(step, _) => ("failed", *step),
        _ => ("finished", Step::Export),
    };
    let last = manifest["steps"].as_array().and_then(|steps| steps.last());
    let error = manifest["error"].as_str().unwrap_or_default();
    let closed = manifest["status"] == status
        && !manifest["finished"].is_null()
        && last.is_some_and(|last| last["name"] == step.name() && last["status"] == status)
        && line.words.iter().all(|part| error.contains(part))
        && log.contains(&format!("Run {status}"))
        // In the log, the failure, its causes and each line of a message are on lines of their own.
        && error
            .lines()
            .flat_map(|line| line.split(": "))
            .all(|part| log.contains(part));
    match closed {
        true => Ok(()),
        false => Err(format!("the record is {manifest:#}\n{log}")),
    }
}

/// The processes of a run that still exist, found by their mark or their current directory.
fn left_running(host: &Host) -> Vec<String> {
    let here = fs::canonicalize(host.place().path()).unwrap();
    let there = fs::read_dir("/proc").unwrap().flatten().filter(|process| {
        fs::read_link(process.path().join("cwd")).is_ok_and(|place| place.starts_with(&here))
    });
    let mut left = marked(host.mark());
    left.extend(there.map(|process| {
        let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&words).replace('\0', " ")
    }));
    left
}

/// Whether the animal wrote this file on purpose.
fn sin_of(line: &Line, file: &Path) -> bool {
    let sin = match line.animal {
        "link-in-model" => "notes",
        "deep-output" => "d",
        "stray-file" => "stray.txt",
        "output-outside" => "outside.txt",
        // It may write any number of files to its output directory.
        "output-flood" => "flood-0",
        "dated-export" => "date.txt",
        // Its model. The directory of states is empty, and stays for the next fit.
        "forgetful-checkpoint" if file == Path::new(".protea/checkpoints") => return true,
        "forgetful-checkpoint" => "sum",
        _ => return false,
    };
    file.ends_with(sin)
}

/// The files that a run of a well-behaved runner leaves in a workspace.
fn files_of_a_run() -> &'static BTreeSet<PathBuf> {
    static FILES: LazyLock<BTreeSet<PathBuf>> = LazyLock::new(|| {
        let host = Host::new(AMPLE);
        let output = run_command(&host, TAME).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        run_files(&host)
    });
    &FILES
}

fn names_of_a_dataset() -> &'static BTreeSet<String> {
    static NAMES: LazyLock<BTreeSet<String>> =
        LazyLock::new(|| names(&Host::new(AMPLE).dataset_directory()));
    &NAMES
}

/// Where a workspace has the index of models, by runner and dataset.
const MODELS: &str = ".protea/models/";

/// The files and directories in the workspace of a run, with ids in their names replaced.
fn run_files(host: &Host) -> BTreeSet<PathBuf> {
    let (manifest, _) = host.record();
    let own = ["job_id", "run_id"].map(|name| manifest[name].as_str().unwrap());
    let workspace = host.place().join("workspace");
    below(&workspace)
        .iter()
        .map(|path| {
            let path = path.strip_prefix(&workspace).unwrap().to_str().unwrap();
            let path = path.replace(own[0], "job").replace(own[1], "run");
            match path.strip_prefix(MODELS) {
                Some(model) => {
                    let of_a_run = model.split_once('/').map_or("", |(_, rest)| rest);
                    Path::new(MODELS).join("runner-and-dataset").join(of_a_run)
                }
                None => PathBuf::from(path),
            }
        })
        .collect()
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().to_string_lossy().into_owned();
    entries.map(|entry| name(entry.unwrap())).collect()
}

#[test]
fn the_command_lists_the_zoo_at_once_and_loads_nothing() {
    let place = Place::new();
    let mark = place.join("mark");
    let protea = |arguments: &[&str]| {
        Command::new(built().join("protea"))
            .args(arguments)
            .arg("--runner-dir")
            .arg(zoo::directory())
            .env("PROTEA_ZOO_MARK", &mark)
            .output()
            .unwrap()
    };
    let began = Instant::now();
    let listed = protea(&["runners", "list", "--json"]);
    let time = began.elapsed();
    assert!(listed.status.success(), "{listed:?}");
    assert!(!mark.exists(), "a library was loaded");
    assert!(time < AMPLE, "{time:?}");
    let list: Value = serde_json::from_slice(&listed.stdout).unwrap();
    let names: Vec<&str> = list["runners"]
        .as_array()
        .unwrap()
        .iter()
        .map(|runner| runner["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"crash-at-load"), "{names:?}");
    assert!(!names.contains(&"namesake"), "{names:?}");
    let unusable = list["unusable"].to_string();
    for file in [
        "libwrong_major.so",
        "libnamesake_one.so",
        "libnamesake_other.so",
    ] {
        assert!(unusable.contains(file), "{unusable}");
    }

    // Loading does leave the mark, so its absence above means something.
    let shown = protea(&["runners", "info", TAME]);
    assert!(shown.status.success(), "{shown:?}");
    assert!(mark.exists());
}

#[test]
fn a_killed_host_leaves_no_processes_behind() {
    // The worker and its keeper, and the children of the second animal.
    for (animal, processes) in [("hang-in-fit", 2), ("children-and-hang", 5)] {
        let host = Host::new(AMPLE);
        let mut protea = run_command(&host, animal)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // The command has the mark too.
        let all_there = || fits(&host) && marked(host.mark()).len() == processes + 1;
        assert!(comes_true(AMPLE, all_there), "{animal}");
        protea.kill().unwrap();
        protea.wait().unwrap();
        assert!(
            comes_true(AMPLE, || left_running(&host).is_empty()),
            "{animal} left {:?}",
            left_running(&host)
        );
    }
}
