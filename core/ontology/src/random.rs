//! Random numbers that are the same on every machine.

/// Output number `index`, counted from 0, of SplitMix64 with the given seed (G. Steele, D. Lea, C.
/// Flood, OOPSLA 2014, doi:10.1145/2660193.2660195).
#[must_use]
pub fn split_mix_64(seed: u64, index: u64) -> u64 {
    let step = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut z = seed.wrapping_add(step);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
