//! The distance that a search uses.

/// What "near" means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// `1 - cos(q, r)`, in `[0, 2]`. A vector of zeros has similarity 0, distance 1, to everything.
    Cosine,
    /// The *squared* Euclidean distance, as FAISS and PROTEA report it;
    /// [`Neighbour::euclidean`](super::Neighbour::euclidean) gives its root.
    L2,
}
