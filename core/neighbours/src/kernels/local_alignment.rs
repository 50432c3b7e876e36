//! Scores of local alignments of one sequence with several others at once, one per vector lane (T.
//! Rognes, BMC Bioinformatics 12 (2011) 221).
//!
//! Every instruction set computes the same integers, so the result does not depend on the processor.
//! AVX2 has intrinsics, because the compiler keeps the arrays of the portable code in memory, which
//! takes three times as long. AVX-512 is no faster than two registers of AVX2: each row waits for
//! the row before.
#![allow(unsafe_code)]

use crate::local_scoring::LocalScoring;

/// The most sequences that are aligned at once.
pub(crate) const MOST: usize = 32;
/// The sequences in one register of AVX2.
const LANES: usize = 16;
/// The score of a position after the end of a sequence. It lowers every alignment, so it never
/// changes the best score.
const END: i16 = -64;

/// Aligns with the widest vector instructions of the processor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aligner {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Aligner {
    pub(crate) fn detect() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx2") {
            return Self::Avx2;
        }
        Self::Portable
    }

    /// How many of `rest` sequences to align in the next call of [`align`](Self::align).
    pub(crate) fn batch(self, rest: usize) -> usize {
        match self {
            Self::Portable => rest.min(LANES),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => rest.min(MOST),
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
        assert_eq!(others.len(), found.len(), "one score per sequence");
        match self {
            Self::Portable => portable(query, others, scoring, found),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                // SAFETY: `detect` found AVX2 on this processor.
                unsafe {
                    match others.len() {
                        0..=LANES => avx2::<R, 1>(query, others, scoring, found),
                        _ => avx2::<R, 2>(query, others, scoring, found),
                    }
                }
            }
        }
    }
}

/// For each residue, its score with the residue at `column` of each of the others.
fn pair_scores<const R: usize, const V: usize>(
    others: &[&[u8]],
    column: usize,
    scoring: &LocalScoring<'_, R>,
) -> [[[i16; LANES]; V]; R] {
    let mut pair_scores = [[[END; LANES]; V]; R];
    for (lane, other) in others.iter().enumerate() {
        if let Some(&residue) = other.get(column) {
            let scores = &scoring.pairs[usize::from(residue)];
            for (pair_score, &score) in pair_scores.iter_mut().zip(scores) {
                pair_score[lane / LANES][lane % LANES] = i16::from(score);
            }
        }
    }
    pair_scores
}

fn columns(others: &[&[u8]]) -> usize {
    others.iter().map(|other| other.len()).max().unwrap_or(0)
}

/// Goes through the others column by column, and in each through the query row by row. For each row
/// it keeps the best score that ends in the previous column, and the best that ends there in a gap.
fn portable<const R: usize>(
    query: &[u8],
    others: &[&[u8]],
    scoring: &LocalScoring<'_, R>,
    found: &mut [u16],
) {
    assert!(others.len() <= LANES);
    let (first, next) = (i16::from(scoring.gap_first), i16::from(scoring.gap_next));
    let mut previous = vec![([0_i16; LANES], [-first; LANES]); query.len()];
    let mut highest = [0_i16; LANES];
    for column in 0..columns(others) {
        let pair_scores = pair_scores::<R, 1>(others, column, scoring);
        let (mut diagonal, mut gap_down) = ([0_i16; LANES], [-first; LANES]);
        for (&residue, (best, gap)) in query.iter().zip(previous.iter_mut()) {
            let [row_scores] = &pair_scores[usize::from(residue)];
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

/// As [`portable`], with `V` registers of 16 lanes.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<const R: usize, const V: usize>(
    query: &[u8],
    others: &[&[u8]],
    scoring: &LocalScoring<'_, R>,
    found: &mut [u16],
) {
    use std::arch::x86_64::{
        __m256i, _mm256_adds_epi16, _mm256_loadu_si256, _mm256_max_epi16, _mm256_set1_epi16,
        _mm256_setzero_si256, _mm256_storeu_si256, _mm256_sub_epi16,
    };

    assert!(others.len() <= LANES * V);
    let first = _mm256_set1_epi16(i16::from(scoring.gap_first));
    let next = _mm256_set1_epi16(i16::from(scoring.gap_next));
    let zero = _mm256_setzero_si256();
    let no_gap = _mm256_sub_epi16(zero, first);
    let mut previous: Vec<([__m256i; V], [__m256i; V])> =
        vec![([zero; V], [no_gap; V]); query.len()];
    let mut highest = [zero; V];
    for column in 0..columns(others) {
        let pair_scores = pair_scores::<R, V>(others, column, scoring);
        let (mut diagonal, mut gap_down) = ([zero; V], [no_gap; V]);
        for (&residue, (best, gap)) in query.iter().zip(previous.iter_mut()) {
            let row_scores = &pair_scores[usize::from(residue)];
            for v in 0..V {
                // SAFETY: the array has 16 numbers of 16 bits.
                let row_scores = unsafe { _mm256_loadu_si256(row_scores[v].as_ptr().cast()) };
                let matched = _mm256_adds_epi16(diagonal[v], row_scores);
                // `gap_down` last: it is known last.
                let score = _mm256_max_epi16(_mm256_max_epi16(matched, gap[v]), zero);
                let score = _mm256_max_epi16(score, gap_down[v]);
                diagonal[v] = best[v];
                best[v] = score;
                highest[v] = _mm256_max_epi16(highest[v], score);
                let opened = _mm256_sub_epi16(score, first);
                gap[v] = _mm256_max_epi16(_mm256_sub_epi16(gap[v], next), opened);
                gap_down[v] = _mm256_max_epi16(_mm256_sub_epi16(gap_down[v], next), opened);
            }
        }
    }
    let mut scores = [[0_i16; LANES]; V];
    for (scores, highest) in scores.iter_mut().zip(highest) {
        // SAFETY: the array has 16 numbers of 16 bits.
        unsafe { _mm256_storeu_si256(scores.as_mut_ptr().cast(), highest) };
    }
    for (found, score) in found.iter_mut().zip(scores.as_flattened()) {
        *found = score.unsigned_abs();
    }
}
