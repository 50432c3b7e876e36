//! Property tests: invariants of all predictions.

use std::{fs, path::Path};

use proptest::prelude::*;
use protea_scoring::{
    Evaluation, GroundTruth, PredictionWriter, ScoringError, ScoringOptions, evaluate_files,
    prediction_files, round_score,
};

use crate::{TERMS, TRUTH, ontology, same};

fn score_bytes(directory: &Path, bytes: &[u8]) -> Result<Vec<Evaluation>, ScoringError> {
    let ontology = ontology();
    let truth = GroundTruth::from_annotations(&ontology, "truth", TRUTH).unwrap();
    let path = directory.join("random.tsv");
    fs::write(&path, bytes).unwrap();
    evaluate_files(
        &truth,
        &prediction_files(&path).unwrap(),
        None,
        &ScoringOptions::default(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_are_scored_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let directory = tempfile::tempdir().unwrap();
        let _ = score_bytes(directory.path(), &bytes);
    }

    #[test]
    fn scores_are_in_range_and_independent_of_line_order(
        rows in proptest::collection::vec((1usize..5, 0usize..8, -0.5f64..1.5), 1..60).prop_shuffle(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let text = |rows: &[(usize, usize, f64)]| rows.iter().map(|(p, t, s)| format!("P{p} {} {s}\n", TERMS[*t].0)).collect::<String>();
        let mut sorted = rows.clone();
        sorted.sort_by(|a, b| a.partial_cmp(b).unwrap());
        let (one, two) = (score_bytes(directory.path(), text(&rows).as_bytes()), score_bytes(directory.path(), text(&sorted).as_bytes()));
        prop_assert_eq!(one.is_ok(), two.is_ok());
        if let (Ok(one), Ok(two)) = (one, two) {
            prop_assert!(same(&one[0], &two[0]));
            for namespace in &one[0].namespaces {
                for value in [namespace.fmax(), namespace.coverage(), namespace.auc_pr(), namespace.auc_pr_reached()] {
                    prop_assert!((0.0..=1.0 + 1e-12).contains(&value), "{}", value);
                }
                for pair in namespace.curve.windows(2) {
                    prop_assert!(pair[0].scores.rc >= pair[1].scores.rc && pair[0].scores.cov >= pair[1].scores.cov);
                }
            }
        }
    }

    #[test]
    fn a_rounded_score_survives_a_round_trip(score in 0f64..=1.0) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("p");
        let mut writer = PredictionWriter::create(&path).unwrap();
        writer.write("P", &mut [("T", score)]).unwrap();
        writer.finish().unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let read: f64 = text.trim_end().rsplit('\t').next().filter(|s| !s.is_empty()).map_or(0.0, |s| s.parse().unwrap());
        prop_assert_eq!(read, round_score(score));
        prop_assert!((read - score).abs() <= 0.5e-6 + 1e-15);
    }
}
