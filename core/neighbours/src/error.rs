//! What can be wrong with the input of a search.

/// Why an index could not be made or a search could not be completed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SearchError {
    /// The width of the vectors is zero.
    #[error("the vectors have width 0; embeddings need at least one column")]
    NoColumns,
    /// A block's values do not hold `rows` times `width` numbers.
    #[error(
        "block {block} (first row {first_row}) holds {found} values where {rows} rows of width \
         {width} need {expected}; pass whole rows, row after row"
    )]
    BlockShape {
        /// Position of the block in the list given.
        block: usize,
        /// The block's first row.
        first_row: usize,
        /// Rows the block claims.
        rows: usize,
        /// Width of the index or of the queries.
        width: usize,
        /// Values needed.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// The blocks leave a hole or overlap.
    #[error(
        "block {block} starts at row {found} where row {expected} was due; give the blocks in order, \
         without holes, from row 0"
    )]
    BlockOrder {
        /// Position of the block in the list given.
        block: usize,
        /// First row expected.
        expected: usize,
        /// First row found.
        found: usize,
    },
    /// More rows than a row number can hold.
    #[error("{rows} rows are more than the {max} that one index can number; split the matrix")]
    TooManyRows {
        /// Rows given.
        rows: usize,
        /// The most that are possible.
        max: usize,
    },
    /// The membership masks do not fit the references.
    #[error("{found} membership masks for {expected} reference rows; give one mask per row")]
    MembershipLength {
        /// Reference rows.
        expected: usize,
        /// Masks given.
        found: usize,
    },
    /// A number of groups outside 1 to 8.
    #[error("{groups} groups; a membership mask has room for 1 to 8")]
    Groups {
        /// Groups asked for.
        groups: usize,
    },
    /// A membership mask names a group that does not exist.
    #[error(
        "the membership mask {mask:#010b} of reference row {row} has a bit beyond the {groups} groups"
    )]
    MembershipBit {
        /// Reference row.
        row: usize,
        /// Its mask.
        mask: u8,
        /// Groups of the index.
        groups: usize,
    },
    /// `k` is zero.
    #[error("k is 0; ask for at least one neighbour")]
    NoNeighbours,
    /// The exclusions do not fit the queries.
    #[error(
        "{found} exclusions for {expected} queries; give one per query, `None` where nothing is excluded"
    )]
    ExclusionLength {
        /// Queries given.
        expected: usize,
        /// Exclusions given.
        found: usize,
    },
    /// The labels do not fit queries and references.
    #[error(
        "labels for {} queries and {} references, where there are {} and {}; give one each",
        found.0, found.1, expected.0, expected.1
    )]
    LabelLength {
        /// Queries and references.
        expected: (usize, usize),
        /// Labels given for them.
        found: (usize, usize),
    },
    /// The kernel asked for does not run on this processor.
    #[error("this processor cannot run the {kernel} kernel; leave the choice to the search")]
    KernelUnavailable {
        /// The kernel's name.
        kernel: &'static str,
    },
    /// The progress callback asked to stop.
    #[error("the search was cancelled")]
    Cancelled,
}
