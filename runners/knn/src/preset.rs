//! Published conventions, by name.

use protea_contracts::prelude::*;
use serde::Deserializer;
use serde_json::{Map, Value};

use crate::spec::{KnnSpec, Metric, SignalWeights, Vote};

spec! {
    /// A published convention.
    #[derive(Copy, Eq)]
    pub enum Preset {
        /// goPredSim (M. Littmann et al., Scientific Reports 11 (2021) 1160).
        Gopredsim,
        /// FANTASIA 4, as its configuration comes.
        Fantasia,
        /// PROTEA's platform: aspects apart, a half-precision cache, the nearest donor's score.
        Protea,
        /// PROTEA's platform with its scoring configuration `alignment_weighted`: half the similarity of the embeddings, the rest
        /// sequence identity.
        ProteaAlignment,
    }
}

impl Preset {
    const ALL: [Self; 4] = [
        Self::Gopredsim,
        Self::Fantasia,
        Self::Protea,
        Self::ProteaAlignment,
    ];

    /// All settings, as the convention has them.
    #[must_use]
    pub fn settings(self) -> KnnSpec {
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

/// The presets as the schema of the spec carries them: a host that completes a spec takes from here
/// what the spec does not give, before it takes the defaults.
pub(crate) fn presets() -> Value {
    let with_name = |preset: Preset| {
        let settings = serde_json::to_value(preset.settings()).unwrap_or_default();
        let name = settings["preset"].as_str().unwrap_or_default().to_owned();
        (name, settings)
    };
    Value::Object(
        Preset::ALL
            .map(with_name)
            .into_iter()
            .collect::<Map<_, _>>(),
    )
}

/// A setting that is there: `null`, where it is allowed, is given too.
pub(crate) fn stated<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(value: Value) -> KnnSpec {
        serde_json::from_value(value).expect("the spec is sound")
    }

    #[test]
    fn what_is_given_wins_over_the_preset_and_that_over_the_default() {
        assert_eq!(spec(json!({})), KnnSpec::default());
        assert_eq!(
            spec(json!({ "preset": "gopredsim" })),
            Preset::Gopredsim.settings()
        );
        let own = spec(json!({ "preset": "gopredsim", "k": 3, "decimals": null }));
        assert_eq!((own.k, own.decimals), (3, None));
        assert_eq!((own.metric, own.include_ties), (Metric::L2, true));
        // The default of another preset, but given.
        let own = spec(json!({ "preset": "protea", "float16": false, "k": 5 }));
        assert_eq!((own.float16, own.decimals), (false, Some(4)));
        // What is not named in the weights weighs nothing, whatever the preset has.
        let own = spec(json!({ "preset": "protea_alignment", "weights": { "identity_sw": 1 } }));
        let weights = [own.weights.embedding_similarity, own.weights.identity_sw];
        assert_eq!((own.vote, weights), (Vote::Composite, [0.0, 1.0]));
    }

    #[test]
    fn a_spec_is_read_back_as_it_was_written() {
        for preset in Preset::ALL {
            let spec = KnnSpec {
                k: 7,
                ..preset.settings()
            };
            let read: KnnSpec = serde_json::to_value(&spec)
                .and_then(serde_json::from_value)
                .expect("it was written just now");
            assert_eq!(read, spec);
        }
    }

    #[test]
    fn the_schema_names_the_presets() {
        let schema = schemars::schema_for!(KnnSpec).to_value();
        assert_eq!(schema["x-presets"]["fantasia"]["vote"], "reliability");
        assert_eq!(schema["x-presets"]["gopredsim"]["decimals"], 2);
        let weights = &schema["x-presets"]["protea_alignment"]["weights"];
        assert_eq!(weights["identity_nw"], 0.3);
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["properties"]["k"]["maximum"], 100_000);
    }

    #[test]
    fn what_is_no_setting_is_refused() {
        for wrong in [
            json!({ "neighbours": 5 }),
            json!({ "k": "5" }),
            json!({ "preset": "other" }),
            json!({ "k": null }),
        ] {
            assert!(
                serde_json::from_value::<KnnSpec>(wrong.clone()).is_err(),
                "{wrong}"
            );
        }
    }
}
