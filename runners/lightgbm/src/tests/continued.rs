//! A training that is interrupted and continued gives the model of an uninterrupted one.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use protea_contracts::{
    Checkpoint, Emitter, ExperimentRunner, FitRequest, Level, RunResult, RunnerError,
    emit::{Event, EventSink, METRIC},
    prelude::serde_json::{self, Value},
};

use super::calls::{example, files, lightgbm, quick, uri};
use crate::{
    runner::LightGbmRunner,
    spec::{LightGbmSpec, Rerank},
};

/// Counts trees, and cancels the call after so many.
struct Trees {
    metrics: Mutex<Vec<(String, u64, u64)>>,
    continued: AtomicUsize,
    last: usize,
}

impl Trees {
    fn until(last: usize) -> Arc<Self> {
        Arc::new(Self {
            metrics: Mutex::default(),
            continued: AtomicUsize::default(),
            last,
        })
    }

    /// How many trees the call trained itself.
    fn trained(&self) -> usize {
        self.metrics.lock().unwrap().len() - self.continued.load(Ordering::SeqCst)
    }
}

impl EventSink for Trees {
    fn level(&self) -> Level {
        Level::Info
    }

    fn receive(&self, event: &Event<'_>) {
        let fields: Value = serde_json::from_slice(event.fields).unwrap();
        if event.name == METRIC {
            let bits = fields["value"].as_f64().unwrap().to_bits();
            let name = fields["name"].as_str().unwrap().to_owned();
            let tree = (name, fields["step"].as_u64().unwrap(), bits);
            self.metrics.lock().unwrap().push(tree);
        }
        if event.name == "runner.lightgbm.continued" {
            let trees = fields["trees"].as_u64().unwrap();
            self.continued
                .fetch_add(usize::try_from(trees).unwrap(), Ordering::SeqCst);
        }
    }

    fn is_cancelled(&self) -> bool {
        self.trained() >= self.last
    }
}

fn spec() -> LightGbmSpec {
    LightGbmSpec {
        k: 5,
        aligned: 0,
        components: 2,
        maximum_rows: 4_000,
        trees: 60,
        patience: 60,
        rerank: Rerank::Always,
        ..quick()
    }
}

fn fit(
    spec: &LightGbmSpec,
    output: &Path,
    checkpoint: Option<&Path>,
    trees: &Arc<Trees>,
) -> Result<RunResult, RunnerError> {
    let _ = fs::remove_dir_all(output);
    let mut request = FitRequest::new(spec.clone(), uri(&example("train")), uri(output));
    request.seed = 42;
    request.threads = 2;
    request.checkpoint_uri = checkpoint.map(uri);
    LightGbmRunner.fit(&request, &Emitter::new(Arc::clone(trees) as _))
}

/// The files of a model, and what the call recorded.
type Made = (Vec<(PathBuf, Vec<u8>)>, Value, Vec<(String, u64, u64)>);

fn made(output: &Path, fitted: &RunResult, trees: &Trees) -> Made {
    (
        files(output),
        serde_json::to_value(fitted).unwrap(),
        trees.metrics.lock().unwrap().clone(),
    )
}

#[test]
fn a_continued_fit_is_the_uninterrupted_one() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let (output, checkpoint) = (place.path().join("model"), place.path().join("checkpoint"));
    let all = Trees::until(usize::MAX);
    let fitted = fit(&spec(), &output, None, &all).unwrap();
    let expected = made(&output, &fitted, &all);
    let count = all.trained();
    assert!(count > 120, "{count} trees");

    // Cancelled in each aspect, and once before anything new is saved.
    let mut trained = Vec::new();
    loop {
        let trees = Trees::until(40);
        match fit(&spec(), &output, Some(&checkpoint), &trees) {
            Ok(fitted) => {
                trained.push(trees.trained());
                assert_eq!(made(&output, &fitted, &trees), expected);
                break;
            }
            Err(RunnerError::Cancelled) => trained.push(trees.trained()),
            Err(error) => panic!("{error}"),
        }
        assert!(trained.len() < 20, "no progress: {trained:?}");
    }
    // At most what was trained after the last of the states, which are 25 trees apart, is trained again.
    let again = trained.iter().sum::<usize>() - count;
    assert!(again <= 25 * trained.len(), "{trained:?}");

    // All of it is there: nothing is trained.
    let trees = Trees::until(usize::MAX);
    let again = fit(&spec(), &output, Some(&checkpoint), &trees).unwrap();
    assert_eq!(trees.trained(), 0);
    assert_eq!(made(&output, &again, &trees), expected);
}

#[test]
fn a_checkpoint_that_does_not_fit_is_not_used() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let (output, checkpoint) = (place.path().join("model"), place.path().join("checkpoint"));
    let quick = LightGbmSpec {
        trees: 30,
        ..spec()
    };
    let all = Trees::until(usize::MAX);
    let fitted = fit(&quick, &output, None, &all).unwrap();
    let expected = made(&output, &fitted, &all);
    let begin = || {
        let trees = Trees::until(27);
        assert!(fit(&quick, &output, Some(&checkpoint), &trees).is_err());
        let names: Vec<_> = files(&checkpoint)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(names.len(), 1, "{names:?}");
        names[0].to_str().unwrap().to_owned()
    };
    // Of other settings.
    begin();
    let other = LightGbmSpec {
        learning_rate: 0.1,
        ..quick.clone()
    };
    let trees = Trees::until(27);
    assert!(fit(&other, &output, Some(&checkpoint), &trees).is_err());
    assert_eq!(trees.continued.load(Ordering::SeqCst), 0);
    fs::remove_dir_all(&checkpoint).unwrap();

    // A state whose trees are not those of this training, although it says so.
    let name = begin();
    let saved = Checkpoint::open(&checkpoint).unwrap();
    let mut state: Value = serde_json::from_slice(&saved.load(&name).unwrap()).unwrap();
    let text = state["trees"].as_str().unwrap();
    let line = text.lines().find(|line| line.starts_with("leaf_value="));
    // Of the same length, as LightGBM relies on the lengths of its trees.
    let (kept, digit) = line.unwrap().split_at(line.unwrap().len() - 1);
    let other = format!("{kept}{}", (digit.parse::<u8>().unwrap() + 1) % 10);
    state["trees"] = text.replacen(line.unwrap(), &other, 1).into();
    saved.save(&name, state.to_string().as_bytes()).unwrap();
    let trees = Trees::until(usize::MAX);
    let fitted = fit(&quick, &output, Some(&checkpoint), &trees).unwrap();
    assert_eq!(trees.continued.load(Ordering::SeqCst), 0);
    assert_eq!(made(&output, &fitted, &trees), expected);
    fs::remove_dir_all(&checkpoint).unwrap();

    // A damaged file.
    let name = begin();
    fs::write(checkpoint.join(&name), b"protea-checkpoint 1 ").unwrap();
    let trees = Trees::until(usize::MAX);
    let fitted = fit(&quick, &output, Some(&checkpoint), &trees).unwrap();
    assert_eq!(trees.continued.load(Ordering::SeqCst), 0);
    assert_eq!(made(&output, &fitted, &trees), expected);
}
