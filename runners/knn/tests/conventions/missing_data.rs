//! An error names what a dataset lacks, with the remedy.

use protea_contracts::RunnerError;
use serde_json::{Value, json};

use crate::{evaluate, synthetic};

fn is_refused(lacking: synthetic::Lacking, given: &Value, parts: &[&str]) {
    let place = tempfile::tempdir().unwrap();
    let [train, test] = synthetic::freeze_both(place.path(), lacking);
    let error = evaluate(given, &train, &test, &place.path().join("output")).unwrap_err();
    assert!(matches!(error, RunnerError::Dataset { .. }), "{error}");
    for part in parts {
        assert!(
            error.to_string().contains(part),
            "{part:?} is not in {error}"
        );
    }
}

#[test]
fn missing_taxa_are_an_error() {
    let lacking = synthetic::Lacking {
        taxa: true,
        ..Default::default()
    };
    is_refused(
        lacking,
        &json!({ "exclude_taxa": [9606] }),
        &["exclude_taxa", "--taxonomy"],
    );
    is_refused(
        lacking,
        &json!({ "exclude_same_taxon": true }),
        &["exclude_same_taxon", "--taxonomy"],
    );
}

#[test]
fn missing_signals_are_an_error() {
    let weighted = |name: &str| json!({ "vote": "composite", "weights": { name: 1 } });
    let lacking = synthetic::Lacking {
        taxa: true,
        evidence: true,
    };
    is_refused(
        lacking,
        &weighted("taxonomic_proximity"),
        &["weights.taxonomic_proximity", "--taxonomy"],
    );
    is_refused(
        lacking,
        &weighted("evidence_weight"),
        &["weights.evidence_weight", "GAF"],
    );
    is_refused(
        lacking,
        &json!({ "vote": "composite", "formula": "evidence_weighted" }),
        &["formula", "GAF"],
    );
    let place = tempfile::tempdir().unwrap();
    let [train, test] = synthetic::freeze_both(place.path(), lacking);
    let nothing = json!({ "vote": "composite", "weights": { "embedding_similarity": 0 } });
    let error = evaluate(&nothing, &train, &test, &place.path().join("output")).unwrap_err();
    assert!(
        matches!(&error, RunnerError::InvalidSpec { pointer, .. } if pointer == "/weights"),
        "{error}"
    );
}

#[test]
fn missing_evidence_is_an_error() {
    let lacking = synthetic::Lacking {
        evidence: true,
        ..Default::default()
    };
    is_refused(
        lacking,
        &json!({ "evidence": ["experimental"] }),
        &["evidence", "GAF"],
    );
    // The dataset has evidence codes, but not this one.
    is_refused(
        synthetic::Lacking::default(),
        &json!({ "evidence": ["TAS"] }),
        &["TAS", "IDA, IEA, IMP, ISS"],
    );
}
