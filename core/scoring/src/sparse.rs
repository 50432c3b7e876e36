//! Compact storage of the predicted scores of one namespace.

use std::borrow::Cow;

use crate::work_counter::WorkCounter;

/// Scores in the order of the file, and runs that map them to the rows of the ground truth.
#[derive(Clone, Debug, Default)]
pub(super) struct NamespacePredictions {
    pub blocks: Vec<Scored>,
    pub runs: Vec<Run>,
    /// The number of scores in all blocks.
    stored: usize,
    /// The size at which repeated scores are looked for next.
    compact_at: usize,
    /// Counts the proteins that are scored.
    pub counter: Option<WorkCounter>,
}

/// Below this size, scores and runs together, repeated scores are left alone.
const LEAST: usize = 4 << 20;
/// The most scores of a block that compaction makes.
const BLOCK: usize = 1 << 22;

/// Terms (positions in the namespace) and their scores.
#[derive(Clone, Debug, Default)]
pub(super) struct Scored {
    pub terms: Vec<u32>,
    pub scores: Vec<f64>,
}

/// Consecutive scores of one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Run {
    pub row: u32,
    pub block: u32,
    pub start: u32,
    pub end: u32,
}

impl NamespacePredictions {
    /// Adds a score to the last block.
    #[inline]
    pub fn push(&mut self, row: u32, term: u32, score: f64) {
        if self.blocks.is_empty() {
            self.blocks.push(Scored::default());
        }
        let block = self.blocks.len() - 1;
        let scored = &mut self.blocks[block];
        let at = scored.terms.len() as u32;
        scored.terms.push(term);
        scored.scores.push(score);
        self.stored += 1;
        match self.runs.last_mut() {
            Some(run) if run.row == row && run.block as usize == block => run.end = at + 1,
            _ => self.runs.push(Run {
                row,
                block: block as u32,
                start: at,
                end: at + 1,
            }),
        }
    }

    pub fn append(&mut self, mut later: NamespacePredictions) {
        let first = self.blocks.len() as u32;
        for block in &mut later.blocks {
            block.terms.shrink_to_fit();
            block.scores.shrink_to_fit();
        }
        self.blocks.append(&mut later.blocks);
        self.runs.extend(later.runs.into_iter().map(|run| Run {
            block: run.block + first,
            ..run
        }));
        self.stored += later.stored;
        self.compact_if_large();
    }

    /// Removes repeated scores once there are twice as many as after the last time. So memory is
    /// bounded by the different scores, however often a file repeats them.
    pub fn compact_if_large(&mut self) {
        if self.size() > self.compact_at.max(LEAST) {
            self.compact();
            self.compact_at = 2 * self.size();
        }
    }

    fn size(&self) -> usize {
        self.stored + self.runs.len()
    }

    /// Removes every score of a row for a term that is not higher than an earlier one. Such a score
    /// has no effect: of several scores, the highest counts, and the first decides which terms are
    /// within a maximum number of terms.
    fn compact(&mut self) {
        let runs = self.runs_by_row().into_owned();
        let mut compacted = Self::default();
        // By term: the row that it was last seen in, and its highest score there.
        let mut seen: Vec<(u32, f64)> = Vec::new();
        let mut row = None;
        for run in runs {
            if row != Some(run.row) {
                row = Some(run.row);
                if compacted
                    .blocks
                    .last()
                    .is_none_or(|block| block.terms.len() >= BLOCK)
                {
                    compacted.blocks.push(Scored::default());
                }
            }
            for (term, score) in self.scores_of(run) {
                let at = term as usize;
                if at >= seen.len() {
                    seen.resize(at + 1, (u32::MAX, 0.0));
                }
                let (last_row, highest) = &mut seen[at];
                let is_new = *last_row != run.row;
                if is_new || score > *highest || highest.is_nan() && !score.is_nan() {
                    (*last_row, *highest) = (run.row, score);
                    compacted.push(run.row, term, score);
                }
            }
        }
        for block in &mut compacted.blocks {
            block.terms.shrink_to_fit();
            block.scores.shrink_to_fit();
        }
        *self = compacted;
    }

    /// The runs sorted by row. The runs of one row stay in the order of the file.
    pub fn runs_by_row(&self) -> Cow<'_, [Run]> {
        if self.runs.is_sorted_by_key(|run| run.row) {
            return Cow::Borrowed(&self.runs);
        }
        let mut runs = self.runs.clone();
        runs.sort_by_key(|run| run.row);
        Cow::Owned(runs)
    }

    pub fn scores_of(&self, run: Run) -> impl Iterator<Item = (u32, f64)> {
        let block = &self.blocks[run.block as usize];
        let range = run.start as usize..run.end as usize;
        block.terms[range.clone()]
            .iter()
            .copied()
            .zip(block.scores[range].iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The scores of each row for each term that are higher than all before, in order.
    fn rising(predictions: &NamespacePredictions) -> Vec<(u32, u32, f64)> {
        let mut rising: Vec<(u32, u32, f64)> = Vec::new();
        for run in predictions.runs_by_row().iter() {
            for (term, score) in predictions.scores_of(*run) {
                let earlier = rising
                    .iter()
                    .filter(|it| (it.0, it.1) == (run.row, term))
                    .map(|it| it.2);
                if earlier.fold(0.0, f64::max) < score {
                    rising.push((run.row, term, score));
                }
            }
        }
        rising
    }

    proptest! {
        #[test]
        fn compaction_keeps_every_score_that_counts(
            scores in proptest::collection::vec((0_u32..4, 0_u32..5, 0_u8..5), 0..60)
        ) {
            let mut predictions = NamespacePredictions::default();
            for (row, term, score) in scores {
                let score = [f64::NAN, -1.0, 0.0, 0.5, 1.0][usize::from(score)];
                predictions.push(row, term, score);
            }
            let before = rising(&predictions);
            let was_empty = predictions.runs.is_empty();
            predictions.compact();
            prop_assert_eq!(rising(&predictions), before);
            prop_assert_eq!(predictions.runs.is_empty(), was_empty);
        }
    }

    #[test]
    fn repeated_scores_take_no_memory() {
        let mut all = NamespacePredictions::default();
        for _ in 0..100 {
            let mut block = NamespacePredictions::default();
            for at in 0..100_000 {
                block.push(at % 2, 7, 0.5);
            }
            all.append(block);
        }
        assert!(all.size() <= LEAST + 200_000, "{}", all.size());
        all.compact();
        assert_eq!(all.size(), 4);
    }
}
