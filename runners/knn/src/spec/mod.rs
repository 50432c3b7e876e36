//! The settings of the runner.

use std::collections::BTreeMap;

use protea_cafa::relatives::Exclusions;
use protea_contracts::prelude::*;

mod preset;

pub(crate) use preset::Preset;

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
    /// How the votes of the neighbours make a score. The similarity of a neighbour (its reliability
    /// index) is max(cos, 0) for the cosine metric, and 0.5 / (0.5 + distance) for L2.
    #[derive(Default, Copy, Eq)]
    pub enum Vote {
        /// The fraction of the neighbours that have the term.
        Fraction,
        /// The summed similarity of the neighbours that have the term, divided by that of all
        /// neighbours.
        #[default]
        Similarity,
        /// The summed similarity of the neighbours that have the term, divided by the number of
        /// neighbours (M. Littmann et al., Scientific Reports 11 (2021) 1160: goPredSim).
        Gopredsim,
        /// The similarity of the nearest neighbour that has the term (FANTASIA).
        Reliability,
        /// The similarity of the nearest neighbour that has the term; (1 + cos) / 2 for the cosine
        /// metric (PROTEA).
        Max,
        /// The weighted mean of several signals of the nearest neighbour that has the term
        /// (PROTEA's scoring configurations).
        Composite,
    }
}

spec! {
    /// The weight of each signal of a composite score. A signal that is not named keeps its weight
    /// of the preset or the default.
    #[derive(Default)]
    pub struct SignalWeights {
        /// The similarity of the embeddings; (1 + cos) / 2 for the cosine metric.
        #[schemars(range(min = 0, max = 1000))]
        pub embedding_similarity: f64,
        /// Identical letters divided by the columns of the best global alignment.
        #[schemars(range(min = 0, max = 1000))]
        pub identity_nw: f64,
        /// Identical letters divided by the columns of the best local alignment.
        #[schemars(range(min = 0, max = 1000))]
        pub identity_sw: f64,
        /// The weight of the annotation's evidence.
        #[schemars(range(min = 0, max = 1000))]
        pub evidence_weight: f64,
        /// 1 / (1 + distance of the taxa), where the distance is the number of steps through their
        /// lowest common ancestor. Without lineages in the references, 1 for a neighbour of the same
        /// taxon, and not available for other taxa.
        #[schemars(range(min = 0, max = 1000))]
        pub taxonomic_proximity: f64,
    }
}

impl SignalWeights {
    /// Similarity alone, PROTEA's default.
    const SIMILARITY: Self = Self {
        embedding_similarity: 1.0,
        identity_nw: 0.0,
        identity_sw: 0.0,
        evidence_weight: 0.0,
        taxonomic_proximity: 0.0,
    };

