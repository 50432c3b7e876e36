//! Logs of version 1.1, which kept their newest lines in a second file, `events.tail`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protea_tracking::{
    Jsonl, Memory, RunEvent, RunStatus, TrackerError,
    log::{EventLog, LogReader},
    sync_run,
};

/// Events in the log of [`abandoned`], and with those in its tail.
const IN_LOG: usize = 66;
const ALL: usize = 301;

fn events(log: &Path) -> Vec<RunEvent<'static>> {
    LogReader::open(log, 0).unwrap().rest().unwrap()
}

fn lines(log: &Path) -> usize {
    let text = fs::read_to_string(log).unwrap();
    assert!(text.ends_with('\n'), "complete lines only");
    text.lines().count()
}

/// The file of a tail as version 1.1 wrote it: `lines` belong in the log at `base`.
fn tail_file(base: u64, lines: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; 65536];
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&base.to_le_bytes()), lines);
    let state = (lines.len() as u64) << 32 | u64::from(checksum);
    bytes[..8].copy_from_slice(b"evtail1\n");
    bytes[8..16].copy_from_slice(&base.to_le_bytes());
    bytes[16..24].copy_from_slice(&state.to_le_bytes());
    bytes[64..64 + lines.len()].copy_from_slice(lines);
    bytes
}

/// A log with a tail, as a killed process of version 1.1 left them.
fn abandoned(directory: &Path) -> (PathBuf, PathBuf) {
    let mut text = String::from(
        r#"{"seq":0,"time":"2026-11-21T08:49:49Z","event":"init_run","run_id":"run","name":"run","started":"2026-11-21T08:49:49Z","config":{},"tags":{},"parent":null,"project":null,"group":null,"kind":null,"notes":null,"offline":false}"#,
    );
    text.push('\n');
    for seq in 1..ALL {
        let step = seq - 1;
        text.push_str(&format!(
            r#"{{"seq":{seq},"time":"2026-11-21T08:49:49.{seq:06}Z","event":"log","step":{step},"metrics":{{"loss":0.5}}}}"#
        ));
        text.push('\n');
    }
    let base: usize = text.split_inclusive('\n').take(IN_LOG).map(str::len).sum();
    let log = directory.join("run/events.jsonl");
    let tail = log.with_extension("tail");
    fs::create_dir_all(directory.join("run")).unwrap();
    fs::write(&log, &text[..base]).unwrap();
    fs::write(&tail, tail_file(base as u64, &text.as_bytes()[base..])).unwrap();
    (log, tail)
}

/// As if writing or merging the tail was interrupted after any of its bytes.
#[test]
fn a_log_with_any_part_of_its_tail_gets_the_rest() {
    let directory = tempfile::tempdir().unwrap();
    let (log, tail) = abandoned(directory.path());
    let (written, held) = (fs::read(&log).unwrap(), fs::read(&tail).unwrap());
    let expected = events(&log);
    assert_eq!(expected.len(), ALL);
    drop(EventLog::open(&log).unwrap());
    let whole = fs::read(&log).unwrap();
    assert!(whole.starts_with(&written) && whole.len() > written.len());
    assert_eq!(lines(&log), ALL);
    assert!(!tail.exists());

    // Every byte of the first lines, then some, and the end.
    let near = written.len()..whole.len().min(written.len() + 300);
    let far = (near.end..whole.len()).step_by(41).chain([whole.len()]);
    for end in near.chain(far) {
        fs::write(&log, &whole[..end]).unwrap();
        fs::write(&tail, &held).unwrap();
        assert!(events(&log) == expected, "cut at {end}: read");
        let last = EventLog::open(&log).unwrap().last_seq();
        assert_eq!(last, Some(ALL as u64 - 1));
        assert!(fs::read(&log).unwrap() == whole, "cut at {end}: merged");
        assert!(!tail.exists());
    }
}

/// As after a power failure. The log has complete lines and can be continued.
#[test]
fn a_damaged_or_displaced_tail_adds_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (log, tail) = abandoned(directory.path());
    let (written, held) = (fs::read(&log).unwrap(), fs::read(&tail).unwrap());
    for damaged in [
        &b""[..],
        b"evtail1\n",
        &held[..64],
        &held[..100],
        &[0; 65536],
        &[&held[..200], b"x", &held[201..]].concat(),
    ] {
        fs::write(&tail, damaged).unwrap();
        assert_eq!(events(&log).len(), IN_LOG);
        let opened = EventLog::open(&log).unwrap();
        assert_eq!(opened.last_seq(), Some(IN_LOG as u64 - 1));
        drop(opened);
        assert!(fs::read(&log).unwrap() == written);
        assert!(!tail.exists());
    }

    // The log ends before the offset of the tail.
    fs::write(&log, &written[..written.len() - 5]).unwrap();
    fs::write(&tail, &held).unwrap();
    assert_eq!(events(&log).len(), IN_LOG - 1);
    let last = EventLog::open(&log).unwrap().last_seq();
    assert_eq!(last, Some(IN_LOG as u64 - 2));
    assert_eq!(lines(&log), IN_LOG - 1);

    // The log has other lines at the offset of the tail. Neither is thrown away.
    fs::write(&log, [&written[..], b"{}\n"].concat()).unwrap();
    fs::write(&tail, &held).unwrap();
    let error = EventLog::open(&log).unwrap_err();
    assert!(
        matches!(&error, TrackerError::Corrupt { path, .. } if *path == tail),
        "{error}"
    );
    assert!(tail.exists());
}

#[test]
fn a_killed_run_of_version_1_1_is_closed_and_sent() {
    let directory = tempfile::tempdir().unwrap();
    let (log, tail) = abandoned(directory.path());
    let expected = events(&log);
    let open_runs = directory.path().join(".open");
    fs::create_dir_all(&open_runs).unwrap();
    let marker = open_runs.join("run");
    // The identity of a process of another machine.
    fs::write(&marker, "../run/events.jsonl\nnowhere 1 1").unwrap();
    let backend = Memory::default();
    sync_run(&log, std::sync::Arc::new(backend.clone())).unwrap();
    assert!(backend.runs()[0].events == expected);

    let closed = Jsonl::new(directory.path()).unwrap().close_vanished();
    let closed = closed.unwrap();
    assert_eq!(closed[0].status, RunStatus::Killed);
    assert!(!tail.exists() && !marker.exists());
    assert_eq!(lines(&log), ALL + 1);
    assert!(events(&log)[..ALL] == expected);
    let sent = sync_run(&log, std::sync::Arc::new(backend.clone())).unwrap();
    assert_eq!(sent.sent, 1, "only the end is new");
    assert_eq!(backend.runs()[0].events.len(), ALL + 1);
}
