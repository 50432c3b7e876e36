//! The largest lower bound of each query among the references of a tile.
#![allow(unsafe_code)]

use super::{BoundLanes, BoundRow, SumValue};

/// Queries that are compared at a time. The panel of every kernel with bytes has a multiple of it.
const LANES: usize = 16;

/// Compares with the widest vector instructions of the processor.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TileMaxima {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl TileMaxima {
    /// What this processor supports, the fastest last.
    pub(crate) fn available() -> Vec<Self> {
        #[cfg_attr(not(target_arch = "x86_64"), allow(unused_mut))]
        let mut found = vec![TileMaxima::Portable];
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx2") {
                found.push(TileMaxima::Avx2);
            }
            if is_x86_feature_detected!("avx512f") {
                found.push(TileMaxima::Avx512);
            }
        }
        found
    }

    pub(crate) fn detect() -> Self {
        Self::available().pop().unwrap_or(TileMaxima::Portable)
    }

    /// Writes for each query the largest of `sum * factor + offset * offset_factor - tail *
    /// tail_factor` over the references whose class is `counted`; minus infinity if there are none.
    /// `sums` are those of [`TileKernel::multiply`](super::TileKernel::multiply), to which the starts
    /// are added here. `maxima` has one number for each query of the panel.
    pub(crate) fn find<S: SumValue>(
        self,
        sums: &[S],
        rows: &[BoundRow],
        counted: &[bool],
        lanes: &BoundLanes<'_, S>,
        maxima: &mut [f32],
    ) {
        match self {
            TileMaxima::Portable => find_body(sums, rows, counted, lanes, maxima),
            // SAFETY: `available` found AVX2 on this processor.
            #[cfg(target_arch = "x86_64")]
            TileMaxima::Avx2 => unsafe { find_avx2(sums, rows, counted, lanes, maxima) },
            // SAFETY: `available` found AVX-512F on this processor.
            #[cfg(target_arch = "x86_64")]
            TileMaxima::Avx512 => unsafe { find_avx512(sums, rows, counted, lanes, maxima) },
        }
    }
}

#[inline(always)]
fn find_body<S: SumValue>(
    sums: &[S],
    rows: &[BoundRow],
    counted: &[bool],
    lanes: &BoundLanes<'_, S>,
    maxima: &mut [f32],
) {
    let queries = maxima.len();
    let (maxima, _) = maxima.as_chunks_mut::<LANES>();
    let (starts, _) = lanes.starts.as_chunks::<LANES>();
    let (tails, _) = lanes.tails.as_chunks::<LANES>();
    let (offsets, _) = lanes.offsets.as_chunks::<LANES>();
    for (block, maxima) in maxima.iter_mut().enumerate() {
        let (starts, tails, offsets) = (&starts[block], &tails[block], &offsets[block]);
        let mut largest = [f32::NEG_INFINITY; LANES];
        for (row, sums) in rows.iter().zip(sums.chunks_exact(queries)) {
            if !counted[row.class as usize] {
                continue;
            }
            let sums = &sums[block * LANES..][..LANES];
            for lane in 0..LANES {
                let key = sums[lane].plus(starts[lane]).to_f32() * row.factor;
                let lower = key + row.offset * offsets[lane] - row.tail * tails[lane];
                largest[lane] = if lower > largest[lane] {
                    lower
                } else {
                    largest[lane]
                };
            }
        }
        *maxima = largest;
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn find_avx2<S: SumValue>(
    sums: &[S],
    rows: &[BoundRow],
    counted: &[bool],
    lanes: &BoundLanes<'_, S>,
    maxima: &mut [f32],
) {
    find_body(sums, rows, counted, lanes, maxima);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn find_avx512<S: SumValue>(
    sums: &[S],
    rows: &[BoundRow],
    counted: &[bool],
    lanes: &BoundLanes<'_, S>,
    maxima: &mut [f32],
) {
    find_body(sums, rows, counted, lanes, maxima);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instruction_set_finds_the_same_maxima() {
        const QUERIES: usize = 2 * LANES;
        let mut state = 3_u64;
        let mut number = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
            (state >> 40) as i32 - (1 << 23)
        };
        let sums: Vec<i32> = (0..12 * QUERIES).map(|_| number()).collect();
        let starts: Vec<i32> = (0..QUERIES).map(|_| number()).collect();
        let mut floats = |count: usize| -> Vec<f32> {
            let scale = 1.0 / 1_048_576.0;
            (0..count).map(|_| number() as f32 * scale).collect()
        };
        let (tails, offsets) = (floats(QUERIES), floats(QUERIES));
        let rows: Vec<BoundRow> = (0..12)
            .map(|row| BoundRow {
                factor: floats(1)[0],
                tail: floats(1)[0].abs(),
                offset: floats(1)[0],
                class: row % 3,
            })
            .collect();
        let lanes = BoundLanes {
            starts: &starts,
            tails: &tails,
            offsets: &offsets,
            thresholds: &[],
        };
        for counted in [
            [true; 3],
            [true, false, true],
            [false, true, false],
            [false; 3],
        ] {
            let expected: Vec<f32> = (0..QUERIES)
                .map(|query| {
                    let kept = rows.iter().enumerate();
                    let kept = kept.filter(|(_, row)| counted[row.class as usize]);
                    let lower = kept.map(|(number, row)| {
                        let sum = sums[number * QUERIES + query] + starts[query];
                        let key = sum as f32 * row.factor + row.offset * offsets[query];
                        key - row.tail * tails[query]
                    });
                    lower.fold(f32::NEG_INFINITY, f32::max)
                })
                .collect();
            for maxima in TileMaxima::available() {
                let mut found = vec![0.0; QUERIES];
                maxima.find(&sums, &rows, &counted, &lanes, &mut found);
                assert_eq!(found, expected, "{maxima:?} {counted:?}");
            }
        }
    }
}
