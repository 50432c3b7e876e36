//! The bootstrap, compared with an independent implementation and with other numbers of threads.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::Command,
};

use protea_ontology::{Ontology, Reading};
use protea_scoring::{
    Bootstrap, GroundTruth, Norm, PartialKnowledge, Predictions, Propagation, Resampled, Rules,
    ScoringError, ScoringOptions, evaluate, evaluate_allowing_empty, evaluate_partial, resample,
};
use serde_json::Value;

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/cafaeval")
        .join(name)
}

/// Ids of terms in several namespaces. cafaeval resolves them differently in predictions and in a
/// ground truth, which these tests do not cover.
const AMBIGUOUS: [&str; 3] = ["GO:9000002", "GO:0008180", "GO:0008204"];

/// Copies a file of the test data without the ambiguous ids into a directory.
fn without_ambiguous(directory: &Path, name: &str) -> PathBuf {
    let text = std::fs::read_to_string(data(name)).unwrap();
    let kept = |line: &&str| !AMBIGUOUS.iter().any(|id| line.contains(id));
    let lines: Vec<&str> = text.split_inclusive('\n').filter(kept).collect();
    let path = directory.join(name.replace('/', "-"));
    std::fs::write(&path, lines.concat()).unwrap();
    path
}

const METHODS: [&str; 2] = ["predictions/grouped.tsv", "predictions/deep/one.tsv"];

/// Calls `act` with the predictions of both methods.
fn with_predictions(act: impl FnOnce([Predictions<'_>; 2])) {
    let ontology = Ontology::read_as(data("ontology.obo"), Reading::Cafaeval).unwrap();
    let truth = GroundTruth::read(data("truth.tsv"), &ontology).unwrap();
    act(METHODS.map(|name| Predictions::read(data(name), &truth, name).unwrap()));
}

fn resampled(
    predictions: &Predictions<'_>,
    options: &ScoringOptions,
    bootstrap: &Bootstrap,
) -> Vec<Resampled> {
    resample(
        predictions,
        options,
        Rules::Cafaeval,
        bootstrap,
        &mut |_, _| ControlFlow::Continue(()),
    )
    .unwrap()
}

/// The Python interpreter for the test. Without one the test is skipped; in CI it fails.
fn interpreter() -> Option<String> {
    let found = std::env::var("PROTEA_TEST_PYTHON")
        .ok()
        .filter(|path| !path.is_empty());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "PROTEA_TEST_PYTHON must name a Python with numpy"
        );
        eprintln!("\n*** SKIPPED: set PROTEA_TEST_PYTHON to a Python that has numpy ***\n");
    }
    found
}

fn close(found: f64, expected: &Value, case: &str) {
    let expected = expected.as_f64().unwrap();
    assert!(
        (found - expected).abs() <= 1e-12,
        "{case}: {found}, expected {expected}"
    );
}

#[test]
fn resamples_equal_an_independent_bootstrap() {
    let Some(python) = interpreter() else { return };
    let bootstrap = Bootstrap {
        resamples: 400,
        confidence: 0.9,
        seed: 20_131,
    };
    let place = tempfile::tempdir().unwrap();
    let truth = without_ambiguous(place.path(), "truth.tsv");
    let methods = METHODS.map(|name| without_ambiguous(place.path(), name));
    let output = Command::new(python)
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/tests/reference_bootstrap.py"
        ))
        .args([&data("ontology.obo"), &truth])
        .args(["400", "20131", "0.9"])
        .args(&methods)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let expected: Value = serde_json::from_slice(&output.stdout).unwrap();

    let ontology = Ontology::read_as(data("ontology.obo"), Reading::Cafaeval).unwrap();
    let truth = GroundTruth::read(truth, &ontology).unwrap();
    let scoring = ScoringOptions::default();
    let [one, other] = methods.map(|path| {
        let predictions = Predictions::read(path, &truth, "method").unwrap();
        resampled(&predictions, &scoring, &bootstrap)
    });
    assert_eq!(one.len(), expected.as_object().unwrap().len());
    let mut large = 0;
    for (one, other) in one.iter().zip(&other) {
        let expected = &expected[&one.namespace];
        assert_eq!(expected["proteins"], one.proteins);
        for (method, found) in [one, other].into_iter().enumerate() {
            let case = format!("{} of {}", found.namespace, METHODS[method]);
            let expected = &expected["methods"][method];
            close(found.fmax, &expected["fmax"], &case);
            let resamples = expected["resamples"].as_array().unwrap();
            assert_eq!(found.resamples.len(), resamples.len());
            for (found, expected) in found.resamples.iter().zip(resamples) {
                close(*found, expected, &case);
            }
            let interval = found.interval();
            close(interval.low, &expected["interval"][0], &case);
            close(interval.high, &expected["interval"][1], &case);
            // With other random numbers, an end of the interval differs by about a tenth of the
            // standard deviation. With few proteins there are too few distinct resamples to compare.
            if found.proteins > 30 {
                large += 1;
                let other = &expected["numpy"];
                let tolerance = 0.4 * other["std"].as_f64().unwrap();
                let ends = [interval.low, interval.high];
                for (end, other) in ends.iter().zip(other["interval"].as_array().unwrap()) {
                    let other = other.as_f64().unwrap();
                    assert!((end - other).abs() <= tolerance, "{case}: {end}, {other}");
                }
            }
        }
        let difference = one.minus(other).unwrap();
        assert_eq!(difference.difference, one.fmax - other.fmax);
        let expected = &expected["difference"];
        close(difference.p_value, &expected["p_value"], &one.namespace);
        close(
            difference.interval.low,
            &expected["interval"][0],
            &one.namespace,
        );
        close(
            difference.interval.high,
            &expected["interval"][1],
            &one.namespace,
        );
    }
    assert!(large >= 4, "the case has too few proteins");
}

