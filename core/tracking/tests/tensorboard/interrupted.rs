//! The file of a run is the same after any interruptions of feeding.

use std::fs;

use proptest::{prelude::*, sample::Index};
use protea_tracking::{RunQuery, RunStatus, TensorBoard, Tracker};

use crate::{events, everything, feed, log, start};

#[test]
fn a_file_cut_at_any_byte_is_completed_to_the_same_file() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = TensorBoard::new(directory.path()).unwrap();
    let events = everything();
    feed(directory.path(), &events);
    let file = tracker.event_file(&start());
    let whole = fs::read(&file).unwrap();
    let mut applied_before = None;
    for length in 0..=whole.len() {
        fs::write(&file, &whole[..length]).unwrap();
        let mut sink = tracker.open_run(&start()).unwrap();
        let applied = sink.applied();
        assert!(applied >= applied_before, "{applied:?} at {length}");
        applied_before = applied;
        // Continue after the last event of the file, or begin again.
        let skip = match applied {
            Some(seq) if length % 2 == 0 => seq as usize + 1,
            _ => 0,
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
fn a_run_is_listed_with_its_tags_and_its_end() {
    let directory = tempfile::tempdir().unwrap();
    let tracker = TensorBoard::new(directory.path()).unwrap();
    let events = everything();
    feed(directory.path(), &events[..4]);
    let run = tracker
        .list_runs(&RunQuery::default())
        .unwrap()
        .runs
        .remove(0);
    assert_eq!(run.status, RunStatus::Running);
    assert_eq!(run.tags["dataset"], "A");
    feed(directory.path(), &events);
    let run = tracker
        .list_runs(&RunQuery::default())
        .unwrap()
        .runs
        .remove(0);
    assert_eq!(run.run_id, start().run_id);
    assert_eq!(run.status, RunStatus::Failed);
    assert_eq!(run.tags["dataset"], "B");
    assert_eq!(run.started, start().started);
    assert_eq!(run.finished, Some(events.last().unwrap().time));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_file_is_independent_of_batches(
        steps in proptest::collection::vec(0..6_u64, 1..60),
        interruptions in proptest::collection::vec(any::<(Index, bool, Index)>(), 0..8),
    ) {
        let kinds = steps.iter().zip(0_u32..);
        let kinds = kinds.map(|(&step, at)| log(step, &[("loss", f64::from(at))]));
        let events = events(kinds.collect());
        let reference = tempfile::tempdir().unwrap();
        feed(reference.path(), &events);
        let directory = tempfile::tempdir().unwrap();
        let tracker = TensorBoard::new(directory.path()).unwrap();
        let file = tracker.event_file(&start());
        let mut sink = tracker.open_run(&start()).unwrap();
        for (to, cut, at) in interruptions {
            sink.apply(&events[..to.index(events.len())]).unwrap();
            if cut {
                drop(sink);
                let bytes = fs::read(&file).unwrap();
                if !bytes.is_empty() {
                    fs::write(&file, &bytes[..at.index(bytes.len())]).unwrap();
                }
                sink = tracker.open_run(&start()).unwrap();
            }
        }
        sink.apply(&events).unwrap();
        let expected = TensorBoard::new(reference.path()).unwrap().event_file(&start());
        prop_assert!(fs::read(&file).unwrap() == fs::read(expected).unwrap());
    }
}
