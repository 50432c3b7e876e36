//! The file of a run is the same after any interruptions of feeding.

use std::fs;

use proptest::{prelude::*, sample::Index};
use protea_tracking::{Tracker, Wandb};

use crate::events::{events, everything, feed, finish, log, run_file, start, tags};

#[test]
fn a_file_cut_at_any_byte_is_completed_to_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let events = everything(&directory.join("artefacts"));
    feed(directory, &events);
    let file = run_file(directory);
    let whole = fs::read(&file).unwrap();
    let tracker = Wandb::new(directory).unwrap();
    let mut applied_before = None;
    for length in 0..=whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        let mut sink = tracker.open_run(&start()).unwrap();
        let applied = sink.applied();
        assert!(applied >= applied_before, "{applied:?} at {length}");
        applied_before = applied;
        // Continue after the last event of the file, or begin again.
        let skip = if length % 2 == 0 {
            0
        } else {
            applied.map_or(0, |seq| seq as usize + 1)
        };
        sink.apply(&events[skip..]).unwrap();
        assert!(
            fs::read(&file).unwrap() == whole,
            "cut at {length} of {}",
            whole.len()
        );
    }
    assert_eq!(applied_before, Some(events.len() as u64 - 1));
}

#[test]
fn a_damaged_file_is_rewritten_from_the_damage_on() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    let events = everything(&directory.join("artefacts"));
    feed(directory, &events);
    let file = run_file(directory);
    let whole = fs::read(&file).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 1;
    fs::write(&file, &damaged).unwrap();
    feed(directory, &events);
    assert!(fs::read(&file).unwrap() == whole);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_file_is_independent_of_batches(
        steps in proptest::collection::vec((0..6_u64, 0..4_usize), 1..60),
        interruptions in proptest::collection::vec(any::<(Index, bool, Index)>(), 0..8),
    ) {
        const NAMES: [&str; 4] = ["loss", "MFO/fmax", "BPO/fmax", "a.b"];
        let mut kinds: Vec<_> = steps
            .iter()
            .enumerate()
            .map(|(at, &(step, name))| match name {
                3 if at % 2 == 0 => tags("at", &at.to_string()),
                _ => log(step, &[(NAMES[name], at as f64)]),
            })
            .collect();
        kinds.push(finish(protea_tracking::RunStatus::Finished, None));
        let events = events(kinds);

        let reference = tempfile::tempdir().unwrap();
        feed(reference.path(), &events);
        let directory = tempfile::tempdir().unwrap();
        let tracker = Wandb::new(directory.path()).unwrap();
        let mut sink = tracker.open_run(&start()).unwrap();
        for (to, cut, at) in interruptions {
            sink.apply(&events[..to.index(events.len())]).unwrap();
            if cut {
                drop(sink);
                let file = run_file(directory.path());
                let bytes = fs::read(&file).unwrap();
                if !bytes.is_empty() {
                    fs::write(&file, &bytes[..at.index(bytes.len())]).unwrap();
                }
                sink = tracker.open_run(&start()).unwrap();
            }
        }
        sink.apply(&events).unwrap();
        let file = fs::read(run_file(directory.path())).unwrap();
        prop_assert!(file == fs::read(run_file(reference.path())).unwrap());
    }
}
