//! The settings of the runner.

use std::collections::BTreeMap;

use protea_contracts::prelude::*;

use crate::preset::{Preset, presets, stated};

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
    /// What a neighbour's vote for its terms counts. The similarity of a neighbour, its reliability
    /// index, is max(cos, 0) for the cosine metric, and 0.5 / (0.5 + distance) for L2.
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
        /// The similarity of the nearest neighbour that has the term (FANTASIA).
        Reliability,
        /// The similarity of the nearest neighbour that has the term; (1 + cos) / 2 for the cosine metric (PROTEA).
        Max,
        /// The weighted mean of several signals of the nearest neighbour that has the term (PROTEA's scoring configurations).
        Composite,
    }
}

spec! {
    /// What each signal of a composite score weighs; one that is not named weighs nothing.
    #[derive(Default)]
    pub struct SignalWeights {
        /// The similarity of the embeddings, (1 + cos) / 2 for the cosine metric.
        #[schemars(range(min = 0, max = 1000))]
        pub embedding_similarity: f64,
        /// Identical letters over the columns of the best global alignment.
        #[schemars(range(min = 0, max = 1000))]
        pub identity_nw: f64,
        /// Identical letters over the columns of the best local alignment.
        #[schemars(range(min = 0, max = 1000))]
        pub identity_sw: f64,
        /// How much the evidence of the annotation is trusted.
        #[schemars(range(min = 0, max = 1000))]
        pub evidence_weight: f64,
        /// 1 for a neighbour of the same taxon; not there for one of another.
        #[schemars(range(min = 0, max = 1000))]
        pub taxonomic_proximity: f64,
    }
}

impl SignalWeights {
    /// Similarity alone, as PROTEA has it where nothing else is said.
    pub const SIMILARITY: Self = Self {
        embedding_similarity: 1.0,
        identity_nw: 0.0,
        identity_sw: 0.0,
        evidence_weight: 0.0,
        taxonomic_proximity: 0.0,
    };

    /// Whether anything has a weight.
    #[must_use]
    pub fn any(&self) -> bool {
        let Self {
            embedding_similarity,
            identity_nw,
            identity_sw,
            evidence_weight,
            taxonomic_proximity,
        } = *self;
        embedding_similarity + identity_nw + identity_sw + evidence_weight + taxonomic_proximity
            > 0.0
    }

    /// Whether sequences have to be aligned.
    #[must_use]
    pub fn go_by_sequences(&self) -> bool {
        self.identity_nw > 0.0 || self.identity_sw > 0.0
    }
}

spec! {
    /// How a composite score is made of its signals.
    #[derive(Default, Copy, Eq)]
    pub enum Formula {
        /// Their weighted mean.
        #[default]
        Linear,
        /// Their weighted mean, times how much the evidence of the annotation is trusted.
        EvidenceWeighted,
    }
}

/// Declares the settings twice: as the runner has them, and as a user gives them, who leaves out
/// what the preset or the default has.
macro_rules! settings {
    ($( $(#[$attribute:meta])* $name:ident: $kind:ty = $default:expr, )*) => {
        /// The settings of [`KnnRunner`](crate::runner::KnnRunner). What is not given is as the preset has it.
        #[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
        #[serde(crate = "protea_contracts::prelude::serde", default, deny_unknown_fields)]
        #[schemars(crate = "protea_contracts::prelude::schemars", extend("x-presets" = presets()))]
        pub struct KnnSpec {
            /// A published convention, which gives the settings that are not given themselves.
            pub preset: Option<Preset>,
            $( $(#[$attribute])* pub $name: $kind, )*
        }

        impl Default for KnnSpec {
            fn default() -> Self {
                Self { preset: None, $( $name: $default, )* }
            }
        }

        #[derive(Default, Deserialize)]
        #[serde(crate = "protea_contracts::prelude::serde", default, deny_unknown_fields)]
        struct Given {
            preset: Option<Preset>,
            $( #[serde(deserialize_with = "stated")] $name: Option<$kind>, )*
        }

        impl From<Given> for KnnSpec {
            fn from(given: Given) -> Self {
                let rest = given.preset.map_or_else(Self::default, Preset::settings);
                Self {
                    preset: given.preset,
                    $( $name: given.$name.unwrap_or(rest.$name), )*
                }
            }
        }
    };
}

settings! {
    /// How many neighbours vote.
    #[schemars(range(min = 1, max = 100_000))]
    k: u32 = 5,
    /// How near two proteins are.
    metric: Metric = Metric::Cosine,
    /// What a neighbour's vote counts.
    vote: Vote = Vote::Similarity,
    /// Composite votes only: what each signal weighs.
    weights: SignalWeights = SignalWeights::SIMILARITY,
    /// Composite votes only: how the score is made of the signals.
    formula: Formula = Formula::Linear,
    /// Composite votes only: how much evidence codes are trusted, 0 to 1, in place of PROTEA's own; for example `{"IEA": 0.8}`.
    #[schemars(extend(
        "additionalProperties" = json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        "propertyNames" = json!({ "pattern": "^[A-Z]{2,3}$" })
    ))]
    evidence_weights: BTreeMap<String, f64> = BTreeMap::new(),
    /// One index per aspect, over the references annotated in it; otherwise one index over all annotated references.
    per_aspect: bool = true,
    /// Of the k nearest, those farther than this are dropped.
    #[schemars(range(min = 0))]
    distance_threshold: Option<f64> = None,
    /// References as near as the k-th neighbour vote too.
    include_ties: bool = false,
    /// A protein is never its own neighbour: a reference with the query's accession is passed over.
    exclude_self: bool = true,
    /// References of these NCBI taxa are passed over.
    exclude_taxa: Vec<u32> = Vec::new(),
    /// References of the query's own taxon are passed over.
    exclude_same_taxon: bool = false,
    /// References whose sequence is alike to the query's are passed over: where the residues that are
    /// identical in the best local alignment are at least this fraction of the shorter sequence.
    #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
    maximum_identity: Option<f64> = None,
    /// Only annotations with these evidence codes are transferred, such as `IDA`; `experimental` stands for CAFA's. None stand for all.
    evidence: Vec<String> = Vec::new(),
    /// References are transferred with all ancestors of their terms; otherwise with their terms as annotated.
    propagate: bool = true,
    /// Of the terms predicted for a protein, the ancestors of others are dropped.
    most_specific: bool = false,
    /// The embeddings of the references are rounded to half precision, as PROTEA's cache of them does.
    float16: bool = false,
    /// Scores are rounded to so many decimals, and terms with a score of 0 dropped.
    #[schemars(range(min = 0, max = 6))]
    decimals: Option<u8> = None,
    /// Terms with a lower score are not predicted.
    #[schemars(range(min = 0, max = 1))]
    minimum_score: f64 = 0.005,
}

impl<'de> Deserialize<'de> for KnnSpec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Given::deserialize(deserializer).map(Self::from)
    }
}
