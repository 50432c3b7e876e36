//! The result of a search.

use crate::kernels::Kernel;

/// One neighbour of a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Neighbour {
    /// Distance in the metric of the index: the cosine distance in `[0, 2]`, or the squared
    /// Euclidean distance.
    pub distance: f64,
    /// Row of the reference, from 0.
    pub row: u32,
}

impl Neighbour {
    /// The Euclidean distance, for an index with [`DistanceMetric::L2`](crate::DistanceMetric::L2): the square root
    /// of `distance`.
    pub fn euclidean(&self) -> f64 {
        self.distance.sqrt()
    }
}

/// How a search found its neighbours. It says why a search was fast or slow; the neighbours are the
/// same with every method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchMethod {
    /// The kernel that ran.
    pub kernel: Kernel,
    /// Number of leading directions of the first bounds. `None` if every row was multiplied.
    pub directions: Option<usize>,
    /// Whether every row was multiplied as bytes.
    pub bytes: bool,
}

/// The nearest references of every query and group, nearest first. Results are equal if their lists
/// are, whatever the method.
#[derive(Debug, Clone)]
pub struct Neighbours {
    groups: usize,
    ends: Vec<usize>,
    found: Vec<Neighbour>,
    method: Option<SearchMethod>,
}

impl PartialEq for Neighbours {
    fn eq(&self, other: &Self) -> bool {
        (self.groups, &self.ends, &self.found) == (other.groups, &other.ends, &other.found)
    }
}

impl Neighbours {
    pub(super) fn with_capacity(groups: usize, queries: usize) -> Self {
        Self {
            groups,
            ends: Vec::with_capacity(groups * queries),
            found: Vec::new(),
            method: None,
        }
    }

    pub(super) fn push(&mut self, list: &[Neighbour]) {
        self.found.extend_from_slice(list);
        self.ends.push(self.found.len());
    }

    /// Builds a result from lists: for each query one list per group, each sorted by distance, then
    /// by row.
    ///
    /// # Panics
    ///
    /// If `groups` is 0, or the number of lists is not a multiple of `groups`.
    pub fn from_lists(groups: usize, lists: impl IntoIterator<Item = Vec<Neighbour>>) -> Self {
        assert!(groups > 0, "there must be at least one group");
        let mut neighbours = Self::with_capacity(groups, 0);
        for list in lists {
            neighbours.push(&list);
        }
        assert!(
            neighbours.ends.len().is_multiple_of(groups),
            "every query must have one list per group"
        );
        neighbours
    }

    /// The same neighbours with rows that begin at `first_row` instead of 0: an index of a part of the
    /// references numbers these from 0.
    ///
    /// # Panics
    ///
    /// If a row does not fit into 32 bits then.
    #[must_use]
    pub fn shifted(mut self, first_row: u32) -> Self {
        for neighbour in &mut self.found {
            let row = neighbour.row.checked_add(first_row);
            neighbour.row = row.expect("rows of references fit into 32 bits");
        }
        self
    }

    pub(super) fn with_method(self, method: SearchMethod) -> Self {
        Self {
            method: Some(method),
            ..self
        }
    }

    /// As the search that found `other`.
    pub(super) fn with_method_of(self, other: &Self) -> Self {
        let method = other.method;
        Self { method, ..self }
    }

    /// How the search found the neighbours; `None` if they do not come from a search.
    pub fn method(&self) -> Option<SearchMethod> {
        self.method
    }

    /// The neighbours of all queries and groups, list by list.
    pub fn iter(&self) -> impl Iterator<Item = &Neighbour> {
        self.found.iter()
    }

    /// Number of queries.
    pub fn queries(&self) -> usize {
        self.ends.len() / self.groups
    }

    /// Number of groups, 1 for an index without groups.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// The neighbours of a query in a group, sorted by distance, then by row. There are `k`, or
    /// fewer if fewer references of the group can be neighbours of the query.
    ///
    /// # Panics
    ///
    /// If `query` or `group` is out of range.
    pub fn list(&self, query: usize, group: usize) -> &[Neighbour] {
        assert!(group < self.groups, "group {group} of {}", self.groups);
        let at = query * self.groups + group;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.found[start..self.ends[at]]
    }
}
