//! Splits by size: assigns groups of proteins to parts with given shares.

/// Shares of the proteins. The rest is the training part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// Share of the validation part, from 0 (none) to below 1.
    pub validation: f64,
    /// Share of the test part, above 0 and below 1.
    pub test: f64,
}

impl Shares {
    pub(super) fn train(self) -> f64 {
        1.0 - self.validation - self.test
    }

    pub(super) fn check(self) -> Result<(), String> {
        let is_share = |share: f64| (0.0..1.0).contains(&share);
        if !is_share(self.test) || self.test == 0.0 || !is_share(self.validation) {
            return Err(format!(
                "the shares {} for test and {} for validation are not between 0 and 1",
                self.test, self.validation
            ));
        }
        // Shares such as 0.7 and 0.3 do not add up to exactly 1 in binary.
        if self.train() < 1e-9 {
            return Err(format!(
                "the shares {} for test and {} for validation leave no training part",
                self.test, self.validation
            ));
        }
        Ok(())
    }
}

/// Assigns every protein to a part. Groups are not split. They are assigned by falling size, each
/// to the part that lacks the most proteins; the seed decides the order of groups of equal size.
pub(super) fn assign_by_size(
    of_protein: &[u32],
    groups: usize,
    shares: &[f64],
    seed: u64,
) -> Vec<usize> {
    let mut sizes = vec![0usize; groups];
    for &group in of_protein {
        sizes[group as usize] += 1;
    }
    let mut order: Vec<usize> = (0..groups).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut order);
    order.sort_by_key(|&group| std::cmp::Reverse(sizes[group]));
    let all = of_protein.len() as f64;
    let mut lacking: Vec<f64> = shares.iter().map(|share| share * all).collect();
    let mut part_of = vec![0usize; groups];
    for group in order {
        let mut most = 0;
        for part in 1..lacking.len() {
            if lacking[part] > lacking[most] {
                most = part;
            }
        }
        lacking[most] -= sizes[group] as f64;
        part_of[group] = most;
    }
    of_protein
        .iter()
        .map(|&group| part_of[group as usize])
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn groups_stay_whole_and_sizes_differ_by_one_group(
            sizes in prop::collection::vec(1usize..30, 1..80),
            test in 0.05f64..0.5,
            validation in prop_oneof![Just(0.0), 0.05f64..0.4],
            seed in any::<u64>(),
        ) {
            let of_protein: Vec<u32> = (0..sizes.len())
                .flat_map(|group| vec![group as u32; sizes[group]])
                .collect();
            let shares: Vec<f64> = [1.0 - test - validation, validation, test]
                .into_iter()
                .filter(|share| *share > 0.0)
                .collect();
            let assigned = assign_by_size(&of_protein, sizes.len(), &shares, seed);
            for pair in of_protein.iter().zip(&assigned).collect::<Vec<_>>().windows(2) {
                prop_assert!(pair[0].0 != pair[1].0 || pair[0].1 == pair[1].1);
            }
            let largest = *sizes.iter().max().unwrap() as f64;
            for (part, share) in shares.iter().enumerate() {
                let size = assigned.iter().filter(|other| **other == part).count() as f64;
                let wanted = share * of_protein.len() as f64;
                // No part exceeds its size by more than one group.
                prop_assert!(size <= wanted + largest, "{size} of {wanted}");
            }
            prop_assert_eq!(&assigned, &assign_by_size(&of_protein, sizes.len(), &shares, seed));
        }
    }

    #[test]
    fn single_proteins_are_assigned_exactly_by_seed() {
        let of_protein: Vec<u32> = (0..1000).collect();
        let assigned = |seed| assign_by_size(&of_protein, 1000, &[0.7, 0.1, 0.2], seed);
        let size = |part| assigned(1).iter().filter(|other| **other == part).count();
        assert_eq!([size(0), size(1), size(2)], [700, 100, 200]);
        assert_ne!(assigned(1), assigned(2));
    }
}
