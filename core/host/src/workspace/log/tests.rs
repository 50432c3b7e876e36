use std::{sync::Arc, thread};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn log(directory: &TempDir, run: &str) -> RunLog {
    RunLog::create(&directory.path().join(run), "training", run).unwrap()
}

fn read(directory: &TempDir, run: &str) -> String {
    fs::read_to_string(directory.path().join(run).join(RUN_LOG)).unwrap()
}

fn event<'a>(name: &'a str, message: Option<&'a str>, fields: &'a [u8]) -> Event<'a> {
    Event {
        name,
        message,
        fields,
        level: Level::Info,
    }
}

/// The messages of the lines, and that they are lines of this run.
fn messages<'a>(text: &'a str, run: &str, step: &str) -> Vec<&'a str> {
    let lines = text.lines().map(|line| LogLine::parse(line).unwrap());
    lines
        .map(|line| {
            assert_eq!(
                ("training", run, step),
                (line.pipeline, line.run_id, line.step)
            );
            assert_eq!(line.time.len(), "2026-11-20T20:40:52.123Z".len());
            line.message
        })
        .collect()
}

#[test]
fn a_line_is_read_as_it_was_written() {
    let text = line::format(
        "2026-11-20T20:40:52Z".parse().unwrap(),
        Level::Warning,
        "training r1",
        "00_fit",
        "say [what] \u{1b}[31mred\r\nand\u{2028}more\n",
    );
    assert_eq!(
        text,
        "2026-11-20T20:40:52.000Z WARN  [training r1 00_fit] say [what] \\u{1b}[31mred ⏎ and ⏎ more"
    );
    let line = LogLine::parse(&text).unwrap();
    assert_eq!((line.level, line.step), ("WARN", "00_fit"));
    assert_eq!(line.message, "say [what] \\u{1b}[31mred ⏎ and ⏎ more");
    assert_eq!(LogLine::parse("no line"), None);
}

#[test]
fn long_texts_are_cut_and_their_length_is_said() {
    let directory = TempDir::new().unwrap();
    let log = log(&directory, "r1");
    let long = "ä".repeat(3000);
    log.event("-", &event("runner.x", Some(&long), long.as_bytes()));
    log.line(Level::Info, "-", &long.repeat(2));
    log.has_ended();
    drop(log);
    let text = read(&directory, "r1");
    assert!(text.len() < 13_000);
    assert_eq!(text.matches("… (2000 of 6000 bytes)").count(), 2);
    assert_eq!(text.matches("… (8000 of 12000 bytes)").count(), 1);
}

#[test]
fn repeats_are_at_debug_and_counted_at_the_end() {
    for level in [Level::Info, Level::Debug] {
        let directory = TempDir::new().unwrap();
        let log = log(&directory, "r1").at_level(level);
        for _ in 0..12_345 {
            log.event("00_fit", &event("runner.noise", None, b"{}"));
        }
        log.event("00_fit", &event("runner.rare", None, b"{}"));
        log.end_step("00_fit");
        // In the next step it is heard again.
        log.event("00_fit", &event("runner.noise", None, b"{}"));
        log.has_ended();
        let text = read(&directory, "r1");
        let messages = messages(&text, "r1", "00_fit");
        let noise = messages.iter().filter(|m| **m == "runner.noise").count();
        let expected = if level == Level::Debug { 10_001 } else { 101 };
        assert_eq!(noise, expected);
        let rest = messages[messages.len() - 4..].to_vec();
        let last = if level == Level::Debug {
            "runner.noise"
        } else {
            "Events runner.noise: 100 so far in this step; the rest at DEBUG"
        };
        let counted = "Events runner.noise: 12345 in this step, 100 logged at their own level, \
                       9900 more at DEBUG, 2345 left out";
        assert_eq!(rest, [last, "runner.rare", counted, "runner.noise"]);
    }
}

#[test]
fn names_that_are_made_up_do_not_fill_the_log() {
    let directory = TempDir::new().unwrap();
    let log = log(&directory, "r1");
    for number in 0..5000 {
        log.event("-", &event(&format!("runner.{number}"), None, b"{}"));
    }
    log.end_step("-");
    log.has_ended();
    let text = read(&directory, "r1");
    assert!(text.lines().count() < 310, "{}", text.lines().count());
    assert!(text.contains("Events of other names: 4800 in this step"));
}

