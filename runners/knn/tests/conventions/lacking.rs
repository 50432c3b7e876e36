//! What a dataset lacks is said, with the remedy.

use protea_contracts::RunnerError;
use serde_json::{Value, json};

use crate::{evaluate, synthetic};

fn refused(lacking: synthetic::Lacking, given: &Value, parts: &[&str]) {
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
fn taxa_that_are_not_there() {
    let lacking = synthetic::Lacking {
        taxa: true,
        ..Default::default()
    };
    refused(
        lacking,
        &json!({ "exclude_taxa": [9606] }),
        &["exclude_taxa", "--taxonomy"],
    );
    refused(
        lacking,
        &json!({ "exclude_same_taxon": true }),
        &["exclude_same_taxon", "--taxonomy"],
    );
}

#[test]
fn what_a_composite_score_goes_by() {
    let weighted = |name: &str| json!({ "vote": "composite", "weights": { name: 1 } });
    let lacking = synthetic::Lacking {
        taxa: true,
        evidence: true,
    };
    refused(
        lacking,
        &weighted("taxonomic_proximity"),
        &["weights.taxonomic_proximity", "--taxonomy"],
    );
    refused(
        lacking,
        &weighted("evidence_weight"),
        &["weights.evidence_weight", "GAF"],
    );
    refused(
        lacking,
        &json!({ "vote": "composite", "formula": "evidence_weighted" }),
        &["formula", "GAF"],
    );
    let place = tempfile::tempdir().unwrap();
    let [train, test] = synthetic::freeze_both(place.path(), lacking);
    let nothing = json!({ "vote": "composite", "weights": {} });
    let error = evaluate(&nothing, &train, &test, &place.path().join("output")).unwrap_err();
    assert!(
        matches!(&error, RunnerError::InvalidSpec { pointer, .. } if pointer == "/weights"),
        "{error}"
    );
}

#[test]
fn evidence_that_is_not_there() {
    let lacking = synthetic::Lacking {
        evidence: true,
        ..Default::default()
    };
    refused(
        lacking,
        &json!({ "evidence": ["experimental"] }),
        &["evidence", "GAF"],
    );
    // There is some, but no such code.
    refused(
        synthetic::Lacking::default(),
        &json!({ "evidence": ["TAS"] }),
        &["TAS", "IDA, IEA, IMP, ISS"],
    );
}
