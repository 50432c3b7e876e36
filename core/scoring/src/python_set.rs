//! The iteration order of a CPython set of integers.
//!
//! CAFA-evaluator-PK stores the terms of interest in a Python set and adds weights in the iteration
//! order of that set. The order is that of a hash table in which an integer is its own hash, so it
//! is the same on all machines. This module reproduces it, so that the sums are identical in every
//! bit.

/// Number of slots of an empty set.
const SMALLEST: usize = 8;
/// Number of adjacent slots that are probed before the next probe position.
const NEIGHBOURS: usize = 9;
/// A full table with more numbers than this grows by a factor of two, a smaller one by a factor of
/// four.
const MANY: usize = 50_000;

/// Returns distinct numbers in the iteration order of a set to which they were added one by one.
pub(super) fn order(numbers: impl IntoIterator<Item = u32>) -> Vec<u32> {
    let mut slots: Vec<Option<u32>> = vec![None; SMALLEST];
    let mut used = 0;
    for number in numbers {
        insert(&mut slots, number);
        used += 1;
        if used * 5 >= (slots.len() - 1) * 3 {
            let wanted = used * if used > MANY { 2 } else { 4 };
            let mut size = SMALLEST;
            while size <= wanted {
                size *= 2;
            }
            let old_slots = std::mem::replace(&mut slots, vec![None; size]);
            for number in old_slots.into_iter().flatten() {
                insert(&mut slots, number);
            }
        }
    }
    slots.into_iter().flatten().collect()
}

fn insert(slots: &mut [Option<u32>], number: u32) {
    let mask = slots.len() - 1;
    let mut perturbed = number as usize;
    let mut at = perturbed & mask;
    loop {
        let last = if at + NEIGHBOURS <= mask {
            at + NEIGHBOURS
        } else {
            at
        };
        if let Some(free) = slots[at..=last].iter_mut().find(|slot| slot.is_none()) {
            *free = Some(number);
            return;
        }
        perturbed >>= 5;
        at = (at * 5 + 1 + perturbed) & mask;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_order_equals_cpython() {
        // From CPython 3.11: list(set(numbers)).
        let cases: [(&[u32], &[u32]); 4] = [
            (&[8, 1, 16, 3], PYTHON_SMALL),
            (&[40, 32, 24, 16, 8, 0], PYTHON_WRAPPED),
            (&[100, 7, 1000, 28000, 333, 12, 4095, 64], PYTHON_MIXED),
            (
                &[5, 37, 69, 101, 133, 165, 197, 229, 261, 293, 325, 357],
                PYTHON_COLLIDING,
            ),
        ];
        for (numbers, wanted) in cases {
            assert_eq!(order(numbers.iter().copied()), wanted, "{numbers:?}");
        }
        let squares = order((0..200).map(|i| i * i));
        assert_eq!(squares, PYTHON_SQUARES);
    }

    proptest! {
        #[test]
        fn ordering_keeps_all_numbers(numbers in prop::collection::btree_set(0u32..100_000, 0..2000)) {
            let mut ordered = order(numbers.iter().copied());
            ordered.sort_unstable();
            prop_assert_eq!(ordered, numbers.into_iter().collect::<Vec<_>>());
        }
    }

    const PYTHON_SMALL: &[u32] = &[8, 1, 3, 16];
    const PYTHON_WRAPPED: &[u32] = &[32, 0, 40, 8, 16, 24];
    const PYTHON_MIXED: &[u32] = &[28000, 64, 100, 7, 1000, 12, 333, 4095];
    const PYTHON_COLLIDING: &[u32] = &[325, 101, 37, 69, 5, 133, 165, 197, 229, 261, 293, 357];
    const PYTHON_SQUARES: &[u32] = &[
        0, 1, 1024, 4096, 4, 9216, 15876, 16384, 16900, 9, 16, 529, 3600, 4624, 15376, 17424,
        23104, 35344, 38416, 25, 12321, 21025, 36, 14884, 17956, 2601, 49, 7225, 29241, 3136, 64,
        576, 1089, 1600, 2116, 5184, 6724, 7744, 9801, 24649, 30276, 81, 8281, 27225, 6241, 31329,
        100, 13924, 19044, 11881, 21609, 625, 121, 4225, 36481, 36864, 1156, 8836, 26244, 3721,
        38025, 144, 1681, 2704, 5776, 10816, 13456, 19600, 32400, 4761, 34969, 2209, 676, 10404,
        23716, 169, 3249, 39601, 28224, 11449, 22201, 9409, 25281, 196, 12996, 20164, 1225, 30976,
        5329, 33489, 729, 225, 1764, 7396, 28900, 6889, 29929, 7921, 27889, 2809, 256, 2304, 6400,
        12544, 3844, 4356, 14400, 16129, 16641, 15625, 17161, 36100, 37636, 784, 1296, 8464, 10000,
        11025, 22801, 24336, 26896, 15129, 17689, 289, 25600, 3364, 4900, 34596, 39204, 5929,
        32041, 14641, 18225, 1849, 9025, 25921, 324, 12100, 21316, 841, 14161, 18769, 1369, 2401,
        33856, 2916, 5476, 33124, 361, 10609, 23409, 13689, 19321, 3969, 37249, 18496, 900, 9604,
        24964, 4489, 20736, 35721, 400, 1936, 7056, 7569, 11664, 21904, 28561, 29584, 3481, 38809,
        6561, 30625, 1444, 8100, 27556, 13225, 19881, 5041, 34225, 441, 961, 2500, 6084, 31684,
        8649, 26569, 3025, 10201, 24025, 32761, 12769, 20449, 484, 11236, 22500, 2025, 1521, 5625,
    ];
}