    /// Whether any signal has a weight.
    pub(crate) fn any(&self) -> bool {
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

    /// Whether sequences must be aligned.
    pub(crate) fn need_sequences(&self) -> bool {
        self.identity_nw > 0.0 || self.identity_sw > 0.0
    }
}

spec! {
    /// How the signals make a composite score.
    #[derive(Default, Copy, Eq)]
    pub enum Formula {
        /// Their weighted mean.
        #[default]
        Linear,
        /// Their weighted mean, multiplied by the weight of the annotation's evidence.
        EvidenceWeighted,
    }
}

/// What the datasets must have, for the keyword `x-needs`: the command compares them before a run.
fn needs() -> serde_json::Value {
    json!({ "embeddings": { "same": ["width", "source"] }, "annotations": {} })
}

spec! {
    /// The settings of the runner `knn`.
    #[schemars(extend("x-presets" = preset::presets(), "x-needs" = needs()))]
    pub struct KnnSpec {
        /// A published convention. It provides the settings that you do not give.
        pub preset: Option<Preset>,
        /// How many neighbours vote.
        #[schemars(range(min = 1, max = 100_000))]
        pub k: u32,
        /// The distance between two proteins.
        pub metric: Metric,
        /// How votes make a score.
        pub vote: Vote,
        /// Composite votes only: the weight of each signal.
        pub weights: SignalWeights,
        /// Composite votes only: how the signals make a score.
        pub formula: Formula,
        /// Composite votes only: the weight of evidence codes, 0 to 1, instead of PROTEA's; for
        /// example `{"IEA": 0.8}`.
        #[schemars(extend(
            "additionalProperties" = json!({ "type": "number", "minimum": 0, "maximum": 1 }),
            "propertyNames" = json!({ "pattern": "^[A-Z]{2,3}$" })
        ))]
        pub evidence_weights: BTreeMap<String, f64>,
        /// One index per aspect, of the references annotated in it; otherwise one index of all
        /// annotated references.
        pub per_aspect: bool,
        /// Ignore those of the k nearest that are farther than this.
        #[schemars(range(min = 0))]
        pub distance_threshold: Option<f64>,
        /// References as near as the k-th neighbour vote too.
        pub include_ties: bool,
        /// Ignore a reference with the query's accession.
        pub exclude_self: bool,
        /// Ignore references of these NCBI taxa.
        pub exclude_taxa: Vec<u32>,
        /// Ignore references of the query's own taxon.
        pub exclude_same_taxon: bool,
        /// Ignore references of these clades: NCBI taxa and all below them. Needs lineages.
        pub exclude_clades: Vec<u32>,
        /// Ignore references of the query's own clade of this rank, such as `genus`. Needs lineages.
        /// Taxa without an ancestor of the rank have no such clade.
        pub exclude_same_clade: Option<String>,
        /// Ignore references whose sequence is too similar to the query's: the identical residues
        /// of the best local alignment are at least this fraction of the shorter sequence.
        #[schemars(range(max = 1), extend("exclusiveMinimum" = 0))]
        pub maximum_identity: Option<f64>,
        /// Transfer only annotations with these evidence codes, such as `IDA`; `experimental`
        /// stands for CAFA's. None: all.
        pub evidence: Vec<String>,
        /// Transfer all ancestors of a reference's terms too; otherwise only its terms as
        /// annotated.
        pub propagate: bool,
        /// Drop predicted terms that are ancestors of other predicted terms.
        pub most_specific: bool,
        /// Round the references' embeddings to half precision, as PROTEA's cache does.
        pub float16: bool,
        /// Round scores to this many decimals, and drop terms with a score of 0.
        #[schemars(range(min = 0, max = 6))]
        pub decimals: Option<u8>,
        /// Terms with a lower score are not predicted. It applies before calibration.
        #[schemars(range(min = 0, max = 1))]
        pub minimum_score: f64,
        /// Turn scores into probabilities, with isotonic regression on up to 5,000 references, each
        /// predicted from the others.
        pub calibrate: bool,
    }
}

impl Default for KnnSpec {
    fn default() -> Self {
        Self {
            preset: None,
            k: 5,
            metric: Metric::Cosine,
            vote: Vote::Similarity,
            weights: SignalWeights::SIMILARITY,
            formula: Formula::Linear,
            evidence_weights: BTreeMap::new(),
            per_aspect: true,
            distance_threshold: None,
            include_ties: false,
            exclude_self: true,
            exclude_taxa: Vec::new(),
            exclude_same_taxon: false,
            exclude_clades: Vec::new(),
            exclude_same_clade: None,
            maximum_identity: None,
            evidence: Vec::new(),
            propagate: true,
            most_specific: false,
            float16: false,
            decimals: None,
            minimum_score: 0.005,
            calibrate: false,
        }
    }
}

impl KnnSpec {
    /// The references that do not vote because of their taxon.
    pub(crate) fn exclusions(&self) -> Exclusions<'_> {
        Exclusions {
            taxa: &self.exclude_taxa,
            clades: &self.exclude_clades,
            same_taxon: self.exclude_same_taxon,
            same_clade: self.exclude_same_clade.as_deref(),
        }
    }
}
