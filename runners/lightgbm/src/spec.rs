//! The settings of the runner.

use protea_cafa::neighbours;
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
    /// Where the trees' scores take the place of the neighbours' votes.
    #[derive(Default, Copy, Eq)]
    pub enum Rerank {
        /// In the aspects where they have the larger Fmax on the held-out proteins.
        #[default]
        WhereItWins,
        /// In every aspect that has trees.
        Always,
    }
}

spec! {
    /// The settings of [`LightGbmRunner`](crate::runner::LightGbmRunner).
    pub struct LightGbmSpec {
        /// How many neighbours suggest terms, in each aspect.
        #[schemars(range(min = 1, max = 1_000))]
        pub k: u32,
        /// How near two proteins are.
        pub metric: Metric,
        /// How many of the neighbours, the nearest ones, are aligned with the protein; 0 for none.
        #[schemars(range(min = 0, max = 1_000))]
        pub aligned: u32,
        /// How many principal components of the embedding are features; 0 for none.
        #[schemars(range(min = 0, max = 256))]
        pub components: u32,
        /// Into how many folds the training proteins are dealt; a protein's neighbours are sought among those of the other folds.
        #[schemars(range(min = 2, max = 100))]
        pub folds: u32,
        /// The fraction of the training proteins that no tree is grown on: they end the training and decide where to re-rank.
        #[schemars(range(min = 0.01, max = 0.5))]
        pub held_out: f64,
        /// Where the trees' scores take the place of the neighbours' votes.
        pub rerank: Rerank,
        /// No more candidates than this are trained on in each aspect; proteins are left out, by chance, where there are more.
        #[schemars(range(min = 100, max = 100_000_000))]
        pub maximum_rows: u32,
        /// The most trees in each aspect.
        #[schemars(range(min = 1, max = 2_000))]
        pub trees: u32,
        /// Training ends when so many trees more have brought no smaller loss on the held-out proteins.
        #[schemars(range(min = 1, max = 1_000))]
        pub patience: u32,
        /// What each tree counts.
        #[schemars(range(min = 0.001, max = 1))]
        pub learning_rate: f64,
        /// The most leaves of a tree.
        #[schemars(range(min = 2, max = 1_000))]
        pub leaves: u32,
        /// The fewest candidates in a leaf.
        #[schemars(range(min = 1, max = 1_000_000))]
        pub minimum_in_leaf: u32,
        /// The fraction of the features that each tree may use.
        #[schemars(range(min = 0.05, max = 1))]
        pub feature_fraction: f64,
        /// How much large leaf values are held back.
        #[schemars(range(min = 0, max = 1_000_000))]
        pub lambda_l2: f64,
        /// Terms with a lower score are not predicted.
        #[schemars(range(min = 0, max = 1))]
        pub minimum_score: f64,
    }
}

impl Default for LightGbmSpec {
    fn default() -> Self {
        Self {
            k: 30,
            metric: Metric::Cosine,
            aligned: 30,
            components: 16,
            folds: 10,
            held_out: 0.2,
            rerank: Rerank::WhereItWins,
            maximum_rows: 1_000_000,
            trees: 1_000,
            patience: 30,
            learning_rate: 0.05,
            leaves: 31,
            minimum_in_leaf: 100,
            feature_fraction: 0.6,
            lambda_l2: 10.0,
            minimum_score: 0.005,
        }
    }
}

impl LightGbmSpec {
    /// The parameters of a training, as LightGBM takes them.
    ///
    /// `deterministic` and `force_row_wise` make the trees the same whatever the number of threads.
    #[must_use]
    pub fn parameters(&self, seed: u64, threads: usize) -> String {
        // LightGBM takes a positive 32-bit seed; no bit of ours is lost on the way.
        let seed = (seed ^ (seed >> 32)) as u32 & 0x7fff_ffff;
        format!(
            "objective=binary metric=binary_logloss boosting=gbdt verbosity=-1 deterministic=true \
             force_row_wise=true seed={seed} num_threads={threads} learning_rate={} num_leaves={} \
             min_data_in_leaf={} feature_fraction={} lambda_l2={} max_bin=255",
            self.learning_rate,
            self.leaves,
            self.minimum_in_leaf,
            self.feature_fraction,
            self.lambda_l2
        )
    }
}

impl From<Metric> for neighbours::Metric {
    fn from(metric: Metric) -> Self {
        match metric {
            Metric::Cosine => Self::Cosine,
            Metric::L2 => Self::L2,
        }
    }
}

impl Metric {
    /// The similarity of a neighbour: max(cos, 0), or 0.5 / (0.5 + distance), as `knn` has it.
    #[must_use]
    pub fn similarity(self, neighbour: &neighbours::Neighbour) -> f64 {
        match self {
            Self::Cosine => (1.0 - neighbour.distance).max(0.0),
            Self::L2 => 0.5 / (0.5 + neighbour.euclidean()),
        }
    }

    /// The distance of a neighbour: 1 − cos, or the Euclidean distance.
    #[must_use]
    pub fn distance(self, neighbour: &neighbours::Neighbour) -> f64 {
        match self {
            Self::Cosine => neighbour.distance,
            Self::L2 => neighbour.euclidean(),
        }
    }
}
