//! Comparison of evaluations with tables from cafaeval.

use std::{collections::BTreeMap, fs, path::Path};

use protea_scoring::{
    Best, Evaluation, GroundTruth, InformationAccretion, ScoringOptions, evaluate_files,
    prediction_files, write_tables,
};

/// Scores a directory and compares it with the tables in `expected`; see [`assert_equal_tables`].
pub fn assert_equals_cafaeval(
    truth: &GroundTruth<'_>,
    predictions: &Path,
    accretion: Option<&InformationAccretion<'_>>,
    options: &ScoringOptions,
    expected: &Path,
) {
    let evaluations = evaluate_files(
        truth,
        &prediction_files(predictions).unwrap(),
        accretion,
        options,
    )
    .unwrap();
    assert_equal_tables(&evaluations, accretion.is_some(), options, expected);
}

/// Compares every cell with the tables in `expected`: tables with 17 digits (`*.full.tsv`, if
/// present) in every bit, and tables of the reference byte by byte.
pub fn assert_equal_tables(
    evaluations: &[Evaluation],
    weighted: bool,
    options: &ScoringOptions,
    expected: &Path,
) {
    if expected.join("evaluation_all.full.tsv").exists() {
        assert_every_bit(evaluations, weighted, expected);
    }

    let written = tempfile::tempdir().unwrap();
    let names = write_tables(written.path(), evaluations, options).unwrap();
    let references = fs::read_dir(expected)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap());
    let references: Vec<String> = references
        .filter(|n| n.starts_with("evaluation_") && !n.ends_with(".full.tsv"))
        .collect();
    assert_eq!(names.len(), references.len(), "{expected:?}: {names:?}");
    for name in references {
        let ours = fs::read_to_string(written.path().join(&name)).unwrap();
        let wanted = fs::read_to_string(expected.join(&name)).unwrap();
        assert_same_lines(
            &ours,
            &sorted_by_name(&wanted),
            &format!("{expected:?}/{name}"),
        );
    }
}

fn assert_every_bit(evaluations: &[Evaluation], weighted: bool, expected: &Path) {
    let all = table(&expected.join("evaluation_all.full.tsv"));
    let mut rows = 0;
    for evaluation in evaluations {
        for namespace in &evaluation.namespaces {
            for point in &namespace.curve {
                let key = (
                    evaluation.name.clone(),
                    namespace.namespace.clone(),
                    point.tau.to_bits(),
                );
                let wanted = all.get(&key).unwrap_or_else(|| {
                    panic!("{expected:?} has no row {key:?}, tau {}", point.tau)
                });
                let mut ours = point.scores.values().to_vec();
                ours.extend(point.weighted.iter().flat_map(|w| w.values()));
                assert_eq!(&ours, wanted, "{expected:?}: {key:?}, tau {}", point.tau);
                rows += 1;
            }
        }
    }
    assert_eq!(rows, all.len(), "{expected:?}: number of rows");
    assert!(rows > 0);
    let bests = [
        Best::F,
        Best::S,
        Best::FMicro,
        Best::FWeighted,
        Best::FMicroWeighted,
    ];
    for by in bests.into_iter().filter(|b| weighted || !b.is_weighted()) {
        assert_best(
            evaluations,
            by,
            &expected.join(format!("evaluation_best_{}.full.tsv", by.column())),
        );
    }
}

fn assert_best(evaluations: &[Evaluation], by: Best, expected: &Path) {
    let wanted = table(expected);
    let mut rows = 0;
    for evaluation in evaluations {
        for namespace in evaluation.namespaces.iter().filter(|n| !n.curve.is_empty()) {
            let point = namespace.best(by).unwrap();
            let key = (
                evaluation.name.clone(),
                namespace.namespace.clone(),
                point.tau.to_bits(),
            );
            let wanted = wanted
                .get(&key)
                .unwrap_or_else(|| panic!("{expected:?} has no row {key:?}"));
            let mut ours = point.scores.values().to_vec();
            ours.extend(point.weighted.iter().flat_map(|w| w.values()));
            ours.push(if by.is_weighted() {
                namespace.coverage_weighted().unwrap()
            } else {
                namespace.coverage()
            });
            assert_eq!(&ours, wanted, "{expected:?}: {key:?}");
            rows += 1;
        }
    }
    assert_eq!(rows, wanted.len(), "{expected:?}: number of rows");
}

type Key = (String, String, u64);

fn table(path: &Path) -> BTreeMap<Key, Vec<f64>> {
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{path:?}: {e}"));
    let row = |line: &str| {
        let mut cells = line.split('\t');
        let mut name = || cells.next().unwrap().to_owned();
        let (file, namespace) = (name(), name());
        let tau: f64 = name().parse().unwrap();
        (
            (file, namespace, tau.to_bits()),
            cells.map(|c| c.parse().unwrap()).collect(),
        )
    };
    text.lines().skip(1).map(row).collect()
}

/// Sorts a table by name. cafaeval lists files in the order of the file system, protea by name.
fn sorted_by_name(table: &str) -> String {
    let mut lines: Vec<&str> = table.lines().collect();
    lines[1..].sort_by_key(|line| line.split('\t').next());
    lines.join("\n") + "\n"
}

fn assert_same_lines(ours: &str, wanted: &str, case: &str) {
    for (number, (ours, wanted)) in ours.lines().zip(wanted.lines()).enumerate() {
        assert_eq!(ours, wanted, "{case}, line {}", number + 1);
    }
    assert_eq!(ours, wanted, "{case}");
}
