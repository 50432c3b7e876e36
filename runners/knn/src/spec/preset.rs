//! Published conventions, by name.

use protea_contracts::prelude::*;
use serde_json::{Map, Value};

use super::{KnnSpec, Metric, SignalWeights, Vote};

spec! {
    /// A published convention.
    #[derive(Copy, Eq)]
    pub enum Preset {
        /// goPredSim (M. Littmann et al., Scientific Reports 11 (2021) 1160).
        Gopredsim,
        /// The configuration that comes with FANTASIA 4.
        Fantasia,
        /// The defaults of PROTEA's platform: one index per aspect, half-precision references, the
        /// score of the nearest neighbour with the term.
        Protea,
        /// PROTEA's scoring configuration `alignment_weighted`: half embedding similarity, half
        /// sequence identity.
        ProteaAlignment,
    }
}

impl Preset {
    pub(crate) const ALL: [Self; 4] = [
        Self::Gopredsim,
        Self::Fantasia,
        Self::Protea,
        Self::ProteaAlignment,
    ];

    /// All settings of the convention.
    pub(crate) fn settings(self) -> KnnSpec {
        let as_annotated = KnnSpec {
            preset: Some(self),
            propagate: false,
            minimum_score: 0.0,
            ..KnnSpec::default()
        };
        match self {
            Self::Gopredsim => KnnSpec {
                k: 1,
                metric: Metric::L2,
                vote: Vote::Gopredsim,
                include_ties: true,
                most_specific: true,
                decimals: Some(2),
                ..as_annotated
            },
            Self::Fantasia => KnnSpec {
                k: 1,
                vote: Vote::Reliability,
                per_aspect: false,
                most_specific: true,
                decimals: Some(4),
                ..as_annotated
            },
            Self::Protea => KnnSpec {
                k: 5,
                vote: Vote::Max,
                float16: true,
                decimals: Some(4),
                ..as_annotated
            },
            Self::ProteaAlignment => KnnSpec {
                k: 5,
                vote: Vote::Composite,
                weights: SignalWeights {
                    embedding_similarity: 0.5,
                    identity_nw: 0.3,
                    identity_sw: 0.2,
                    ..SignalWeights::default()
                },
                float16: true,
                decimals: Some(6),
                ..as_annotated
            },
        }
    }
}

/// The keyword `x-presets` of the schema: from the name of a preset to its settings.
///
/// The host alone resolves presets. The runner receives complete settings.
pub(super) fn presets() -> Value {
    let named = Preset::ALL.map(|preset| {
        let settings = serde_json::to_value(preset.settings()).unwrap_or_default();
        let name = settings["preset"].as_str().unwrap_or_default().to_owned();
        (name, settings)
    });
    Value::Object(Map::from_iter(named))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_a_preset_survive_json() {
        for preset in Preset::ALL {
            let spec = KnnSpec {
                k: 7,
                ..preset.settings()
            };
            let read: KnnSpec = serde_json::to_value(&spec)
                .and_then(serde_json::from_value)
                .expect("the settings are valid");
            assert_eq!(read, spec);
        }
    }

    #[test]
    fn the_schema_has_the_presets() {
        let schema = schemars::schema_for!(KnnSpec).to_value();
        assert_eq!(schema["x-presets"]["fantasia"]["vote"], "reliability");
        assert_eq!(schema["x-presets"]["gopredsim"]["decimals"], 2);
        let weights = &schema["x-presets"]["protea_alignment"]["weights"];
        assert_eq!(weights["identity_nw"], 0.3);
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["properties"]["k"]["maximum"], 100_000);
        for preset in Preset::ALL {
            let name = json!(preset);
            let name = name.as_str().expect("a preset is a string");
            assert_eq!(schema["x-presets"][name], json!(preset.settings()));
        }
    }

    #[test]
    fn invalid_settings_are_rejected() {
        for invalid in [
            json!({ "neighbours": 5 }),
            json!({ "k": "5" }),
            json!({ "preset": "other" }),
            json!({ "k": null }),
        ] {
            assert!(
                serde_json::from_value::<KnnSpec>(invalid.clone()).is_err(),
                "{invalid}"
            );
        }
    }
}
