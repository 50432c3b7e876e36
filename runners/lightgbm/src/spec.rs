//! The settings of the runner.

use protea_cafa::{neighbours, relatives::Exclusions};
use protea_contracts::prelude::*;

spec! {
    /// The distance between two proteins.
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
    /// In which aspects the trees' scores replace the neighbours' votes.
    #[derive(Default, Copy, Eq)]
    pub enum Rerank {
        /// In the aspects in which they have the larger Fmax on the held-out proteins.
        #[default]
        WhereItWins,
        /// In every aspect that has trees.
        Always,
    }
}

/// What the datasets must have, for the keyword `x-needs`: the command compares them before it
/// trains. `Schema::check_data` checks the same of a model.
fn needs() -> serde_json::Value {
    json!({
        "embeddings": { "same": ["width", "source"] },
        "sequences": { "optional": true, "unless": { "aligned": 0 } },
        "taxa": { "optional": true },
    })
}

spec! {
    /// The settings of the runner `lightgbm`.
    #[schemars(extend("x-needs" = needs()))]
    pub struct LightGbmSpec {
        /// How many neighbours suggest terms, in each aspect.
        #[schemars(range(min = 1, max = 1_000))]
        pub k: u32,
        /// The distance between two proteins.
        pub metric: Metric,
        /// Leave out references of these NCBI taxa, as if the training set did not have them.
        pub exclude_taxa: Vec<u32>,
        /// Leave out references of these clades: NCBI taxa and all below them. Needs lineages.
        pub exclude_clades: Vec<u32>,
        /// Neighbours are not of the protein's own taxon.
        pub exclude_same_taxon: bool,
        /// Neighbours are not of the protein's own clade of this rank, such as `genus`. Needs
        /// lineages. Taxa without an ancestor of the rank have no such clade.
        pub exclude_same_clade: Option<String>,
        /// How many of the nearest neighbours are aligned with the protein; 0 for none.
        #[schemars(range(min = 0, max = 1_000))]
        pub aligned: u32,
        /// How many principal components of the embedding are features; 0 for none.
        #[schemars(range(min = 0, max = 256))]
        pub components: u32,
        /// Number of folds of the training proteins. A protein's neighbours come from the other
        /// folds.
        #[schemars(range(min = 2, max = 100))]
        pub folds: u32,
        /// The fraction of the training proteins that no tree is trained on. They decide when
        /// training ends and where trees replace votes.
        #[schemars(range(min = 0.01, max = 0.5))]
        pub held_out: f64,
        /// In which aspects the trees' scores replace the neighbours' votes.
        pub rerank: Rerank,
        /// The most candidates to train on in each aspect. If there are more, proteins are chosen
        /// at random.
        #[schemars(range(min = 100, max = 100_000_000))]
        pub maximum_rows: u32,
        /// The most trees in each aspect.
        #[schemars(range(min = 1, max = 2_000))]
        pub trees: u32,
        /// Training ends when this many further trees have not lowered the loss on the held-out
        /// proteins.
        #[schemars(range(min = 1, max = 1_000))]
        pub patience: u32,
        /// The weight of each tree.
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
        /// L2 regularisation of the leaf values.
        #[schemars(range(min = 0, max = 1_000_000))]
        pub lambda_l2: f64,
        /// Terms with a lower score are not predicted. It applies before calibration.
        #[schemars(range(min = 0, max = 1))]
        pub minimum_score: f64,
        /// Turn scores into probabilities, with isotonic regression on the held-out proteins.
        pub calibrate: bool,
    }
}

impl Default for LightGbmSpec {
    fn default() -> Self {
        Self {
            k: 30,
            metric: Metric::Cosine,
            exclude_taxa: Vec::new(),
            exclude_clades: Vec::new(),
            exclude_same_taxon: false,
            exclude_same_clade: None,
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
            calibrate: false,
        }
    }
}

impl LightGbmSpec {
    /// The references that suggest no terms because of their taxon.
    pub(crate) fn exclusions(&self) -> Exclusions<'_> {
        Exclusions {
            taxa: &self.exclude_taxa,
            clades: &self.exclude_clades,
            same_taxon: self.exclude_same_taxon,
            same_clade: self.exclude_same_clade.as_deref(),
        }
    }

    /// Whether references of a protein's own taxon tell nothing about it.
    pub(crate) fn excludes_own_taxon(&self) -> bool {
        self.exclude_same_taxon || self.exclude_same_clade.is_some()
    }

    /// The parameters of a training, in LightGBM's syntax.
    ///
    /// With `deterministic` and `force_row_wise`, the trees do not depend on the number of threads.
    #[must_use]
    pub fn parameters(&self, seed: u64, threads: usize) -> String {
        // LightGBM takes a positive 32-bit integer. The exclusive or keeps the upper bits relevant.
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

impl From<Metric> for neighbours::DistanceMetric {
    fn from(metric: Metric) -> Self {
        match metric {
            Metric::Cosine => Self::Cosine,
            Metric::L2 => Self::L2,
        }
    }
}

impl Metric {
    /// The similarity of a neighbour: max(cos, 0), or 0.5 / (0.5 + distance), as in the runner
    /// `knn`.
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
