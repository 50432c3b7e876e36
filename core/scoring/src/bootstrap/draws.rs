//! The random draws of a resample.

use protea_ontology::random::split_mix_64;

/// Counts how often each protein is drawn in a resample.
pub(super) fn draw(seed: u64, resample: usize, counts: &mut [u32]) {
    let proteins = counts.len();
    counts.fill(0);
    let first = (resample as u64).wrapping_mul(proteins as u64);
    for draw in 0..proteins as u64 {
        let word = split_mix_64(seed, first.wrapping_add(draw));
        let protein = (u128::from(word) * proteins as u128) >> 64;
        counts[protein as usize] += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_complete_and_uniform() {
        const RESAMPLES: usize = 4000;
        let mut counts = [0; 37];
        let mut total = [0u32; 37];
        let mut never = 0;
        for resample in 0..RESAMPLES {
            draw(7, resample, &mut counts);
            assert_eq!(counts.iter().sum::<u32>(), 37);
            never += counts.iter().filter(|&&count| count == 0).count();
            for (total, count) in total.iter_mut().zip(counts) {
                *total += count;
            }
        }
        // The expected count is 4,000 with a standard deviation of 62.
        assert!(
            total.iter().all(|&t| (3700..4300).contains(&t)),
            "{total:?}"
        );
        // The expected fraction that is never drawn is (1 - 1/37)^37 = 0.363.
        let share = never as f64 / (RESAMPLES * 37) as f64;
        assert!((share - 0.363).abs() < 0.005, "{share}");
    }

    #[test]
    fn seeds_and_resamples_differ() {
        let counts = |seed, resample| {
            let mut counts = [0; 100];
            draw(seed, resample, &mut counts);
            counts
        };
        assert_eq!(counts(1, 2), counts(1, 2));
        assert_ne!(counts(1, 2), counts(1, 3));
        assert_ne!(counts(1, 2), counts(2, 2));
    }
}
