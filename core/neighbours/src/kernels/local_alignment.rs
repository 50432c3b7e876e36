//! Scores of local alignments of one sequence with several others at once, one per vector lane (T.
//! Rognes, BMC Bioinformatics 12 (2011) 221).
//!
//! Every instruction set computes the same integers, so the result does not depend on the processor.
#![allow(unsafe_code)]

use crate::local_alignment::LocalScoring;

/// The most sequences that are aligned at once.
pub(crate) const MOST: usize = 32;
const FEW: usize = 16;

/// Aligns with the widest vector instructions of the processor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aligner {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Aligner {
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512bw") {
                return Self::Avx512;
            }
            if is_x86_feature_detected!("avx2") {
                return Self::Avx2;
            }
        }
        Self::Portable
    }

    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        #[allow(unused_mut)]
        let mut available = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                available.push(Self::Avx2);
            }
            if is_x86_feature_detected!("avx512bw") {
                available.push(Self::Avx512);
            }
        }
        available
    }

    /// How many of `rest` sequences to align in the next call of [`align`](Self::align).
    pub(crate) fn batch(self, rest: usize) -> usize {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 if rest > FEW => rest.min(MOST),
            _ => rest.min(FEW),
        }
    }

    /// Writes the score of `query` with each of `others`, which are at most
    /// [`batch`](Self::batch) many, to `found`.
    pub(crate) fn align<const R: usize>(
        self,
        query: &[u8],
        others: &[&[u8]],
        scoring: &LocalScoring<'_, R>,
        found: &mut [u16],
    ) {
        match self {
            // SAFETY: `detect` found AVX-512BW on this processor.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 if others.len() > FEW => unsafe {
                align_avx512::<R, MOST>(query, others, scoring, found);
            },
            // SAFETY: `detect` found AVX-512BW on this processor, which has AVX2.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => unsafe { align_avx2::<R, FEW>(query, others, scoring, found) },
            // SAFETY: `detect` found AVX2 on this processor.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => unsafe { align_avx2::<R, FEW>(query, others, scoring, found) },
            Self::Portable => align_body::<R, FEW>(query, others, scoring, found),
        }
    }
}

macro_rules! compiled_for {
    ($feature:literal, $name:ident) => {
        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = $feature)]
        fn $name<const R: usize, const LANES: usize>(
            query: &[u8],
            others: &[&[u8]],
            scoring: &LocalScoring<'_, R>,
            found: &mut [u16],
        ) {
            align_body::<R, LANES>(query, others, scoring, found);
        }
    };
}

compiled_for!("avx2", align_avx2);
compiled_for!("avx512bw", align_avx512);

/// Goes through the others column by column, and in each through the query row by row. For each row
/// it keeps the best score that ends in the previous column, and the best that ends there in a gap.
#[inline(always)]
fn align_body<const R: usize, const LANES: usize>(
    query: &[u8],
    others: &[&[u8]],
    scoring: &LocalScoring<'_, R>,
    found: &mut [u16],
) {
    /// The score of a position after the end of a sequence. It lowers every alignment, so it never
    /// changes the best score.
    const END: i16 = -64;
    assert!(others.len() <= LANES && found.len() == others.len());
    let (first, next) = (i16::from(scoring.gap_first), i16::from(scoring.gap_next));
    let columns = others.iter().map(|other| other.len()).max().unwrap_or(0);
    let mut previous = vec![([0_i16; LANES], [-first; LANES]); query.len()];
    let mut highest = [0_i16; LANES];
    for column in 0..columns {
        // For each residue: its score with the current residue of each of the other sequences.
        let mut pair_scores = [[END; LANES]; R];
        for (lane, other) in others.iter().enumerate() {
            if let Some(&residue) = other.get(column) {
                let scores = &scoring.pairs[usize::from(residue)];
                for (pair_score, &score) in pair_scores.iter_mut().zip(scores) {
                    pair_score[lane] = i16::from(score);
                }
            }
        }
        let (mut diagonal, mut gap_down) = ([0_i16; LANES], [-first; LANES]);
        for (&residue, (best, gap)) in query.iter().zip(previous.iter_mut()) {
            let row_scores = &pair_scores[usize::from(residue)];
            for lane in 0..LANES {
                let matched = diagonal[lane].saturating_add(row_scores[lane]);
                let score = matched.max(gap[lane]).max(gap_down[lane]).max(0);
                diagonal[lane] = best[lane];
                best[lane] = score;
                highest[lane] = highest[lane].max(score);
                // `max` keeps every gap score at or above that of a new gap, so the wrapping
                // subtractions never overflow.
                let opened = score.wrapping_sub(first);
                gap[lane] = gap[lane].wrapping_sub(next).max(opened);
                gap_down[lane] = gap_down[lane].wrapping_sub(next).max(opened);
            }
        }
    }
    for (found, score) in found.iter_mut().zip(highest) {
        *found = score.unsigned_abs();
    }
}
