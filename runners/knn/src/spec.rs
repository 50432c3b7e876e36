//! The settings of the runner.

use protea_contracts::prelude::*;

spec! {
    /// How near two proteins are.
    #[derive(Default, Copy, Eq)]
    pub enum Metric {
        /// 1 − cos, in [0, 2].
        #[default]
        Cosine,
        /// Euclidean distance.
        L2,
    }
}

spec! {
    /// What a neighbour's vote for its terms counts. The similarity of a neighbour is max(cos, 0)
    /// for the cosine metric, and 0.5 / (0.5 + distance) for L2.
    #[derive(Default, Copy, Eq)]
    pub enum Vote {
        /// The fraction of the neighbours that have the term.
        Fraction,
        /// The similarity of the neighbours that have the term, over that of all neighbours.
        #[default]
        Similarity,
        /// The similarity of the neighbours that have the term, over the number of neighbours
        /// (M. Littmann et al., Scientific Reports 11 (2021) 1160: goPredSim).
        Gopredsim,
        /// The similarity of the nearest neighbour that has the term; (1 + cos) / 2 for the cosine metric.
        Max,
    }
}

spec! {
    /// The settings of [`KnnRunner`](crate::runner::KnnRunner).
    pub struct KnnSpec {
        /// How many neighbours vote.
        #[schemars(range(min = 1, max = 100_000))]
        pub k: u32,
        /// How near two proteins are.
        pub metric: Metric,
        /// What a neighbour's vote counts.
        pub vote: Vote,
        /// One index per aspect, over the references annotated in it; otherwise one index over all annotated references.
        pub per_aspect: bool,
        /// Of the k nearest, those farther than this are dropped.
        #[schemars(range(min = 0))]
        pub distance_threshold: Option<f64>,
        /// A protein is never its own neighbour: a reference with the query's accession is passed over.
        pub exclude_self: bool,
        /// Terms with a lower score are not predicted.
        #[schemars(range(min = 0, max = 1))]
        pub minimum_score: f64,
    }
}

impl Default for KnnSpec {
    fn default() -> Self {
        Self {
            k: 5,
            metric: Metric::Cosine,
            vote: Vote::Similarity,
            per_aspect: true,
            distance_threshold: None,
            exclude_self: true,
            minimum_score: 0.005,
        }
    }
}
