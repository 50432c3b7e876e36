//! Compact storage of the predicted scores of one namespace.

use std::borrow::Cow;

/// Scores in the order of the file, and runs that map them to the rows of the ground truth.
#[derive(Clone, Debug, Default)]
pub(super) struct NamespacePredictions {
    pub blocks: Vec<Scored>,
    pub runs: Vec<Run>,
}

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
