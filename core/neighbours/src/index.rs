//! The index of references, and the options of a search.

use std::{
    any::Any,
    sync::{Arc, Mutex},
};

use rayon::prelude::*;

use crate::{
    bounds::{Scaling, Size},
    error::NeighbourSearchError,
    index_cache::IndexCache,
    kernels::{Exact, Kernel, bytes_of},
    metric::DistanceMetric,
    precision::Precision,
    rows::{Matrix, RowBlock},
    saved::{self, NewPart, Part},
};

/// Which references belong to which group. One pass finds the neighbours of every group separately.
#[non_exhaustive]
#[derive(Debug, Clone, Copy)]
pub enum Membership<'m> {
    /// One group that holds every reference.
    All,
    /// Up to eight groups, for example one per aspect of the Gene Ontology. If bit `g` of the mask
    /// of a row is set, the row belongs to group `g`. Rows with mask 0 are never neighbours.
    Masks {
        /// One mask per reference row.
        masks: &'m [u8],
        /// Number of groups, 1 to 8.
        groups: usize,
    },
}

/// Labels of queries and references, such as taxa. A reference with the same label as a query is
/// never a neighbour of that query.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'o> {
    /// One label per query.
    pub queries: &'o [u32],
    /// One label per reference row.
    pub references: &'o [u32],
}

impl Labels<'_> {
    /// The value for "no label". It never equals another label, not even itself.
    pub const NONE: u32 = u32::MAX;

    pub(super) fn exclude(&self, query: usize, reference: u32) -> bool {
        let label = self.queries[query];
        label != Self::NONE && label == self.references[reference as usize]
    }
}

/// The options of a search.
#[derive(Debug, Clone, Copy)]
pub struct SearchOptions<'o> {
    /// Neighbours per query and group, at least 1. A group with fewer members returns all of them.
    pub k: usize,
    /// For each query, a reference that must not be its neighbour (usually the query itself).
    pub exclude: Option<&'o [Option<u32>]>,
    /// If a query and a reference have equal labels of one kind, the reference is not a neighbour of
    /// the query.
    pub labels: &'o [Labels<'o>],
    /// The kernel to use. `None` uses the one that the environment variable `PROTEA_KERNEL` names,
    /// or the one that a short trial found to be the fastest. The result is the same with every kernel.
    pub kernel: Option<Kernel>,
    /// How the search excludes references without reading their rows. The result is the same with
    /// every choice.
    pub pruning: Pruning,
}

/// How a search excludes references by their leading coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Pruning {
    /// As a sample of the vectors suggests.
    #[default]
    Auto,
    /// Not at all: every row is multiplied.
    Off,
    /// Not at all: every row is multiplied as bytes. As [`Off`](Self::Off) if the kernel has no bytes, or
    /// the rows as bytes take over 1 GiB.
    Bytes,
    /// With this number of leading directions, at least 1. The search uses at most 128, and at most
    /// as many as the references have.
    Directions(usize),
}

impl SearchOptions<'_> {
    /// Finds the `k` nearest references, without exclusions, with the fastest kernel.
    pub fn nearest(k: usize) -> Self {
        Self {
            k,
            exclude: None,
            labels: &[],
            kernel: None,
            pruning: Pruning::Auto,
        }
    }
}

/// An index of references. It borrows the matrix and adds about 20 bytes per row.
///
/// Rows with an infinity or a NaN are never neighbours. A query with an infinity or a NaN has no
/// neighbours.
#[derive(Debug, Clone)]
pub struct Index<'a> {
    pub(super) references: Matrix<'a>,
    pub(super) metric: DistanceMetric,
    pub(super) groups: usize,
    /// Rows that belong to a group, ascending.
    pub(super) members: Vec<u32>,
    /// Sizes of the members, in the same order.
    pub(super) sizes: Vec<Size>,
    /// The distinct masks of the members.
    pub(super) classes: Vec<u8>,
    /// For each member, the position of its mask in `classes`. Empty if there is only one class.
    pub(super) class_of: Vec<u8>,
    pub(super) exact: Exact,
    pub(super) single: Scaling,
    pub(super) int16: Scaling,
    pub(super) prepared: Arc<Mutex<Prepared>>,
    /// Rows as bytes, one for each kernel that has searched them.
    pub(super) byte_rows: Arc<Mutex<Vec<Arc<dyn Any + Send + Sync>>>>,
    pub(super) cache: Option<Arc<dyn IndexCache + 'a>>,
    /// Whether the cache lacks the norms, and they are worth saving.
    pub(super) has_new_norms: bool,
}