#[test]
fn fmax_without_resampling_equals_the_evaluation() {
    let bootstrap = Bootstrap {
        resamples: 1,
        ..Bootstrap::default()
    };
    let default = ScoringOptions::default;
    let variants = [
        default(),
        ScoringOptions {
            norm: Norm::Pred,
            prop: Propagation::Fill,
            th_step: 0.03,
            ..default()
        },
        ScoringOptions {
            norm: Norm::Gt,
            no_orphans: true,
            max_terms: Some(3),
            ..default()
        },
    ];
    with_predictions(|predictions| {
        for predictions in &predictions {
            for options in &variants {
                let evaluation = evaluate(predictions, None, options).unwrap();
                let resampled = resampled(predictions, options, &bootstrap);
                assert_eq!(evaluation.namespaces.len(), resampled.len());
                for (evaluated, resampled) in evaluation.namespaces.iter().zip(&resampled) {
                    assert_eq!(evaluated.namespace, resampled.namespace);
                    assert_eq!(evaluated.proteins, resampled.proteins);
                    assert_eq!(evaluated.fmax(), resampled.fmax, "{options:?}");
                }
            }
        }
    });
}

#[test]
fn resamples_depend_on_the_seed_but_not_on_threads() {
    with_predictions(|[predictions, _]| {
        let scoring = ScoringOptions::default();
        let with = |threads: usize, seed: u64| {
            let bootstrap = Bootstrap {
                resamples: 150,
                seed,
                ..Bootstrap::default()
            };
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
            let pool = pool.build().unwrap();
            pool.install(|| resampled(&predictions, &scoring, &bootstrap))
        };
        assert_eq!(with(1, 3), with(5, 3));
        assert_ne!(with(1, 3), with(1, 4));
    });
}

#[test]
fn empty_predictions_have_zero_fmax_and_no_difference() {
    let ontology = Ontology::read_as(data("ontology.obo"), Reading::Cafaeval).unwrap();
    let truth = GroundTruth::read(data("truth.tsv"), &ontology).unwrap();
    let silent = Predictions::new(&truth, "silent");
    let scoring = ScoringOptions::default();
    let bootstrap = Bootstrap {
        resamples: 20,
        ..Bootstrap::default()
    };
    let evaluation = evaluate_allowing_empty(&silent, None, &scoring, Rules::Cafaeval).unwrap();
    assert!(evaluation.namespaces.iter().all(|n| n.fmax() == 0.0));
    for resampled in resampled(&silent, &scoring, &bootstrap) {
        let interval = resampled.interval();
        assert_eq!(
            (resampled.fmax, interval.low, interval.high),
            (0.0, 0.0, 0.0)
        );
        let difference = resampled.minus(&resampled).unwrap();
        assert_eq!((difference.difference, difference.p_value), (0.0, 1.0));
    }
}

