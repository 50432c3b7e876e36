//! How well a protein aligns with its neighbours.

use protea_cafa::{
    dataset::FrozenDataset,
    redundancy::{local_scores, self_score},
};

/// λ and K of gapped alignments with BLOSUM62, 11 and 1 (S. Altschul and W. Gish, Methods in
/// Enzymology 266 (1996) 460). They convert a score to bits.
const LAMBDA: f64 = 0.267;
const K: f64 = 0.041;
/// Longer sequences are not aligned, to bound the time. Of a million proteins, 500 are longer.
const LONGEST: usize = 5_000;

/// How well two sequences align.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Alignment {
    /// The best local score divided by the smaller of the two sequences' scores with themselves, in
    /// [0, 1].
    pub(crate) ratio: f64,
    /// The same score in bits.
    pub(crate) bits: f64,
    /// The shorter length divided by the longer one.
    pub(crate) length: f64,
}

/// How well a protein aligns with some references. Rows are in ascending order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Alignments(Vec<(u32, Alignment)>);

impl Alignments {
    /// Alignments with the rows of `wanted`, which are in ascending order, as `find` gives them.
    pub(crate) fn of_rows(wanted: &[u32], find: impl Fn(u32) -> Option<Alignment>) -> Self {
        let found = wanted.iter().map(|&row| Some((row, find(row)?)));
        Self(found.flatten().collect())
    }

    pub(crate) fn get(&self, row: u32) -> Option<Alignment> {
        let found = self.0.binary_search_by_key(&row, |(row, _)| *row);
        found.ok().map(|at| self.0[at].1)
    }
}

/// Aligns a protein with references, whose rows are in ascending order. Proteins without a
/// sequence, or with a long one, are omitted. Two proteins of one dataset have the same alignment in
/// both directions.
pub(super) fn align(
    (queries, query): (&FrozenDataset, usize),
    references: &FrozenDataset,
    rows: &[u32],
) -> Alignments {
    let usable = |sequence: &&str| !sequence.is_empty() && sequence.len() <= LONGEST;
    let Some(sequence) = queries.sequence(query).filter(usable) else {
        return Alignments::default();
    };
    let (rows, others): (Vec<u32>, Vec<&str>) = rows
        .iter()
        .filter_map(|&row| {
            let other = references.sequence(row as usize).filter(usable)?;
            Some((row, other))
        })
        .unzip();
    let own = self_score(sequence);
    let scores = local_scores(sequence, &others);
    let alignments = scores.into_iter().zip(&others).map(|(score, other)| {
        let most = own.min(self_score(other)).max(1);
        let short = sequence.len().min(other.len());
        let long = sequence.len().max(other.len());
        Alignment {
            ratio: (f64::from(score) / f64::from(most)).min(1.0),
            bits: (LAMBDA * f64::from(score) - K.ln()) / std::f64::consts::LN_2,
            length: short as f64 / long as f64,
        }
    });
    Alignments(rows.iter().copied().zip(alignments).collect())
}
