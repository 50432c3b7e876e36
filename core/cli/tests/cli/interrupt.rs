//! The first Ctrl-C cancels, the second ends the process.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStderr, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::place::{FASTA, Place};

/// Far longer than the command takes to end, even on a busy machine.
const LONG: Duration = Duration::from_secs(120);

/// A freeze that waits for its FASTA file, a pipe that the test writes to.
struct Waiting {
    child: Child,
    stderr: BufReader<ChildStderr>,
    fasta: File,
}

impl Waiting {
    fn begin(place: &Place) -> Self {
        let pipe = place.join("pipe");
        assert!(
            Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        let mut command = place.command();
        command.args(
            "dataset freeze frozen --name n --ontology go.obo --fasta pipe --annotations terms.tsv"
                .split(' '),
        );
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        // Opens when the command opens the other end: it has its handler by then.
        let mut fasta = File::options().write(true).open(&pipe).unwrap();
        fasta.write_all(FASTA.as_bytes()).unwrap();
        Self {
            child,
            stderr,
            fasta,
        }
    }

    fn interrupt(&self, signal: &str) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args([signal, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    fn wait_for(&mut self, text: &str) {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert_ne!(self.stderr.read_line(&mut line).unwrap(), 0, "no {text:?}");
        }
    }

    fn end(mut self, place: &Place) -> (Option<i32>, String) {
        drop(self.fasta);
        let mut rest = String::new();
        self.stderr.read_to_string(&mut rest).unwrap();
        let code = self.child.wait().unwrap().code();
        std::fs::remove_file(place.join("pipe")).unwrap();
        (code, rest)
    }
}

#[test]
fn the_first_signal_cancels_the_command() {
    for (signal, expected) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
        let place = Place::new();
        let mut waiting = Waiting::begin(&place);
        waiting.interrupt(signal);
        waiting.wait_for("cancelling; press Ctrl-C again to stop at once");
        let (code, rest) = waiting.end(&place);
        assert_eq!(code, Some(expected), "{rest}");
        assert!(rest.contains("error: cancelled"), "{rest}");
        assert_eq!(place.new_names(), Vec::<String>::new());
    }
}

#[test]
fn a_command_that_waits_for_ever_ends_after_one_signal() {
    let place = Place::new();
    let mut waiting = Waiting::begin(&place);
    // The pipe stays open and empty.
    waiting.interrupt("-TERM");
    let mut told = String::new();
    waiting.stderr.read_to_string(&mut told).unwrap();
    let status = waiting.child.wait().unwrap();
    assert_eq!(status.code(), Some(143), "{told}");
    assert!(
        told.contains("cancelling") && told.contains("error: cancelled"),
        "{told}"
    );
    std::fs::remove_file(place.join("pipe")).unwrap();
    assert_eq!(place.new_names(), Vec::<String>::new());
}

#[test]
fn the_second_signal_ends_it_at_once() {
    let place = Place::new();
    let mut waiting = Waiting::begin(&place);
    waiting.interrupt("-INT");
    waiting.wait_for("cancelling");
    waiting.interrupt("-INT");
    let began = Instant::now();
    let ended = loop {
        match waiting.child.try_wait().unwrap() {
            None if began.elapsed() < LONG => thread::sleep(Duration::from_millis(10)),
            ended => break ended,
        }
    };
    if ended.is_none() {
        waiting.child.kill().unwrap();
    }
    assert_eq!(ended.and_then(|status| status.code()), Some(130));
}
