//! Trees of an unfinished training, saved and continued.
//!
//! A continued training must give the trees of an uninterrupted one, byte for byte. LightGBM keeps two
//! things between trees: the score of each row, which is the sum of the trees so far and is computed
//! again from them; and the state of the generator that chooses the features of each tree. The state
//! cannot be saved, but it advances by one choice whenever the parameters are set, so it is brought to
//! where it was by setting none, once for each tree. Since this is a property of LightGBM's code and
//! not of its interface, it is checked: the last saved tree is trained once more, and if it or its loss
//! is not the same, the training starts from the beginning.

use std::time::{Duration, Instant};

use protea_contracts::{
    content::digest_bytes,
    prelude::{serde_json::json, *},
};

use crate::{
    labelled::Labelled,
    library::{Booster, Data, LightGbm, LightGbmError},
};

/// How many trees are trained between two states, at least.
const TREES: usize = 25;
/// Saving a state may take this part of the time.
const SHARE: u32 = 20;

/// What the training of an aspect did so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde")]
struct Saved {
    /// A hash of the dataset, the settings and the seed.
    fit: String,
    /// The trees in the format of `model.txt`: all, or the best ones if the training has ended.
    trees: String,
    /// The loss on the held-out proteins after each tree, as the bits of a number.
    losses: Vec<u64>,
    /// Whether the training has ended.
    has_ended: bool,
}

/// The state of the training of one aspect.
pub(crate) struct AspectCheckpoint<'c> {
    checkpoint: Option<&'c Checkpoint>,
    name: String,
    fit: String,
    emit: &'c Emitter,
    /// When the last state was saved, and how long that took.
    saved: (Instant, Duration),
}

/// An unfinished training of an earlier call.
pub(crate) struct Earlier {
    /// All trees in the format of `model.txt`.
    trees: String,
    /// The loss after each.
    losses: Vec<f64>,
    /// The trees before the last one, which is trained again.
    kept: Booster<'static>,
    /// The scores of the rows after these trees.
    training: Vec<f64>,
    held_out: Vec<f64>,
}

/// What was found.
pub(crate) enum Found {
    Nothing,
    /// Some trees in the format of `model.txt`, and the loss after each.
    Unfinished((String, Vec<f64>)),
    /// The best trees of a training that has ended, and the loss after each that was trained.
    Finished(String, Vec<f64>),
}

impl<'c> AspectCheckpoint<'c> {
    /// The state of an aspect, in a file named `name`. `fit` is what else the trees depend on.
    pub(crate) fn new(
        checkpoint: Option<&'c Checkpoint>,
        name: &str,
        fit: &serde_json::Value,
        emit: &'c Emitter,
    ) -> Self {
        Self {
            checkpoint,
            name: name.to_owned(),
            fit: digest_bytes(fit.to_string().as_bytes()).to_string(),
            emit,
            saved: (Instant::now(), Duration::ZERO),
        }
    }

    /// What an earlier call of the same fit saved. A state that cannot be used is as none.
    pub(crate) fn find(&self) -> Found {
        let saved = self.checkpoint.and_then(|checkpoint| {
            let bytes = checkpoint.load(&self.name)?;
            let saved: Saved = serde_json::from_slice(&bytes).ok()?;
            (saved.fit == self.fit && !saved.losses.is_empty()).then_some(saved)
        });
        match saved {
            None => Found::Nothing,
            Some(saved) => {
                let losses = saved.losses.iter().copied().map(f64::from_bits).collect();
                match saved.has_ended {
                    true => Found::Finished(saved.trees, losses),
                    false => Found::Unfinished((saved.trees, losses)),
                }
            }
        }
    }

    /// Saves all trees of a training that goes on, unless the last state is too recent.
    pub(crate) fn save(
        &mut self,
        booster: &Booster<'_>,
        losses: &[f64],
    ) -> Result<(), RunnerError> {
        let (last, cost) = self.saved;
        let is_time = losses.len().is_multiple_of(TREES) && last.elapsed() >= cost * SHARE;
        if self.checkpoint.is_none() || !is_time {
            return Ok(());
        }
        let began = Instant::now();
        self.write(booster.to_text(losses.len())?, losses, false);
        self.saved = (Instant::now(), began.elapsed());
        Ok(())
    }

    /// Saves the best trees of a training that has ended.
    pub(crate) fn end(&mut self, trees: &str, losses: &[f64]) {
        self.write(trees.to_owned(), losses, true);
    }

    fn write(&mut self, trees: String, losses: &[f64], has_ended: bool) {
        let Some(checkpoint) = self.checkpoint else {
            return;
        };
        let saved = Saved {
            fit: self.fit.clone(),
            trees,
            losses: losses.iter().map(|loss| loss.to_bits()).collect(),
            has_ended,
        };
        let written = serde_json::to_vec(&saved)
            .or_failed("writing the checkpoint")
            .and_then(|bytes| checkpoint.save(&self.name, &bytes));
        // The training can go on without.
        if let Err(error) = written {
            let message = format!("the training is not saved any more: {error}");
            self.emit
                .warning("runner.lightgbm.checkpoint", &message, &json!({}));
            self.checkpoint = None;
        }
    }
}

impl Earlier {
    /// Reads the trees that [`Found::Unfinished`] has, and computes the scores that the training
    /// continues from. `None` if the trees cannot be used.
    pub(crate) fn read(
        library: &LightGbm,
        (trees, losses): (String, Vec<f64>),
        training: &Labelled,
        held_out: &Labelled,
        threads: usize,
    ) -> Result<Option<Self>, LightGbmError> {
        let Ok(all) = library.read(&trees) else {
            return Ok(None);
        };
        if losses.len() < 2 || all.features() != training.features.columns() {
            return Ok(None);
        }
        let kept = library.read(&all.to_text(losses.len() - 1)?)?;
        Ok(Some(Self {
            training: kept.scores(&training.features, threads)?,
            held_out: kept.scores(&held_out.features, threads)?,
            trees,
            losses,
            kept,
        }))
    }

    /// Gives the data the scores that the training continues from.
    pub(crate) fn begin(
        &self,
        data: &mut Data<'_>,
        validation: &mut Data<'_>,
    ) -> Result<(), LightGbmError> {
        data.set_scores(&self.training)?;
        validation.set_scores(&self.held_out)
    }

    /// Brings a training with these data to the last saved tree. Returns the losses so far; `None` if
    /// that tree, trained again, is not the same, so that the training must start from the beginning.
    pub(crate) fn resume(
        &self,
        booster: &mut Booster<'_>,
    ) -> Result<Option<Vec<f64>>, LightGbmError> {
        let count = self.losses.len();
        booster.take_trees(&self.kept)?;
        for _ in 1..count {
            booster.choose_features()?;
        }
        let finished = booster.update()?;
        let loss = booster.losses()?.first().copied().unwrap_or(f64::NAN);
        let same = !finished
            && self
                .losses
                .last()
                .is_some_and(|last| last.to_bits() == loss.to_bits())
            && booster.to_text(count)? == self.trees;
        Ok(same.then(|| self.losses.clone()))
    }

    /// Takes the scores away from the data, for a training that starts from the beginning.
    pub(crate) fn forget(
        data: &mut Data<'_>,
        validation: &mut Data<'_>,
    ) -> Result<(), LightGbmError> {
        data.set_scores(&[])?;
        validation.set_scores(&[])
    }
}