#[test]
fn invalid_options_and_comparisons_are_refused() {
    with_predictions(|[predictions, _]| {
        let scoring = ScoringOptions::default();
        let refused = |scoring: &ScoringOptions, bootstrap: Bootstrap| {
            let mut go_on = |_, _| ControlFlow::Continue(());
            let error = resample(
                &predictions,
                scoring,
                Rules::Cafaeval,
                &bootstrap,
                &mut go_on,
            )
            .unwrap_err();
            assert!(matches!(error, ScoringError::Option { .. }), "{error}");
            error.to_string()
        };
        let default = Bootstrap::default;
        for resamples in [0, Bootstrap::MOST_RESAMPLES + 1] {
            let bootstrap = Bootstrap {
                resamples,
                ..default()
            };
            assert!(refused(&scoring, bootstrap).contains("from 1 to 1000000"));
        }
        for confidence in [0.0, 1.0, f64::NAN, -1.0] {
            let bootstrap = Bootstrap {
                confidence,
                ..default()
            };
            assert!(refused(&scoring, bootstrap).contains("between 0 and 1"));
        }

        let few = |seed| Bootstrap {
            resamples: 3,
            seed,
            ..default()
        };
        let (one, other) = (
            resampled(&predictions, &scoring, &few(0)),
            resampled(&predictions, &scoring, &few(1)),
        );
        let unpaired = one[0].minus(&other[0]).unwrap_err();
        assert!(matches!(unpaired, ScoringError::Unpaired { .. }));
        assert!(one[0].minus(&one[1]).is_err());

        let mut reported = Vec::new();
        let mut stop = |done, total| {
            reported.push((done, total));
            if done < 64 {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        let cancelled = resample(
            &predictions,
            &scoring,
            Rules::Cafaeval,
            &default(),
            &mut stop,
        );
        assert!(matches!(cancelled, Err(ScoringError::Cancelled)));
        assert_eq!(reported, [(0, 5000), (64, 5000)]);
    });
}

/// Known terms count in no resample.
#[test]
fn known_terms_are_ignored_in_resamples() {
    let data = |name: &str| {
        let case = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/cafaeval_pk");
        case.join(name)
    };
    let ontology = Ontology::read_as(data("ontology.obo"), Reading::Cafaeval).unwrap();
    let truth = GroundTruth::read(data("truth.tsv"), &ontology).unwrap();
    let known = GroundTruth::read_known(data("known.tsv"), &ontology).unwrap();
    let read = |name| Predictions::read(data("predictions").join(name), &truth, name).unwrap();
    let (many, few) = (read("many.tsv"), read("few.tsv"));
    let knowledge = PartialKnowledge {
        known: Some(&known),
        interest: None,
    };
    let bootstrap = Bootstrap {
        resamples: 200,
        ..Bootstrap::default()
    };
    for no_orphans in [false, true] {
        let options = ScoringOptions {
            no_orphans,
            ..ScoringOptions::default()
        };
        let resampled = |predictions, rules| {
            let mut go_on = |_, _| ControlFlow::Continue(());
            resample(predictions, &options, rules, &bootstrap, &mut go_on).unwrap()
        };
        for predictions in [&many, &few] {
            let evaluation = evaluate_partial(predictions, None, &options, &knowledge).unwrap();
            let found = resampled(predictions, Rules::PartialKnowledge(&knowledge));
            assert_eq!(found.len(), evaluation.namespaces.len());
            for (found, evaluated) in found.iter().zip(&evaluation.namespaces) {
                assert_eq!(found.namespace, evaluated.namespace);
                assert_eq!(found.proteins, evaluated.proteins);
                assert_eq!(found.fmax.to_bits(), evaluated.fmax().to_bits());
                // A maximum is biased upwards, especially with few proteins.
                let interval = found.interval();
                let around = interval.low - 0.05..=interval.high + 0.05;
                assert!(around.contains(&found.fmax), "{} {interval:?}", found.fmax);
            }
        }
        let pairs = resampled(&many, Rules::PartialKnowledge(&knowledge));
        let others = resampled(&few, Rules::PartialKnowledge(&knowledge));
        for (many, few) in pairs.iter().zip(&others) {
            assert!(many.minus(few).unwrap().difference.is_finite());
        }
    }
    // In a namespace without known terms, the same proteins are drawn and count the same.
    let options = ScoringOptions::default();
    let nothing = PartialKnowledge::default();
    let mut go_on = |_, _| ControlFlow::Continue(());
    let plain = resample(&many, &options, Rules::Cafaeval, &bootstrap, &mut go_on);
    let rules = Rules::PartialKnowledge(&nothing);
    let partial = resample(&many, &options, rules, &bootstrap, &mut go_on);
    assert_eq!(plain.unwrap(), partial.unwrap());
}
