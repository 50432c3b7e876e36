//! Calibration against its definition, against scikit-learn, and on data with a known error.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeMap, fmt::Write, process::Command};

use protea_cafa::calibration::{CalibrationCurve, drawn};

/// Scores with the number of predictions and of right ones.
type Counted = Vec<(f64, u64, u64)>;

fn random(generator: &mut fastrand::Rng, scores: u64) -> Counted {
    let mut counted = BTreeMap::new();
    for _ in 0..scores {
        let predictions = generator.u64(1..6);
        counted.insert(
            generator.u32(0..=1_000_000),
            (predictions, generator.u64(0..=predictions)),
        );
    }
    let score = |millionths: u32| f64::from(millionths) / 1e6;
    counted
        .into_iter()
        .map(|(millionths, (predictions, right))| (score(millionths), predictions, right))
        .collect()
}

#[test]
fn curves_are_isotonic_regressions() {
    let mut generator = fastrand::Rng::with_seed(1);
    for scores in 1..60 {
        let counted = random(&mut generator, scores);
        let curve = CalibrationCurve::fit(counted.clone()).unwrap();
        let mean = |from: usize, to: usize| {
            let part = &counted[from..=to];
            let predictions: u64 = part.iter().map(|(_, predictions, _)| predictions).sum();
            let right: u64 = part.iter().map(|(.., right)| right).sum();
            right as f64 / predictions as f64
        };
        for (at, (score, ..)) in counted.iter().enumerate() {
            // The definition by the largest of the smallest means.
            let expected = (0..=at)
                .map(|from| {
                    let means = (at..counted.len()).map(|to| mean(from, to));
                    means.fold(f64::INFINITY, f64::min)
                })
                .fold(f64::NEG_INFINITY, f64::max);
            assert!(
                (curve.apply(*score) - expected).abs() < 1e-12,
                "{counted:?}"
            );
        }
    }
}

#[test]
fn curves_rise_and_stay_within_their_ends() {
    let counted = vec![(0.2, 10, 1), (0.4, 10, 3), (0.6, 10, 2), (0.8, 10, 9)];
    let curve = CalibrationCurve::fit(counted).unwrap();
    assert_eq!(curve.apply(0.0), 0.1);
    assert_eq!(curve.apply(0.2), 0.1);
    assert_eq!(curve.apply(0.4), 0.25);
    assert_eq!(curve.apply(0.5), 0.25);
    assert_eq!(curve.apply(1.0), 0.9);
    let values: Vec<f64> = (0..=1000)
        .map(|at| curve.apply(f64::from(at) / 1e3))
        .collect();
    assert!(values.is_sorted());
    assert!(CalibrationCurve::fit([]).is_none());
}

#[test]
fn of_scores_of_seven_tenths_seven_in_ten_are_right() {
    let mut generator = fastrand::Rng::with_seed(2);
    // The scores are overconfident: only the third power of a score is right.
    let mut draw = |predictions: usize| -> Vec<(u32, bool)> {
        (0..predictions)
            .map(|_| {
                let millionths = generator.u32(0..=1_000_000);
                let probability = (f64::from(millionths) / 1e6).powi(3);
                (millionths, generator.f64() < probability)
            })
            .collect()
    };
    let mut counted: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for (millionths, is_right) in draw(100_000) {
        let entry = counted.entry(millionths).or_default();
        entry.0 += 1;
        entry.1 += u64::from(is_right);
    }
    let counted = counted.into_iter();
    let counted = counted.map(|(at, (all, right))| (f64::from(at) / 1e6, all, right));
    let curve = CalibrationCurve::fit(counted).unwrap();
    let (mut all, mut right, mut before, mut raw) = (0.0, 0.0, 0.0, 0.0);
    for (millionths, is_right) in draw(100_000) {
        let score = f64::from(millionths) / 1e6;
        if (0.65..0.75).contains(&curve.apply(score)) {
            all += 1.0;
            right += f64::from(u8::from(is_right));
        }
        if (0.65..0.75).contains(&score) {
            before += 1.0;
            raw += f64::from(u8::from(is_right));
        }
    }
    // Four standard deviations of a binomial distribution, for the curve and for the test.
    let interval = 4.0 * (0.7_f64 * 0.3 / all).sqrt() * 2.0_f64.sqrt();
    assert!(all > 1_000.0);
    assert!(
        (right / all - 0.7).abs() < interval,
        "{} of {all}",
        right / all
    );
    assert!(raw / before < 0.4, "before, {} were right", raw / before);
}

#[test]
fn curves_are_those_of_scikit_learn() {
    let Some(python) = std::env::var_os("PROTEA_TEST_PYTHON").filter(|path| !path.is_empty())
    else {
        eprintln!("\n*** SKIPPED: set PROTEA_TEST_PYTHON to a Python that has scikit-learn ***\n");
        return;
    };
    let has = Command::new(&python)
        .args(["-c", "import sklearn"])
        .output();
    if !has.unwrap().status.success() {
        eprintln!("\n*** SKIPPED: PROTEA_TEST_PYTHON has no scikit-learn ***\n");
        return;
    }
    let counted = random(&mut fastrand::Rng::with_seed(3), 300);
    let curve = CalibrationCurve::fit(counted.clone()).unwrap();
    let mut script =
        String::from("from sklearn.isotonic import IsotonicRegression\nx, y, w = [], [], []\n");
    for (score, predictions, right) in counted {
        let mean = right as f64 / predictions as f64;
        writeln!(
            script,
            "x.append({score}); y.append({mean}); w.append({predictions})"
        )
        .unwrap();
    }
    script += "model = IsotonicRegression(out_of_bounds='clip').fit(x, y, sample_weight=w)\n";
    script += "print(*(repr(float(p)) for p in model.predict([i / 500 for i in range(501)])), sep='\\n')\n";
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("isotonic.py");
    std::fs::write(&file, script).unwrap();
    let output = Command::new(&python).arg(&file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let expected: Vec<f64> = text.lines().map(|line| line.parse().unwrap()).collect();
    assert_eq!(
        expected.len(),
        501,
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for (at, expected) in expected.into_iter().enumerate() {
        let found = curve.apply(at as f64 / 500.0);
        assert!(
            (found - expected).abs() < 1e-9,
            "{at}: {found}, not {expected}"
        );
    }
}

#[test]
fn proteins_are_drawn_reproducibly() {
    assert_eq!(drawn(5, 5, 1), [0, 1, 2, 3, 4]);
    let some = drawn(1000, 50, 7);
    assert_eq!(some.len(), 50);
    assert!(some.is_sorted() && some.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!(some, drawn(1000, 50, 7));
    assert_ne!(some, drawn(1000, 50, 8));
}
