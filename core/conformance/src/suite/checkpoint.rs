//! Checkpoints: a fit that was killed and is continued.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use protea_core::contracts::{
    Fit, Level, RunResult,
    event::{Event, EventSink},
};
use protea_files::{Directory, Limits, Links, Never};

use super::scope;
use crate::{
    Checked, Subject, Verdict,
    fixture::{Snapshot, WorkDir},
    subject::cannot_write,
};

scope! {
    /// Checkpoints.
    CheckpointTest {
        /// A fit that is continued from any of its checkpoints writes the model of an uninterrupted one
        Continued = "checkpoint/continued" => continued,
        /// A fit that finds a damaged checkpoint starts from the beginning, and writes the same model
        Damaged = "checkpoint/damaged" => damaged,
    }
}

/// From how many states a fit is continued, at most.
const MOST_STATES: usize = 4;
/// The largest file of a checkpoint in bytes: the suite's datasets are small.
const LARGEST: u64 = 1 << 30;
const REMEDY: &str = "save everything that the rest of the fit depends on, such as the state of random \
                      generators and sums in their order; or do not declare `checkpoints`";
const ANEW: &str = "check a state before you use it, as `Checkpoint::load` does, and start from the beginning without it";
const TOO_SHORT: &str =
    "`fit` saves nothing on the test's dataset, so there is nothing to continue from";

fn continued(subject: &Subject) -> Checked {
    let states = States::of(subject)?;
    for (number, state) in states.copies.iter().enumerate() {
        let what = format!("state {} of {}", number + 1, states.copies.len());
        states.same(subject, &what, REMEDY, |checkpoint| copy(state, checkpoint))?;
    }
    Ok(Verdict::noted(format!("{} states", states.copies.len())))
}

/// What is done to each file of a checkpoint.
type Damage = fn(Vec<u8>) -> Vec<u8>;

fn damaged(subject: &Subject) -> Checked {
    let states = States::of(subject)?;
    let Some(state) = states.copies.last() else {
        return Ok(Verdict::skipped(TOO_SHORT));
    };
    let damages: [(&str, Damage); 3] = [
        ("files that are empty", |_| Vec::new()),
        ("files cut in half", |mut bytes| {
            bytes.truncate(bytes.len() / 2);
            bytes
        }),
        ("files of something else", |bytes| vec![b'?'; bytes.len()]),
    ];
    for (what, damage) in damages {
        states.same(subject, what, ANEW, |checkpoint| {
            copy(state, checkpoint)?;
            for file in files(checkpoint) {
                let bytes = read(&file)?;
                write(&file, &damage(bytes))?;
            }
            Ok(())
        })?;
    }
    Ok(Verdict::passed())
}

/// The states that a fit saved, and the model that it wrote.
struct States {
    dir: WorkDir,
    copies: Vec<PathBuf>,
    model: Snapshot,
}

impl States {
    /// Fits with a checkpoint, and copies what is in it at several events. The model must be that of a
    /// fit without a checkpoint.
    fn of(subject: &Subject) -> Result<Self, Verdict> {
        if !subject.runner()?.capabilities().checkpoints {
            return Err(Verdict::skipped(
                "the runner does not save the state of a fit",
            ));
        }
        subject.fitted()?;
        let dir = subject.work_dir()?;
        fit(subject, &dir, None, Arc::new(Silent))?;
        let model = Snapshot::take(&dir.join("model"));
        protea_files::remove_tree(&dir.join("model")).map_err(cannot_write)?;
        let (copier, checkpoint) = (Arc::new(Copier::new(&dir)), dir.join("checkpoint"));
        fit(subject, &dir, Some(&checkpoint), Arc::clone(&copier) as _)?;
        // What is there when the fit ends is a state too.
        copier.take();
        let copies = copier.taken();
        let states = Self { dir, copies, model };
        states.compare("with a checkpoint", REMEDY)?;
        match states.copies.is_empty() {
            true => Err(Verdict::skipped(TOO_SHORT)),
            false => Ok(states),
        }
    }

