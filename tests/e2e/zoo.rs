//! The host survives every animal of the zoo and reports what it did.

mod command;
mod errors;
mod host;
mod table;

use std::{
    collections::BTreeSet,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Instant,
};

use protea_core::{
    DispatchError, ExperimentError, LoadError, Runner, catalog::Verdict,
    contracts::error::with_causes, experiment::Step, worker::WorkerError,
};
use protea_e2e::zoo;

use host::{AMPLE, Host, catalog, marked};
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
    // Several at a time, because most of them sleep.
    let wrong = visit(&lines(), 2, wrongs);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// All differences from the lines, with several threads.
fn visit(lines: &[Line], visitors: usize, wrongs: fn(&Line) -> Vec<String>) -> Vec<String> {
    let next = AtomicUsize::new(0);
    let wrong = Mutex::new(Vec::new());
    let visit = || {
        while let Some(line) = lines.get(next.fetch_add(1, Ordering::SeqCst)) {
            let found = wrongs(line);
            wrong.lock().unwrap().extend(found);
        }
    };
    thread::scope(|scope| {
        for _ in 0..visitors {
            scope.spawn(visit);
        }
    });
    wrong.into_inner().unwrap()
}

/// All differences from an animal's line.
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

/// Runs an animal and returns the first difference from its line.
fn meet(line: &Line, host: &Host) -> Result<(), String> {
    let has_words = |message: &str| match line.words.iter().find(|part| !message.contains(**part)) {
        Some(part) => Err(format!("{part:?} is not in {message:?}")),
        None => Ok(()),
    };
    let began = Instant::now();
    let in_time = |began: Instant| match began.elapsed() {
        time if time > line.limit() + AMPLE => Err(format!("it took {time:?}")),
        _ => Ok(()),
    };
    let loaded = load(line.animal, host);
    in_time(began)?;
    let runner = match (&line.outcome, loaded) {
        (Outcome::StepFails(..) | Outcome::Completes(_), Ok(runner)) => runner,
        (Outcome::Refused(is_so), Err(error)) if is_so(&error) => {
            return has_words(&with_causes(&error));
        }
        (Outcome::LoadFails(is_so), Err(error)) if of_dispatch(&error).is_some_and(is_so) => {
            return has_words(&with_causes(&error));
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
            has_words(&with_causes(&**source))?;
            is_on_record(host, *step, source)
        }
        (_, other) => Err(format!("its run gave {other:?}")),
    }
}

fn load(animal: &str, host: &Host) -> Result<Runner, LoadError> {
    Runner::load(&catalog().find(animal)?, &host.isolation())
}

fn of_dispatch(error: &LoadError) -> Option<&DispatchError> {
    match error {
        LoadError::Describe { source, .. } => Some(source),
        _ => None,
    }
}

/// Checks that the manifest and the log have the end of the run with its reason.
fn is_on_record(host: &Host, step: Step, source: &DispatchError) -> Result<(), String> {
    let (manifest, log) = host.record();
    let status = match source {
        DispatchError::Worker(WorkerError::Killed) => "killed",
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