/// Blocks of leading coordinates, by the number of directions asked for. The type depends on the kernels.
pub(super) type Prepared = Vec<(Option<usize>, Arc<dyn Any + Send + Sync>)>;

impl<'a> Index<'a> {
    /// Creates an index. Reads every row once, in parallel, to compute its norm.
    ///
    /// # Errors
    ///
    /// [`NeighbourSearchError`] if the blocks are not the whole rows of a matrix in order, if there are 2^32
    /// rows or more, or if the masks do not match the rows and groups.
    pub fn new(
        width: usize,
        blocks: Vec<RowBlock<'a>>,
        membership: Membership<'_>,
        metric: DistanceMetric,
    ) -> Result<Self, NeighbourSearchError> {
        Self::build(width, blocks, membership, metric, None)
    }

    /// As [`new`](Self::new), but takes what an earlier index of the same references computed from
    /// `cache`, if it is there, and saves what a search with pruning computes. Norms from a cache are
    /// not computed, so the rows are not read.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn with_cache(
        width: usize,
        blocks: Vec<RowBlock<'a>>,
        membership: Membership<'_>,
        metric: DistanceMetric,
        cache: Arc<dyn IndexCache + 'a>,
    ) -> Result<Self, NeighbourSearchError> {
        Self::build(width, blocks, membership, metric, Some(cache))
    }

    fn build(
        width: usize,
        blocks: Vec<RowBlock<'a>>,
        membership: Membership<'_>,
        metric: DistanceMetric,
        cache: Option<Arc<dyn IndexCache + 'a>>,
    ) -> Result<Self, NeighbourSearchError> {
        let references = Matrix::new(width, blocks)?;
        let rows = references.rows();
        let (masks, groups) = match membership {
            Membership::All => (None, 1),
            Membership::Masks { masks, groups } => (Some(masks), groups),
        };
        if !(1..=8).contains(&groups) {
            return Err(NeighbourSearchError::Groups { groups });
        }
        if let Some(masks) = masks {
            if masks.len() != rows {
                return Err(NeighbourSearchError::MembershipLength {
                    expected: rows,
                    found: masks.len(),
                });
            }
            let allowed = ((1_u16 << groups) - 1) as u8;
            if let Some(row) = masks.iter().position(|mask| mask & !allowed != 0) {
                return Err(NeighbourSearchError::MembershipBit {
                    row,
                    mask: masks[row],
                    groups,
                });
            }
        }
        let mask_of = |row: u32| masks.map_or(1, |masks| masks[row as usize]);
        let exact = Exact::detect();
        let candidates: Vec<u32> = (0..rows as u32).filter(|&row| mask_of(row) != 0).collect();
        let known = cache
            .as_deref()
            .and_then(|cache| saved_norms(cache, candidates.len(), width));
        let mut has_new_norms = cache.is_some() && known.is_none();
        let (members, sizes) = match known {
            Some(sizes) => (candidates, sizes),
            None => {
                let (members, sizes) = measured(exact, &references, &candidates);
                // Saved norms are those of all candidates.
                has_new_norms &= members.len() == candidates.len();
                (members, sizes)
            }
        };
        let mut classes: Vec<u8> = Vec::new();
        let mut class_of: Vec<u8> =
            Vec::with_capacity(if masks.is_some() { members.len() } else { 0 });
        if masks.is_some() {
            let mut known = [None; 256];
            for &row in &members {
                let mask = mask_of(row);
                let class = *known[mask as usize].get_or_insert_with(|| {
                    classes.push(mask);
                    (classes.len() - 1) as u8
                });
                class_of.push(class);
            }
        } else {
            classes.push(1);
        }
        if classes.len() <= 1 {
            class_of = Vec::new();
        }
        let scaling = |precision| Scaling::new(metric, precision, width, &sizes);
        let (single, int16) = (scaling(Precision::Single), scaling(Precision::Int16));
        Ok(Self {
            references,
            metric,
            groups,
            members,
            sizes,
            classes,
            class_of,
            exact,
            single,
            int16,
            prepared: Arc::default(),
            byte_rows: Arc::default(),
            cache,
            has_new_norms,
        })
    }

    /// Width of the vectors.
    pub fn width(&self) -> usize {
        self.references.width()
    }

    /// Number of reference rows, including rows that belong to no group.
    pub fn rows(&self) -> usize {
        self.references.rows()
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.groups
    }

    /// Whether a search has prepared leading coordinates, which later searches reuse.
    pub fn has_leading_directions(&self) -> bool {
        let prepared = self.prepared.lock();
        !prepared
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .is_empty()
    }
}

