//! Ctrl-C and closed pipes in the middle of `protea predict`.

use std::{
    fs,
    io::Read,
    path::PathBuf,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use protea_e2e::{Place, built, test, train};

/// Longer than anything takes on a busy machine.
const AMPLE: Duration = Duration::from_secs(300);

/// `protea predict` with a directory of its own for temporary files.
fn command(place: &Place, arguments: &[&str]) -> Command {
    let temporary = place.join("temporary");
    fs::create_dir_all(&temporary).unwrap();
    let mut command = place.command(&built().join("protea"));
    command
        .arg("predict")
        .args(arguments)
        .env("TMPDIR", temporary)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What is among the temporary files.
fn temporary(place: &Place) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.join("temporary")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn wait_until(is_true: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_true() {
        assert!(began.elapsed() < AMPLE, "it never came true");
        thread::sleep(Duration::from_millis(20));
    }
}

fn interrupt(child: &Child) {
    let number = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &number]).status();
    assert!(sent.unwrap().success());
}

/// Waits for the end, and checks that nothing is left.
fn ended(place: &Place, child: Child) {
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{output:?}");
    assert_eq!(output.stdout, b"", "{output:?}");
    assert_eq!(temporary(place), [] as [PathBuf; 0], "{output:?}");
    let names: Vec<String> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .filter(|name| name.contains("out.tsv") || name.contains("protea-predict"))
        .collect();
    assert_eq!(names, [] as [String; 0], "{output:?}");
}

/// Starts a prediction that takes minutes, and waits until the runner has begun.
fn slow(place: &Place) -> Child {
    let (train, test) = (train(), test());
    let fit = [
        "fit",
        "knn",
        "--train",
        train.to_str().unwrap(),
        "--set",
        "k=2000",
        "--set",
        "vote=composite",
        "--set",
        "weights.identity_nw=1",
        "--json",
    ];
    let run = place.protea(fit).json();
    let run = run["run_id"].as_str().unwrap();
    let dataset = test.to_str().unwrap();
    let child = command(place, &[run, "--dataset", dataset, "-o", "out.tsv"]).spawn();
    let child = child.unwrap();
    wait_until(|| {
        let mut scratch = temporary(place).into_iter();
        scratch.any(|scratch| scratch.join("output/unpredicted.tsv").exists())
    });
    child
}

#[test]
fn ctrl_c_while_predicting_leaves_nothing() {
    let place = Place::new();
    let child = slow(&place);
    interrupt(&child);
    ended(&place, child);
}

#[test]
fn a_second_ctrl_c_leaves_nothing_either() {
    let place = Place::new();
    let mut child = slow(&place);
    interrupt(&child);
    // The second must not come before the first was noticed; the system would merge them.
    let mut stderr = child.stderr.take().unwrap();
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("press Ctrl-C again") {
        let mut byte = [0];
        assert_eq!(stderr.read(&mut byte).unwrap(), 1);
        heard.push(byte[0]);
    }
    let number = child.id().to_string();
    // It may have ended by itself.
    drop(Command::new("kill").args(["-INT", &number]).output());
    ended(&place, child);
}

#[test]
fn ctrl_c_while_reading_a_pipe_leaves_nothing() {
    let place = Place::new();
    let train = train();
    let fit = [
        "fit",
        "baseline",
        "--train",
        train.to_str().unwrap(),
        "--json",
    ];
    let run = place.protea(fit).json();
    let run = run["run_id"].as_str().unwrap();
    let mut child = command(&place, &[run, "--fasta", "-"]).spawn().unwrap();
    // The pipe stays open.
    let pipe = child.stdin.take();
    wait_until(|| {
        let mut scratch = temporary(&place).into_iter();
        scratch.any(|scratch| scratch.join("standard-input.fasta").exists())
    });
    interrupt(&child);
    ended(&place, child);
    drop(pipe);
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let place = Place::new();
    let train = train();
    let fit = ["fit", "knn", "--train", train.to_str().unwrap(), "--json"];
    let run = place.protea(fit).json();
    let run = run["run_id"].as_str().unwrap();
    let test = test();
    let arguments = [
        run,
        "--dataset",
        test.to_str().unwrap(),
        "--format",
        "tsv",
        "--quiet",
    ];
    let mut child = command(&place, &arguments).spawn().unwrap();
    let mut first = [0; 10];
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut first).unwrap();
    drop(stdout);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(output.stderr, b"", "{output:?}");
    assert_eq!(temporary(&place), [] as [PathBuf; 0]);
}
