//! References made ready for searching, and what a search is asked for.

use rayon::prelude::*;

use super::bounds::{Scaling, Size};
use super::error::SearchError;
use super::kernels::{Exact, Kernel};
use super::metric::Metric;
use super::precision::Precision;
use super::rows::{Matrix, RowBlock};

/// Which references belong to which group; every group gets its own neighbours, in one pass.
#[derive(Debug, Clone, Copy)]
pub enum Membership<'m> {
    /// One group that holds every reference.
    All,
    /// Up to eight groups, for instance one per aspect of the Gene Ontology. Bit `g` of a row's
    /// mask says that the row belongs to group `g`. Rows with mask 0 are never neighbours.
    Masks {
        /// One mask per reference row.
        masks: &'m [u8],
        /// Number of groups, 1 to 8.
        groups: usize,
    },
}

/// What queries and references belong to, such as taxa: a reference with the query's label is never
/// its neighbour.
#[derive(Debug, Clone, Copy)]
pub struct Labels<'o> {
    /// One per query.
    pub queries: &'o [u32],
    /// One per reference row.
    pub references: &'o [u32],
}

impl Labels<'_> {
    /// The label of what belongs to nothing; it is equal to no label.
    pub const NONE: u32 = u32::MAX;

    pub(super) fn part(&self, query: usize, reference: u32) -> bool {
        let label = self.queries[query];
        label != Self::NONE && label == self.references[reference as usize]
    }
}

/// What a search is asked for.
#[derive(Debug, Clone, Copy)]
pub struct SearchOptions<'o> {
    /// Neighbours per query and group, at least 1. A group with fewer members gives them all.
    pub k: usize,
    /// Per query, a reference that must not be its neighbour (as a rule the query itself).
    pub exclude: Option<&'o [Option<u32>]>,
    /// Where a query's and a reference's are equal, they must not be neighbours.
    pub labels: Option<Labels<'o>>,
    /// The inner loop to use; `None` for the fastest. The result is the same with any.
    pub kernel: Option<Kernel>,
}

impl SearchOptions<'_> {
    /// The `k` nearest, nothing excluded, with the fastest kernel.
    pub fn nearest(k: usize) -> Self {
        Self {
            k,
            exclude: None,
            labels: None,
            kernel: None,
        }
    }
}

/// References ready to be searched. The matrix stays where it is; the index adds some 20 bytes per row.
///
/// Rows that hold an infinity or something that is not a number are never neighbours, and a query
/// that holds one has none.
#[derive(Debug, Clone)]
pub struct Index<'a> {
    pub(super) references: Matrix<'a>,
    pub(super) metric: Metric,
    pub(super) groups: usize,
    /// Rows that belong to a group, ascending.
    pub(super) members: Vec<u32>,
    /// Norms of the members.
    pub(super) sizes: Vec<Size>,
    /// The different masks that occur.
    pub(super) classes: Vec<u8>,
    /// For each member its position in `classes`; empty when there is only one class.
    pub(super) class_of: Vec<u8>,
    pub(super) exact: Exact,
    single: Scaling,
    int16: Scaling,
}

impl<'a> Index<'a> {
    /// Reads every row once, in parallel, for its norm.
    ///
    /// # Errors
    /// When the blocks are not the whole rows of a matrix in order, when there are 2^32 rows or
    /// more, or when the masks do not fit.
    pub fn new(
        width: usize,
        blocks: Vec<RowBlock<'a>>,
        membership: Membership<'_>,
        metric: Metric,
    ) -> Result<Self, SearchError> {
        let references = Matrix::new(width, blocks)?;
        let rows = references.rows();
        let (masks, groups) = match membership {
            Membership::All => (None, 1),
            Membership::Masks { masks, groups } => (Some(masks), groups),
        };
        if !(1..=8).contains(&groups) {
            return Err(SearchError::Groups { groups });
        }
        if let Some(masks) = masks {
            if masks.len() != rows {
                return Err(SearchError::MembershipLength {
                    expected: rows,
                    found: masks.len(),
                });
            }
            let allowed = ((1_u16 << groups) - 1) as u8;
            if let Some(row) = masks.iter().position(|mask| mask & !allowed != 0) {
                return Err(SearchError::MembershipBit {
                    row,
                    mask: masks[row],
                    groups,
                });
            }
        }
        let mask_of = |row: u32| masks.map_or(1, |masks| masks[row as usize]);
        let exact = Exact::detect();
        let (members, sizes): (Vec<u32>, Vec<Size>) = (0..rows as u32)
            .into_par_iter()
            .with_min_len(256)
            .filter(|&row| mask_of(row) != 0)
            .map_init(Vec::new, |scratch, row| {
                (
                    row,
                    vector_size(exact, references.row(row as usize).as_f32(scratch)),
                )
            })
            .filter(|(_, size)| size.squared.is_finite())
            .unzip();
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
        })
    }

    /// Width of the vectors.
    pub fn width(&self) -> usize {
        self.references.width()
    }

    /// Number of reference rows, members of a group or not.
    pub fn rows(&self) -> usize {
        self.references.rows()
    }

    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.groups
    }
}

/// Norm and largest magnitude of a vector; the norm is not finite when a value is not.
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

    /// The position among the members of a row that is one.
    pub(super) fn member(&self, row: u32) -> usize {
        if self.members.len() == self.rows() {
            return row as usize;
        }
        self.members.partition_point(|&member| member < row)
    }

    /// The place of a member's mask among the classes.
    pub(super) fn class(&self, member: usize) -> u8 {
        self.class_of.get(member).copied().unwrap_or(0)
    }

    /// The groups of a member.
    pub(super) fn mask(&self, member: usize) -> u8 {
        self.classes[usize::from(self.class(member))]
    }
}
