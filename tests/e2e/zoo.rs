//! Every animal of the zoo, and the host that survives it.

mod host;
mod table;

use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use protea_core::{
    CatalogError, DispatchError, ExperimentError, catalog::Verdict, experiment::Step,
};
use protea_e2e::{Place, built, zoo};
use serde_json::Value;

use host::{Host, LIMIT, MARK, catalog, comes_true, marked, record_below};
use table::{Line, Outcome, lines};

#[test]
fn every_animal_has_a_line_in_the_table() {
    let files = catalog().places()[0].files.as_ref().unwrap();
    assert_eq!(files.len(), zoo::animals().len());
    let animals: BTreeSet<String> = files
        .iter()
        .map(|file| match &file.verdict {
            Verdict::Runner(descriptor) => descriptor.name.clone(),
            Verdict::Incompatible { descriptor, .. } => descriptor.name.clone(),
            _ => {
                let stem = file.path.file_stem().unwrap().to_str().unwrap();
                stem.trim_start_matches("lib").replace('_', "-")
            }
        })
        .collect();
    let listed = lines().iter().map(|line| line.animal.to_owned()).collect();
    assert_eq!(animals, listed);
}

#[test]
fn the_host_survives_every_animal_and_says_what_it_did() {
    let lines = lines();
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let visit = || {
        while let Some(line) = lines.get(next.fetch_add(1, Ordering::SeqCst)) {
            let found = wrongs(line);
            wrong.lock().unwrap().extend(found);
        }
    };
    // Most of them take their time doing nothing.
    thread::scope(|scope| {
        scope.spawn(visit);
        scope.spawn(visit);
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All that is not as an animal's line says.
fn wrongs(line: &Line) -> Vec<String> {
    let host = line.host();
    let mut wrong = Vec::new();
    if let Err(difference) = meet(line, &host) {
        wrong.push(difference);
    }
    let processes = marked(host.mark());
    if !processes.is_empty() {
        wrong.push(format!("it left {processes:?} running"));
    }
    let partial = host.partial_files();
    if !partial.is_empty() {
        wrong.push(format!("it left {partial:?}"));
    }
    let named = wrong.into_iter();
    named
        .map(|what| format!("{}: {what}", line.animal))
        .collect()
}

/// Does with an animal what its line says, and tells where that is not so.
fn meet(line: &Line, host: &Host) -> Result<(), String> {
    let has_words = |message: &str| match line.words.iter().find(|part| !message.contains(**part)) {
        Some(part) => Err(format!("{part:?} is not in {message:?}")),
        None => Ok(()),
    };
    let began = Instant::now();
    let in_time = |began: Instant| match began.elapsed() {
        time if time > line.time() => Err(format!("it took {time:?}")),
        _ => Ok(()),
    };
    let loaded = catalog().load_with(line.animal, &host.isolation());
    in_time(began)?;
    let runner = match (&line.outcome, loaded) {
        (Outcome::StepFails(..) | Outcome::Completes(_), Ok(runner)) => runner,
        (Outcome::Refused(is_so), Err(error)) if is_so(&error) => {
            return has_words(&error.to_string());
        }
        (Outcome::LoadFails(is_so), Err(error)) if of_dispatch(&error).is_some_and(is_so) => {
            return has_words(&error.to_string());
        }
        (_, Ok(_)) => return Err("it was loaded".to_owned()),
        (_, Err(error)) => return Err(format!("it was not loaded: {error:?}")),
    };
    let began = Instant::now();
    let finished = host.run(&runner);
    in_time(began)?;
    match (&line.outcome, &finished) {
        (Outcome::Completes(is_so), Ok(_)) if is_so(host) => Ok(()),
        (Outcome::Completes(_), Ok(_)) => Err(format!("all was well, but {:?}", host.heard())),
        (
            Outcome::StepFails(step, is_so),
            Err(ExperimentError::Step {
                step: at, source, ..
            }),
        ) if step == at && is_so(source) => {
            has_words(&source.to_string())?;
            is_on_record(host, *step, source)
        }
        (_, other) => Err(format!("its run gave {other:?}")),
    }
}

fn of_dispatch(error: &CatalogError) -> Option<&DispatchError> {
    match error {
        CatalogError::Describe { source, .. } => Some(source),
        _ => None,
    }
}

/// The run is closed, with the reason, in the manifest and in the log.
fn is_on_record(host: &Host, step: Step, source: &DispatchError) -> Result<(), String> {
    let (manifest, log) = host.record();
    let status = match source {
        DispatchError::Killed => "killed",
        _ => "failed",
    };
    let last = manifest["steps"].as_array().and_then(|steps| steps.last());
    let last = last.ok_or("no step is on record")?;
    let error = manifest["error"].as_str().unwrap_or_default();
    let first_line = source.to_string();
    let first_line = first_line.lines().next().unwrap_or_default();
    let on_record = manifest["status"] == status
        && last["name"] == step.name()
        && last["status"] == status
        && error.contains(first_line)
        && !manifest["finished"].is_null()
        && log.contains(&format!("Run {status}"))
        && log.contains(first_line);
    match on_record {
        true => Ok(()),
        false => Err(format!("the record is {manifest:#}\n{log}")),
    }
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
    assert!(time < Duration::from_secs(2), "{time:?}");
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

    // The mark is one that a load does leave.
    let shown = protea(&["runners", "info", "marks-its-load"]);
    assert!(shown.status.success(), "{shown:?}");
    assert!(mark.exists());
}

#[test]
fn the_command_closes_the_run_of_an_animal_as_failed() {
    for (animal, reason) in [
        ("crash-in-fit", "the runner crashed (SIGSEGV"),
        ("hang-in-emit", "longer than the 1 s"),
        ("closed-files", "closed its connection to the host"),
    ] {
        let host = Host::new(LIMIT);
        let began = Instant::now();
        let output = run_command(&host, animal)
            .args(["--time-limit", "1s"])
            .output()
            .unwrap();
        assert!(began.elapsed() < Duration::from_secs(4), "{animal}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{animal}: {stderr}");
        assert!(stderr.contains(reason), "{animal}: {stderr}");
        let (manifest, log) = host.record();
        assert_eq!(manifest["status"], "failed", "{animal}");
        assert!(manifest["error"].as_str().unwrap().contains(reason));
        assert!(log.contains(reason), "{animal}: {log}");
        assert!(marked(host.mark()).is_empty(), "{animal}");
        assert!(host.partial_files().is_empty(), "{animal}");
    }
}

#[test]
fn a_host_that_is_killed_leaves_no_worker_and_none_of_its_children_behind() {
    for (animal, processes) in [("hang-in-fit", 1), ("children-and-hang", 3)] {
        let host = Host::new(LIMIT);
        let mut protea = run_command(&host, animal)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let fits = || {
            record_below(&host.place().join("workspace"))
                .is_some_and(|(manifest, _)| manifest["steps"][0]["name"] == "fit")
                // The command itself has the mark too.
                && marked(host.mark()).len() == processes + 1
        };
        assert!(comes_true(Duration::from_secs(20), fits), "{animal}");
        protea.kill().unwrap();
        protea.wait().unwrap();
        assert!(
            comes_true(Duration::from_secs(1), || marked(host.mark()).is_empty()),
            "{animal} left {:?}",
            marked(host.mark())
        );
    }
}

/// `protea run ANIMAL` in the host's place; its processes have the host's mark.
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
