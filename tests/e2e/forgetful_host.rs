//! A host whose `main` does not begin with `serve_if_asked`: it gets an error that says so, instead of
//! starting itself again without end.

use std::{env, error::Error, fs, io::Write, process::Command};

use protea_core::{
    Catalog, Isolation, Runner, SearchPath,
    worker::{WorkerCommand, WorkerOptions},
};
use protea_e2e::Place;

/// The environment variable with the file that gets a line from each start.
const STARTS: &str = "PROTEA_TEST_FORGETFUL_HOST";

/// The environment variable with the directory of the runner.
const RUNNERS: &str = "PROTEA_TEST_FORGETFUL_RUNNERS";

/// The arguments with which this program is the host.
const HOST: [&str; 3] = ["forgetful_host::host", "--exact", "--nocapture"];

#[test]
fn a_host_that_does_not_serve_is_told_so() {
    let place = Place::new();
    let starts = place.join("starts");
    let runners = place.runner_directory("runners", &["protea_toy"]);
    let ran = Command::new(env::current_exe().unwrap())
        .args(HOST)
        .env(STARTS, &starts)
        .env(RUNNERS, runners)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    assert!(said.contains("begin its main with"), "{said}");
    assert!(said.contains("serve_if_asked"), "{said}");
    assert_eq!(fs::read_to_string(starts).unwrap().lines().count(), 2);
}

/// The host; does nothing without the environment variable.
#[test]
fn host() {
    let Some(starts) = env::var_os(STARTS) else {
        return;
    };
    let mut starts = fs::File::options()
        .create(true)
        .append(true)
        .open(starts)
        .unwrap();
    writeln!(starts, "{}", std::process::id()).unwrap();
    let runners = env::var_os(RUNNERS).unwrap();
    let catalog = Catalog::scan(&SearchPath::empty().with(runners));
    let entry = catalog.runners().unwrap().first().unwrap().clone();
    let arguments = HOST.map(str::to_owned).to_vec();
    let command = WorkerCommand::new(env::current_exe().unwrap(), arguments);
    let options = WorkerOptions::new(command);
    let error = Runner::load(&entry, &Isolation::worker(options)).unwrap_err();
    // The host quotes what its worker writes to standard error.
    let mut cause: Option<&dyn Error> = Some(&error);
    while let Some(error) = cause {
        eprintln!("{error}");
        cause = error.source();
    }
}
