//! The order of neighbours, and of those at equal distance.

use std::cmp::Ordering;

use crate::neighbours::Neighbour;

impl Neighbour {
    /// The order of every list: by distance, then by row.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        self.distance
            .total_cmp(&other.distance)
            .then(self.row.cmp(&other.row))
    }
}