/// The name of the norms in a cache.
const NORMS: &str = "norms";

/// The norms of this many members from a cache.
fn saved_norms(cache: &dyn IndexCache, members: usize, width: usize) -> Option<Vec<Size>> {
    let layout = [members as u64, width as u64];
    let sections = saved::load(cache, NORMS, Part::Norms, &layout)?;
    let squares = sections.numbers::<f64>(0);
    let largest = sections.numbers::<f32>(1);
    let norms = squares.zip(largest).and_then(|(squares, largest)| {
        let (squares, largest) = (squares.as_slice(), largest.as_slice());
        let sizes = squares.iter().zip(largest);
        let sizes = sizes.map(|(&squared, &largest)| Size { squared, largest });
        (squares.len() == members && largest.len() == members).then(|| sizes.collect())
    });
    if norms.is_none() {
        cache.reject(NORMS, "it has another size");
    }
    norms
}

/// The rows whose values are finite, with their norms.
fn measured(exact: Exact, references: &Matrix<'_>, rows: &[u32]) -> (Vec<u32>, Vec<Size>) {
    rows.par_iter()
        .with_min_len(256)
        .map_init(Vec::new, |scratch, &row| {
            let values = references.row(row as usize).as_f32(scratch);
            (row, vector_size(exact, values))
        })
        .filter(|(_, size)| size.squared.is_finite())
        .unzip()
}

/// Norm and largest magnitude of a vector. The norm is not finite if a value is not finite.
pub(super) fn vector_size(exact: Exact, values: &[f32]) -> Size {
    let (squared, largest) = exact.norm(values);
    Size { squared, largest }
}

impl Index<'_> {
    pub(super) fn scaling(&self, precision: Precision) -> &Scaling {
        match precision {
            Precision::Single => &self.single,
            Precision::Int16 => &self.int16,
        }
    }

    /// The norm that the key divides a member by: its own, or with L2 the common one.
    pub(super) fn divisor(&self, member: usize) -> f64 {
        self.single.divisor(self.sizes[member])
    }

    /// The largest norm of a member divided by its [`divisor`](Self::divisor).
    pub(super) fn largest_scaled_norm(&self) -> f64 {
        self.single.largest_scaled_norm()
    }

    /// Squared norms and largest magnitudes of the members, if the cache lacks them.
    pub(super) fn new_norms(&self) -> Option<(Vec<f64>, Vec<f32>)> {
        let sizes = self.has_new_norms.then_some(self.sizes.iter())?;
        Some(sizes.map(|size| (size.squared, size.largest)).unzip())
    }

    /// The norms as a part to save.
    pub(super) fn norms_part<'n>(
        &self,
        (squared, largest): &'n (Vec<f64>, Vec<f32>),
    ) -> NewPart<'n> {
        let layout = [self.members.len() as u64, self.width() as u64];
        let sections = vec![bytes_of(squared), bytes_of(largest)];
        NewPart::new(NORMS.to_owned(), Part::Norms, &layout, sections)
    }

    /// The position of a row in `members`. The row must be a member.
    pub(super) fn member(&self, row: u32) -> usize {
        if self.members.len() == self.rows() {
            return row as usize;
        }
        self.members.partition_point(|&member| member < row)
    }

    /// Number of members of each group.
    pub(super) fn group_sizes(&self) -> Vec<usize> {
        let mut in_class = vec![0; self.classes.len()];
        if self.class_of.is_empty() {
            in_class.fill(self.members.len());
        }
        for &class in &self.class_of {
            in_class[usize::from(class)] += 1;
        }
        let members = |group| {
            let classes = self.classes.iter().zip(&in_class);
            let counted = classes.filter(|(mask, _)| *mask >> group & 1 == 1);
            counted.map(|(_, count)| count).sum()
        };
        (0..self.groups).map(members).collect()
    }

    /// The position of the mask of a member in `classes`.
    pub(super) fn class(&self, member: usize) -> u8 {
        self.class_of.get(member).copied().unwrap_or(0)
    }

    /// The mask of a member: its groups.
    pub(super) fn mask(&self, member: usize) -> u8 {
        self.classes[usize::from(self.class(member))]
    }
}
