//! Vectors for tests of several modules.

/// Rows of pseudorandom numbers whose later columns are smaller, as those of embeddings after a
/// rotation to their leading directions.
pub(crate) fn noise(seed: u64, rows: usize, width: usize) -> Vec<f32> {
    let mut state = seed;
    let mut number = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..rows * width)
        .map(|at| number() / (1 + at % width) as f32)
        .collect()
}
