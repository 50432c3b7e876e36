//! The folds of the training proteins, which do not vote for each other, and the proteins that are
//! held out.

use std::collections::HashMap;

use protea_cafa::dataset::FrozenDataset;
use protea_contracts::prelude::*;

/// Mixed into the seed, so that the choice of held-out proteins does not depend on the folds.
const HELD_OUT: u64 = 0x9e37_79b9_7f4a_7c15;

/// The folds of a training set. Proteins with the same sequence are in the same fold, so that none
/// votes for itself under another accession.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folds {
    /// The number of folds.
    pub(crate) count: usize,
    /// The fold of each protein.
    pub(crate) fold: Vec<u32>,
    /// The half of each protein; its statistics are counted in the other half. Proteins with the
    /// same sequence are in the same half.
    pub(crate) half: Vec<u8>,
    /// Whether each protein is excluded from training.
    pub(crate) held_out: Vec<bool>,
}

impl Folds {
    /// Assigns the proteins to `folds` folds, at most one per different sequence, and holds out a
    /// fraction of them.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when there are fewer than two different proteins.
    pub(crate) fn assign(
        dataset: &FrozenDataset,
        folds: usize,
        held_out: f64,
        seed: u64,
    ) -> Result<Self, RunnerError> {
        let groups = groups(dataset);
        let count = groups.iter().max().map_or(0, |last| last + 1);
        if count < 2 {
            return Err(RunnerError::Dataset {
                message: format!(
                    "{} has fewer than two different proteins; a re-ranker learns from neighbours",
                    dataset.directory().display()
                ),
            });
        }
        let folds = folds.min(count);
        let place = shuffled(count, seed);
        let drawn = shuffled(count, seed ^ HELD_OUT);
        let last = ((count as f64 * held_out).round() as usize).clamp(1, count - 1);
        Ok(Self {
            count: folds,
            fold: groups
                .iter()
                .map(|&group| (place[group] % folds) as u32)
                .collect(),
            half: groups
                .iter()
                .map(|&group| (place[group] % 2) as u8)
                .collect(),
            held_out: groups.iter().map(|&group| drawn[group] < last).collect(),
        })
    }

    /// The half of a protein that trees are trained on; `None` if the protein is held out.
    pub(crate) fn trained_half(&self, protein: usize) -> Option<u8> {
        (!self.held_out[protein]).then(|| self.half[protein])
    }
}

/// By protein, the number of its group. Proteins with the same sequence form a group.
fn groups(dataset: &FrozenDataset) -> Vec<usize> {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut next = 0;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    (0..dataset.len())
        .map(|protein| match dataset.sequence(protein) {
            Some(sequence) if !sequence.is_empty() => {
                *known.entry(sequence).or_insert_with(&mut fresh)
            }
            _ => fresh(),
        })
        .collect()
}

/// The numbers below `count` in random order.
pub(crate) fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..count).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut numbers);
    numbers
}
