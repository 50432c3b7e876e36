//! The errors of an index and of a search.

/// Why an index could not be created or a search could not be completed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NeighbourSearchError {
    /// The width of the vectors is zero.
    #[error("the vectors have width 0; embeddings need at least one column")]
    NoColumns,
    /// A block does not have `rows` times `width` values.
    #[error(
        "block {block} (first row {first_row}) has {found} values, but {rows} rows of width \
         {width} need {expected}; pass whole rows, one after another"
    )]
    BlockShape {
        /// Position of the block in the list of blocks, from 0.
        block: usize,
        /// First row of the block.
        first_row: usize,
        /// Number of rows that the block declares.
        rows: usize,
        /// Width of the vectors.
        width: usize,
        /// Number of values needed.
        expected: usize,
        /// Number of values found.
        found: usize,
    },
    /// The blocks have a gap or overlap.
    #[error(
        "block {block} starts at row {found}, expected row {expected}; pass the blocks in order, \
         without gaps, from row 0"
    )]
    BlockOrder {
        /// Position of the block in the list of blocks, from 0.
        block: usize,
        /// First row expected.
        expected: usize,
        /// First row found.
        found: usize,
    },
    /// There are more rows than a 32-bit row number can address.
    #[error("{rows} rows are more than the maximum of {max} in one index; split the matrix")]
    TooManyRows {
        /// Number of rows passed.
        rows: usize,
        /// The maximum.
        max: usize,
    },
    /// The number of membership masks differs from the number of references.
    #[error("{found} membership masks for {expected} reference rows; pass one mask per row")]
    MembershipLength {
        /// Number of reference rows.
        expected: usize,
        /// Number of masks passed.
        found: usize,
    },
    /// The number of groups is not within 1 to 8.
    #[error("{groups} groups of references are not supported; use 1 to 8")]
    Groups {
        /// Number of groups requested.
        groups: usize,
    },
    /// A membership mask names a group that does not exist.
    #[error(
        "the membership mask {mask:#010b} of reference row {row} has a bit beyond the {groups} groups"
    )]
    MembershipBit {
        /// The reference row.
        row: usize,
        /// The mask of the row.
        mask: u8,
        /// Number of groups of the index.
        groups: usize,
    },
    /// `k` is zero.
    #[error("k is 0; request at least one neighbour")]
    NoNeighbours,
    /// The number of exclusions differs from the number of queries.
    #[error(
        "{found} exclusions for {expected} queries; pass one per query, `None` to exclude nothing"
    )]
    ExclusionLength {
        /// Number of queries.
        expected: usize,
        /// Number of exclusions passed.
        found: usize,
    },
    /// The number of labels differs from the number of queries or references.
    #[error(
        "labels for {} queries and {} references, expected {} and {}; pass one label each",
        found.0, found.1, expected.0, expected.1
    )]
    LabelLength {
        /// Number of queries and of references.
        expected: (usize, usize),
        /// Number of labels passed for queries and for references.
        found: (usize, usize),
    },
    /// This processor does not support the requested kernel.
    #[error(
        "this processor does not support the {kernel} kernel; request no kernel to use the fastest supported one"
    )]
    KernelUnavailable {
        /// Name of the kernel.
        kernel: &'static str,
    },
    /// The environment variable `PROTEA_KERNEL` names a kernel that does not exist or that this
    /// processor does not support.
    #[error(
        "PROTEA_KERNEL={name} is not a kernel that this processor supports; use one of {}, or unset \
         the variable to use the fastest", available.join(", ")
    )]
    UnknownKernel {
        /// The value of the variable.
        name: String,
        /// Names of the kernels that the processor supports.
        available: Vec<&'static str>,
    },
    /// The progress callback cancelled the search.
    #[error("the search was cancelled")]
    Cancelled,
}
