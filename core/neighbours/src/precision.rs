//! The arithmetic of a kernel, which decides how far its scores can be from the truth.

/// How a kernel holds numbers and sums products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// Single precision throughout.
    Single,
    /// 16-bit integers with one scale per row; their products are summed exactly in 32 bits.
    Int16,
}
