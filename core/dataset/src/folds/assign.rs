//! Assigns groups of proteins to folds.

/// Assigns every protein to a fold. Groups are not split. They are assigned by falling size, each
/// to the fold with the fewest proteins so far; the seed decides the order of groups of equal size.
pub(super) fn assign(
    of_protein: &[u32],
    groups: usize,
    folds: usize,
    seed: u64,
) -> Result<Vec<usize>, String> {
    if folds < 2 {
        return Err(format!(
            "{folds} folds leave no training set; give 2 or more"
        ));
    }
    if groups < folds {
        return Err(format!(
            "{groups} groups of proteins cannot fill {folds} folds, because a group is not split; \
             give fewer folds or smaller groups"
        ));
    }
    let mut sizes = vec![0usize; groups];
    for &group in of_protein {
        sizes[group as usize] += 1;
    }
    let mut order: Vec<usize> = (0..groups).collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut order);
    order.sort_by_key(|&group| std::cmp::Reverse(sizes[group]));
    let mut filled = vec![0usize; folds];
    let mut fold_of = vec![0usize; groups];
    for group in order {
        let fewest = (0..folds).min_by_key(|&fold| filled[fold]).unwrap_or(0);
        filled[fewest] += sizes[group];
        fold_of[group] = fewest;
    }
    Ok(of_protein
        .iter()
        .map(|&group| fold_of[group as usize])
        .collect())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn folds_are_a_partition_and_keep_groups_whole(
            groups in prop::collection::vec(0u32..40, 1..300),
            folds in 2usize..8,
            seed in any::<u64>(),
        ) {
            // Group numbers without gaps, as in a dataset.
            let mut known: Vec<u32> = groups.clone();
            known.sort_unstable();
            known.dedup();
            let place = |group: &u32| known.binary_search(group).unwrap() as u32;
            let of_protein: Vec<u32> = groups.iter().map(place).collect();
            let assigned = assign(&of_protein, known.len(), folds, seed);
            prop_assert_eq!(assigned.is_ok(), known.len() >= folds);
            let Ok(assigned) = assigned else { return Ok(()) };
            prop_assert_eq!(assigned.len(), groups.len());
            let used: HashSet<usize> = assigned.iter().copied().collect();
            prop_assert_eq!(used, (0..folds).collect::<HashSet<_>>());
            let mut sizes = vec![0usize; folds];
            let mut largest = 0;
            for group in 0..known.len() as u32 {
                let of_group: Vec<usize> = (0..groups.len())
                    .filter(|&protein| of_protein[protein] == group)
                    .map(|protein| assigned[protein])
                    .collect();
                prop_assert!(of_group.iter().all(|fold| *fold == of_group[0]));
                sizes[of_group[0]] += of_group.len();
                largest = largest.max(of_group.len());
            }
            // The sizes of two folds differ by at most one group.
            let (least, most) = (sizes.iter().min().unwrap(), sizes.iter().max().unwrap());
            prop_assert!(most - least <= largest);
            prop_assert_eq!(&assigned, &assign(&of_protein, known.len(), folds, seed).unwrap());
        }
    }

    #[test]
    fn single_proteins_are_assigned_evenly_by_seed() {
        let of_protein: Vec<u32> = (0..103).collect();
        let assigned = |seed| assign(&of_protein, 103, 5, seed).unwrap();
        let mut sizes: Vec<usize> = (0..5)
            .map(|fold| assigned(1).iter().filter(|other| **other == fold).count())
            .collect();
        sizes.sort_unstable();
        assert_eq!(sizes, [20, 20, 21, 21, 21]);
        assert_ne!(assigned(1), assigned(2));
    }

    #[test]
    fn invalid_numbers_of_folds_are_errors() {
        assert!(
            assign(&[0, 1, 2], 3, 1, 0)
                .unwrap_err()
                .contains("2 or more")
        );
        assert!(
            assign(&[0, 0, 1], 2, 3, 0)
                .unwrap_err()
                .contains("2 groups")
        );
    }
}
