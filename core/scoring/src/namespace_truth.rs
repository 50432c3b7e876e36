//! The ground truth of one namespace.

/// Stands for a protein without a row.
pub(super) const NONE: u32 = u32::MAX;

/// The proteins of one namespace, one row per protein.
#[derive(Clone, Debug, Default)]
pub(super) struct NamespaceTruth {
    /// For each protein of the whole ground truth, its row or `NONE`.
    pub row_of: Vec<u32>,
    /// `terms[offsets[row]..offsets[row + 1]]` are the terms of a row: positions in the namespace,
    /// ascending.
    pub offsets: Vec<usize>,
    pub terms: Vec<u32>,
}

impl NamespaceTruth {
    pub fn rows(&self) -> usize {
        self.offsets.len() - 1
    }

    pub fn terms_of(&self, row: usize) -> &[u32] {
        &self.terms[self.offsets[row]..self.offsets[row + 1]]
    }
}
