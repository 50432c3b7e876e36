//! The answer of a search.

/// One reference near a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Distance in the index's metric: cosine in `[0, 2]`, or the squared Euclidean distance.
    pub distance: f64,
    /// Row of the reference, counted from 0.
    pub row: u32,
}

impl Neighbour {
    /// The Euclidean distance, for an index with [`Metric::L2`](super::Metric::L2), whose
    /// `distance` is its square.
    pub fn euclidean(&self) -> f64 {
        self.distance.sqrt()
    }

    /// The order of every list: nearer first, then the lower row.
    pub(super) fn order(&self, other: &Self) -> std::cmp::Ordering {
        self.distance
            .total_cmp(&other.distance)
            .then(self.row.cmp(&other.row))
    }
}

/// For every query and group, the nearest references, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    groups: usize,
    ends: Vec<usize>,
    found: Vec<Neighbour>,
}

impl Neighbours {
    pub(super) fn with_capacity(groups: usize, queries: usize) -> Self {
        Self {
            groups,
            ends: Vec::with_capacity(groups * queries),
            found: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, list: &[Neighbour]) {
        self.found.extend_from_slice(list);
        self.ends.push(self.found.len());
    }

    /// Lists made elsewhere: for each query one per group, each sorted as a search sorts them.
    ///
    /// # Panics
    /// When there is no group, or the lists are not whole queries.
    pub fn of_lists(groups: usize, lists: impl IntoIterator<Item = Vec<Neighbour>>) -> Self {
        assert!(groups > 0, "a query has at least one list");
        let mut neighbours = Self::with_capacity(groups, 0);
        for list in lists {
            neighbours.push(&list);
        }
        assert!(
            neighbours.ends.len().is_multiple_of(groups),
            "lists of a whole query"
        );
        neighbours
    }

    /// Number of queries.
    pub fn queries(&self) -> usize {
        self.ends.len() / self.groups
    }

    /// Number of groups, 1 for an index without groups.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The neighbours of a query in a group, sorted by distance, then by row; at most `k`, and
    /// fewer only when the group has fewer members.
    ///
    /// # Panics
    /// When `query` or `group` is out of range.
    pub fn list(&self, query: usize, group: usize) -> &[Neighbour] {
        assert!(group < self.groups, "group {group} of {}", self.groups);
        let at = query * self.groups + group;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.found[start..self.ends[at]]
    }
}