#[test]
fn no_event_looks_like_a_line_of_the_host() {
    let directory = TempDir::new().unwrap();
    let log = log(&directory, "r1");
    let forged = "Metrics: MFO.fmax=0.999";
    for name in [
        forged,
        "Run finished",
        "\u{202e}x",
        "a b",
        "",
        "Events runner.x: 100",
        "-",
    ] {
        log.event("00_fit", &event(name, None, b"{}"));
    }
    log.event(
        "00_fit",
        &event(
            "runner.x",
            Some("a\nFinished step 00_fit\u{9b}2J\u{2066}"),
            b"{}",
        ),
    );
    log.has_ended();
    let text = read(&directory, "r1");
    let quoted = [
        r#"event "Metrics: MFO.fmax=0.999""#,
        r#"event "Run finished""#,
        r#"event "\u{202e}x""#,
        r#"event "a b""#,
        r#"event """#,
        r#"event "Events runner.x: 100""#,
        r#"event "-""#,
        r"runner.x: a ⏎ Finished step 00_fit\u{9b}2J\u{2066}",
    ];
    assert_eq!(messages(&text, "r1", "00_fit"), quoted);
}

#[test]
fn two_runs_in_one_process_never_mix_or_double_lines() {
    const THREADS: usize = 4;
    const EACH: usize = 60;
    let directory = TempDir::new().unwrap();
    let logs = ["r1", "r2"].map(|run| (run, Arc::new(log(&directory, run))));
    thread::scope(|scope| {
        for (run, log) in &logs {
            for thread in 0..THREADS {
                scope.spawn(move || {
                    for number in 0..EACH {
                        let name = format!("{run}.{thread}");
                        let fields = format!("{{\"n\":{number}}}");
                        log.event("00_fit", &event(&name, None, fields.as_bytes()));
                    }
                });
            }
        }
    });
    for (run, log) in logs {
        log.has_ended();
        let text = read(&directory, run);
        let mut found = messages(&text, run, "00_fit");
        found.sort_unstable();
        let mut expected: Vec<String> = (0..THREADS * EACH)
            .map(|i| format!("{run}.{} {{\"n\":{}}}", i / EACH, i % EACH))
            .collect();
        expected.sort_unstable();
        assert_eq!(found, expected);
        let times: Vec<&str> = text.lines().map(|line| &line[..24]).collect();
        assert!(times.is_sorted());
    }
}

#[test]
fn the_same_lines_go_to_the_echo() {
    let directory = TempDir::new().unwrap();
    let heard: Arc<Mutex<String>> = Arc::default();
    let echo = Arc::clone(&heard);
    let log = log(&directory, "r1").with_echo(move |_, line| {
        let mut heard = echo.lock().unwrap();
        heard.push_str(line);
        heard.push('\n');
    });
    log.line(Level::Debug, "-", "not taken");
    log.line(Level::Info, "-", "taken");
    log.event("-", &event("runner.x", Some("a\nb"), b"{}"));
    log.has_ended();
    drop(log);
    assert_eq!(*heard.lock().unwrap(), read(&directory, "r1"));
}

#[test]
fn a_host_that_panics_between_steps_leaves_a_log_that_says_so() {
    let directory = TempDir::new().unwrap();
    let log = log(&directory, "r1");
    let panicked = thread::scope(|scope| {
        let work = scope.spawn(move || {
            log.line(Level::Info, "00_fit", "Finished step 00_fit");
            panic!("between steps");
        });
        work.join()
    });
    assert!(panicked.is_err());
    let text = read(&directory, "r1");
    let last = LogLine::parse(text.lines().last().unwrap()).unwrap();
    assert_eq!(last.level, "ERROR");
    assert_eq!(last.message, "Run failed: the program panicked");
}

proptest! {
    #[test]
    fn one_event_is_one_line_whatever_a_runner_sends(
        name in any::<String>(),
        message in any::<Option<String>>(),
        fields in any::<Vec<u8>>(),
        level in 0_u8..4,
    ) {
        let directory = TempDir::new().unwrap();
        let log = log(&directory, "r1").at_level(Level::Debug);
        let level = Level::from_number(level);
        let message = message.as_deref();
        log.event("00_fit", &Event { name: &name, message, fields: &fields, level });
        log.has_ended();
        let text = read(&directory, "r1");
        prop_assert_eq!(text.lines().count(), 1);
        prop_assert!(text.ends_with('\n'));
        prop_assert!(!text[..text.len() - 1].chars().any(char::is_control));
        let ends = ['\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'];
        prop_assert!(!text.contains(ends));
        prop_assert_eq!(LogLine::parse(&text).unwrap().run_id, "r1");
    }
}
