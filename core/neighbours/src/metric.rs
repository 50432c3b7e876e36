//! The distance metric of an index.

/// The distance that defines the neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DistanceMetric {
    /// `1 - cos(q, r)`, in `[0, 2]`. A vector of zeros has distance 1 to every vector.
    Cosine,
    /// The *squared* Euclidean distance, as FAISS and PROTEA report it.
    /// [`Neighbour::euclidean`](crate::Neighbour::euclidean) returns its square root.
    L2,
}
