//! Explanations agree with the predictions, and their contributions make up the scores.

use std::collections::BTreeMap;

use protea_cafa::scoring::round_score;
use protea_contracts::{RunnerError, explanation::Combination};

use super::calls::{evaluate, example, explain, fit, lightgbm, predictions, quick};
use crate::spec::{LightGbmSpec, Rerank};

/// Fits, evaluates, and compares the explanations of some proteins with the predictions.
fn check_explanations(spec: &LightGbmSpec, combination: Combination, contributors: &str) {
    let place = tempfile::tempdir().unwrap();
    let (model, output) = (place.path().join("model"), place.path().join("out"));
    let test = example("test");
    fit(spec, &example("train"), &model).unwrap();
    evaluate(&model, &test, &output, 2).unwrap();
    let mut written: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for (protein, term, score) in predictions(&output) {
        written.entry(protein).or_default().insert(term, score);
    }
    for (protein, terms) in written.iter().step_by(written.len() / 3) {
        let explained = explain(&model, &test, protein, None).unwrap();
        assert_eq!(explained.contributors, contributors);
        assert_eq!(explained.predicted, terms.len());
        assert_eq!(explained.terms.len(), terms.len());
        for term in &explained.terms {
            assert_eq!(term.combination, combination);
            assert_eq!(round_score(term.score), terms[&term.term]);
            let reproduced = term.reproduced().unwrap();
            assert!(
                (reproduced - term.score).abs() < 1e-9,
                "{reproduced} {}",
                term.score
            );
            assert!(!term.contributions.is_empty());
            assert!(term.contributions.is_sorted_by(|a, b| a.amount >= b.amount));
        }
        let last = explained.terms.last().unwrap();
        let one = explain(&model, &test, protein, Some(&last.term)).unwrap();
        assert_eq!(one.terms.as_slice(), std::slice::from_ref(last));
        assert_eq!(one.predicted, terms.len());
    }
    let (protein, _) = written.first_key_value().unwrap();
    for (protein, term) in [("nobody", None), (protein.as_str(), Some("GO:0"))] {
        let error = explain(&model, &test, protein, term).unwrap_err();
        assert!(matches!(error, RunnerError::NotFound { .. }), "{error}");
    }
}

#[test]
fn feature_contributions_make_up_the_log_odds() {
    if lightgbm().is_some() {
        check_explanations(&quick(), Combination::LogisticSum, "feature");
    }
}

#[test]
fn votes_make_up_the_score_if_votes_stay() {
    let spec = LightGbmSpec {
        rerank: Rerank::WhereItWins,
        trees: 1,
        learning_rate: 0.001,
        ..quick()
    };
    if lightgbm().is_some() {
        check_explanations(&spec, Combination::Sum, "neighbour");
    }
}