    /// Fits with the checkpoint that `prepare` makes, and compares the model.
    fn same(
        &self,
        subject: &Subject,
        what: &str,
        remedy: &str,
        prepare: impl FnOnce(&Path) -> Result<(), Verdict>,
    ) -> Result<(), Verdict> {
        let checkpoint = self.dir.join("checkpoint");
        for directory in [&checkpoint, &self.dir.join("model")] {
            protea_files::remove_tree(directory).map_err(cannot_write)?;
        }
        prepare(&checkpoint)?;
        fit(subject, &self.dir, Some(&checkpoint), Arc::new(Silent))?;
        self.compare(&format!("from {what}"), remedy)
    }

    fn compare(&self, what: &str, remedy: &str) -> Result<(), Verdict> {
        let changes = self
            .model
            .changes(&Snapshot::take(&self.dir.join("model")), |_| false);
        if changes.is_empty() {
            return Ok(());
        }
        Err(Verdict::failed(
            format!("a fit {what} writes the model of an uninterrupted one"),
            changes.join(", "),
            remedy,
        ))
    }
}

fn fit(
    subject: &Subject,
    dir: &WorkDir,
    checkpoint: Option<&Path>,
    sink: Arc<dyn EventSink>,
) -> Result<RunResult, Verdict> {
    let mut request = subject.fit_request(dir, "model", subject.resolved_spec()?);
    if let Some(checkpoint) = checkpoint {
        fs::create_dir_all(checkpoint).map_err(cannot_write)?;
        request.checkpoint_uri = Some(crate::fixture::uri_of(checkpoint));
    }
    let fitted = subject.runner()?.call::<Fit>(&request, sink);
    fitted.map_err(|error| Verdict::from_dispatch("fit with a checkpoint", &error))
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let tree = Directory::open(directory, Links::Refuse)
        .and_then(|opened| opened.walk(&Limits::default(), &Never));
    let files = tree.map(|tree| tree.files).unwrap_or_default();
    files
        .into_iter()
        .map(|file| directory.join(file.path))
        .collect()
}

fn copy(from: &Path, to: &Path) -> Result<(), Verdict> {
    for file in files(from) {
        let place = to.join(file.strip_prefix(from).unwrap_or(&file));
        let parent = place.parent().unwrap_or(to);
        fs::create_dir_all(parent).map_err(cannot_write)?;
        write(&place, &read(&file)?)?;
    }
    Ok(())
}

fn read(file: &Path) -> Result<Vec<u8>, Verdict> {
    let bytes = protea_files::read(file, Links::Refuse, LARGEST);
    bytes.map_err(|error| cannot_write(error.into()))
}

fn write(file: &Path, bytes: &[u8]) -> Result<(), Verdict> {
    protea_files::write(file, bytes).map_err(|error| cannot_write(error.into()))
}

struct Silent;

impl EventSink for Silent {
    fn level(&self) -> Level {
        Level::Error
    }

    fn receive(&self, _: &Event<'_>) {}
}

/// Copies a checkpoint at some of the events of the call, as it would be found if the call were killed
/// at that moment. The number of events between two copies doubles, so that they are spread over any
/// fit.
struct Copier {
    checkpoint: PathBuf,
    copies: PathBuf,
    events: AtomicUsize,
    taken: Mutex<Vec<(PathBuf, Snapshot)>>,
}

impl Copier {
    fn new(dir: &WorkDir) -> Self {
        Self {
            checkpoint: dir.join("checkpoint"),
            copies: dir.join("copies"),
            events: AtomicUsize::new(0),
            taken: Mutex::default(),
        }
    }

    /// Copies what is in the checkpoint, unless it is as in the last copy.
    fn take(&self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let found = Snapshot::take(&self.checkpoint);
        let is_new = taken.last().is_none_or(|(_, last)| *last != found);
        if found.paths().is_empty() || !is_new || taken.len() >= MOST_STATES {
            return;
        }
        let place = self.copies.join(taken.len().to_string());
        if copy(&self.checkpoint, &place).is_ok() {
            taken.push((place, found));
        }
    }

    fn taken(&self) -> Vec<PathBuf> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.iter().map(|(place, _)| place.clone()).collect()
    }
}

impl EventSink for Copier {
    fn level(&self) -> Level {
        Level::Debug
    }

    fn receive(&self, _: &Event<'_>) {
        let number = self.events.fetch_add(1, Ordering::SeqCst);
        let is_empty = || {
            let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
            taken.is_empty()
        };
        // The first state as soon as there is one.
        if is_empty() || number.is_power_of_two() {
            self.take();
        }
    }
}
