//! The arithmetic of a kernel, which determines the bound on its error.

/// How a kernel represents numbers and sums products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// Single precision throughout.
    Single,
    /// 16-bit integers with one scale per row. Products are summed exactly in 32 bits.
    Int16,
}
