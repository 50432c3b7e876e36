//! Tables as people have them: the same scores as of a plain table, and a word about it.

use std::fs;

use protea_ontology::{Ontology, Reading, foreign::Foreign};
use protea_scoring::{
    Evaluation, GroundTruth, InformationAccretion, Predictions, ScoringError, ScoringOptions,
    TermsOfInterest, evaluate, find_prediction_files,
};
use tempfile::TempDir;

use crate::{ontology, same};

const TRUTH: &str = "P1\tGO:0005515\nP1\tGO:0008152\nP2\tGO:0003824\nP3\tGO:0065007\n";
const PREDICTIONS: &str =
    "P1\tGO:0005515\t0.9\nP1\tGO:0009987\t0.3\nP2\tGO:0005488\t0.5\nP3\tGO:0065007\t0.7\n";
const ACCRETION: &str =
    "GO:0005515\t2.5\nGO:0005488\t1.5\nGO:0003824\t1\nGO:0009987\t2\nGO:0065007\t3\n";

/// Scores three tables. The last value is what was read of the predictions.
fn score(ontology: &Ontology, truth: &str, predictions: &str, accretion: &str) -> Evaluation {
    let dir = TempDir::new().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let truth = GroundTruth::read(write("truth", truth), ontology).unwrap();
    let accretion = InformationAccretion::read(write("ia", accretion), ontology).unwrap();
    let predictions = Predictions::read(write("predictions", predictions), &truth, "x").unwrap();
    evaluate(&predictions, Some(&accretion), &ScoringOptions::default()).unwrap()
}

fn cafaeval_reading() -> Ontology {
    let terms: String = crate::TERMS
        .iter()
        .map(|(id, parent)| {
            let namespace = if *id < "GO:0005600" {
                "molecular_function"
            } else {
                "biological_process"
            };
            let edge = if parent.is_empty() {
                String::new()
            } else {
                format!("is_a: {parent}\n")
            };
            format!("[Term]\nid: {id}\nnamespace: {namespace}\n{edge}\n")
        })
        .collect();
    Ontology::parse_as(terms.as_bytes(), "test.obo", Reading::Cafaeval).unwrap()
}

#[test]
fn marks_breaks_comments_and_spellings_do_not_change_scores() {
    let ontology = ontology();
    let plain = score(&ontology, TRUTH, PREDICTIONS, ACCRETION);
    type Change = fn(&str) -> String;
    let changes: [(&str, Change); 10] = [
        ("byte-order mark", |text| format!("\u{feff}{text}")),
        ("CRLF", |text| text.replace('\n', "\r\n")),
        ("CR", |text| text.replace('\n', "\r")),
        ("Ctrl-Z", |text| format!("{text}\u{1a}")),
        ("all of a spreadsheet", |text| {
            format!("\u{feff}{}\u{1a}", text.replace('\n', "\r\n"))
        }),
        ("blank lines", |text| {
            format!("\n{}\n \n", text.replace('\n', "\n\n"))
        }),
        ("characters without width", |text| {
            text.replace('P', "\u{200b}P")
                .replace('\t', "\u{a0}\t\u{feff}")
        }),
        ("underscore", |text| text.replace("GO:", "GO_")),
        ("lower case", |text| text.replace("GO:", "go:")),
        ("URI", |text| {
            text.replace("GO:", "http://purl.obolibrary.org/obo/GO_")
        }),
    ];
    for (name, change) in changes {
        for which in 0..4 {
            let changed = |at: usize, text: &str| {
                if which == at || which == 3 {
                    change(text)
                } else {
                    text.to_owned()
                }
            };
            let found = score(
                &ontology,
                &changed(0, TRUTH),
                &changed(1, PREDICTIONS),
                &changed(2, ACCRETION),
            );
            assert!(same(&plain, &found), "{name} in table {which}");
        }
    }
    for (name, truth, predictions) in [
        (
            "comments",
            format!("# x\n! y\n{TRUTH}"),
            format!("# x y z\n{PREDICTIONS}"),
        ),
        (
            "headers",
            format!("EntryID\tterm\n{TRUTH}"),
            format!("target\tterm\tscore\n{PREDICTIONS}"),
        ),
        (
            "CAFA",
            TRUTH.to_owned(),
            format!("AUTHOR x\nKEYWORDS a, b, c.\n{PREDICTIONS}END\n"),
        ),
    ] {
        let found = score(&ontology, &truth, &predictions, ACCRETION);
        assert!(same(&plain, &found), "{name}");
        let skipped = &found.skipped;
        assert_eq!(
            (skipped.unknown_proteins.lines, skipped.short_lines),
            (0, 0),
            "{name}"
        );
    }
}

#[test]
fn the_header_of_a_table_of_r_is_not_a_short_line() {
    let ontology = ontology();
    let plain = score(&ontology, TRUTH, PREDICTIONS, ACCRETION);
    let rows = PREDICTIONS.lines().map(|row| format!("\"1\"\t{row}\n"));
    let table = format!(
        "\"EntryID\"\t\"term\"\t\"score\"\n{}",
        rows.collect::<String>()
    );
    let found = score(&ontology, TRUTH, &table, ACCRETION);
    assert!(same(&plain, &found));
    let skipped = &found.skipped;
    assert_eq!((skipped.short_lines, skipped.remarks), (0, 1));
    assert_eq!(skipped.unknown_proteins.lines, 0);
}

#[test]
fn cafaeval_reads_a_mark_as_part_of_the_first_accession() {
    let (meant, theirs) = (ontology(), cafaeval_reading());
    let marked = format!("\u{feff}{PREDICTIONS}");
    let ours = score(&meant, TRUTH, &marked, ACCRETION);
    assert!(ours.skipped.byte_order_mark);
    let strict = score(&theirs, TRUTH, &marked, ACCRETION);
    assert!(!same(&ours, &strict) && !strict.skipped.byte_order_mark);
    assert_eq!(strict.skipped.unknown_proteins.examples, ["\u{feff}P1"]);
    let plain = score(&theirs, TRUTH, PREDICTIONS, ACCRETION);
    assert!(same(&plain, &score(&meant, TRUTH, PREDICTIONS, ACCRETION)));
}

#[test]
fn scores_above_one_and_coverage_are_counted() {
    let ontology = ontology();
    let percent = PREDICTIONS.replace("0.", "").replace("\t9", "\t90");
    let found = score(&ontology, TRUTH, &percent, ACCRETION);
    assert_eq!((found.skipped.above_one, found.skipped.highest), (4, 90.0));
    let truth = GroundTruth::from_annotations(
        &ontology,
        "t",
        [("P12345", "GO:0005515"), ("P2", "GO:0005515")],
    )
    .unwrap();
    let mut predictions = Predictions::new(&truth, "x");
    predictions.push("P2", "GO:0005515", 0.5);
    predictions.push("sp|P12345|X", "GO:0005515", 0.5);
    assert_eq!(predictions.proteins(), 1);
    assert_eq!(
        truth.in_other_form("sp|P12345|X_HUMAN").as_deref(),
        Some("P12345")
    );
    assert_eq!(truth.in_other_form("Q9"), None);
}

#[test]
fn obsolete_terms_are_told_and_mapped_on_demand() {
    let obo = b"[Term]\nid: GO:0003674\nnamespace: f\n\n[Term]\nid: GO:0005488\nnamespace: f\nis_a: GO:0003674\n\n\
        [Term]\nid: GO:0000009\nnamespace: f\nis_obsolete: true\nreplaced_by: GO:0005488\n";
    let ontology = Ontology::parse(obo, "x").unwrap();
    let truth = "P1\tGO:0005488\nP2\tGO:0000009\n";
    let predictions = "P1\tGO:0000009\t0.9\nP1\tGO:0003674\t0.9\n";
    let accretion = "GO:0005488\t1\n";
    let found = score(&ontology, truth, predictions, accretion);
    assert_eq!(found.skipped.obsolete_terms.examples, ["GO:0000009"]);
    assert_eq!(found.namespaces[0].proteins, 1);
    let mapped = ontology.with_obsolete_mapped();
    let found = score(&mapped, truth, predictions, accretion);
    assert_eq!(found.skipped.mapped_terms.examples, ["GO:0000009"]);
    assert_eq!(found.namespaces[0].proteins, 2);
}

#[test]
fn other_files_and_separators_are_named() {
    let ontology = ontology();
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("x");
    fs::write(&path, b"PK\x03\x04\x14\x00\x00\x00").unwrap();
    let truth = GroundTruth::from_annotations(&ontology, "t", [("P1", "GO:0005515")]).unwrap();
    let is_zip = |error: ScoringError| {
        matches!(
            error,
            ScoringError::Foreign {
                content: Foreign::Zip,
                ..
            }
        )
    };
    assert!(is_zip(GroundTruth::read(&path, &ontology).unwrap_err()));
    assert!(is_zip(Predictions::read(&path, &truth, "x").unwrap_err()));
    assert!(is_zip(
        InformationAccretion::read(&path, &ontology).unwrap_err()
    ));
    assert!(is_zip(TermsOfInterest::read(&path, &ontology).unwrap_err()));

    fs::write(&path, "target,term,score\nP1,GO:0005515,0.5\n").unwrap();
    let predictions = Predictions::read(&path, &truth, "x").unwrap();
    let error = evaluate(&predictions, None, &ScoringOptions::default()).unwrap_err();
    assert!(error.to_string().contains("separated by commas"), "{error}");
    let error = GroundTruth::read(&path, &ontology).unwrap_err();
    assert!(error.to_string().contains("separated by commas"), "{error}");
    fs::write(&path, "GO:0005515;0,5\n").unwrap();
    let error = InformationAccretion::read(&path, &ontology).unwrap_err();
    assert!(error.to_string().contains("line 1"), "{error}");
}

#[test]
fn hidden_files_are_no_methods() {
    let dir = TempDir::new().unwrap();
    for name in [
        "m.tsv",
        ".DS_Store",
        "._m.tsv",
        "m.tsv~",
        "#m.tsv#",
        ".m.tsv.swp",
        "Thumbs.db",
    ] {
        fs::write(dir.path().join(name), PREDICTIONS).unwrap();
    }
    fs::create_dir(dir.path().join(".ipynb_checkpoints")).unwrap();
    fs::write(dir.path().join(".ipynb_checkpoints/m.tsv"), PREDICTIONS).unwrap();
    let found = find_prediction_files(dir.path(), Reading::Specification).unwrap();
    let names: Vec<_> = found.files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!((names, found.ignored.len()), (vec!["m.tsv"], 7));
    let theirs = find_prediction_files(dir.path(), Reading::Cafaeval).unwrap();
    assert_eq!((theirs.files.len(), theirs.ignored.len()), (8, 0));
}

#[test]
fn quotation_marks_and_lists_of_terms_do_not_change_scores() {
    let ontology = ontology();
    let plain = score(&ontology, TRUTH, PREDICTIONS, ACCRETION);
    let quoted = |text: &str| {
        let lines = text.lines().map(|line| {
            let fields: Vec<_> = line
                .split('\t')
                .map(|field| format!("\"{field}\""))
                .collect();
            fields.join("\t") + "\n"
        });
        lines.collect::<String>()
    };
    let found = score(
        &ontology,
        &quoted(TRUTH),
        &quoted(PREDICTIONS),
        &quoted(ACCRETION),
    );
    assert!(same(&plain, &found));
    assert_eq!(found.skipped.quoted, 4);
    for list in [
        "GO:0005515;GO:0008152",
        "GO:0005515, GO_0008152",
        "GO:0005515|GO:0008152",
    ] {
        let truth = format!("P1\t{list}\nP2\tGO:0003824\nP3\tGO:0065007\n");
        let found = score(&ontology, &truth, PREDICTIONS, ACCRETION);
        assert!(same(&plain, &found), "{list}");
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("truth");
        fs::write(&path, &truth).unwrap();
        let read = GroundTruth::read(&path, &ontology).unwrap();
        assert_eq!(read.skipped().respelled_terms.lines, 1, "{list}");
        let strict = cafaeval_reading();
        let read = GroundTruth::read(&path, &strict).unwrap();
        assert!(!read.contains("P1"), "{list}");
    }
}

#[test]
fn a_term_in_the_third_column_of_a_truth_is_counted() {
    let ontology = ontology();
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("truth");
    fs::write(&path, "P1\tGO:0005515\tGO:0008152\nP2\tGO:0003824\tF\n").unwrap();
    let truth = GroundTruth::read(&path, &ontology).unwrap();
    assert_eq!(truth.skipped().further_terms.examples, ["P1"]);
}

#[test]
fn scores_that_do_not_count_are_counted() {
    let ontology = ontology();
    let odd = PREDICTIONS
        .replace("0.9", "nan")
        .replace("0.3", "-0.3")
        .replace("0.5", "-0.0");
    let skipped = score(&ontology, TRUTH, &odd, ACCRETION).skipped;
    assert_eq!(
        (skipped.not_numbers, skipped.negative, skipped.used),
        (1, 1, 4)
    );
}

#[test]
fn terms_without_information_accretion_are_told() {
    let ontology = ontology();
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("ia");
    fs::write(&path, "GO:0005515\t2.5\nGO:0005488\t-1\nGO:0008152\tinf\n").unwrap();
    let accretion = InformationAccretion::read(&path, &ontology).unwrap();
    let annotations = [("P1", "GO:0005515"), ("P2", "GO:0003824")];
    let truth = GroundTruth::from_annotations(&ontology, "t", annotations).unwrap();
    assert_eq!(accretion.missing(&truth), ["GO:0003824"]);
    assert_eq!(accretion.invalid(), 2);
}

#[test]
fn a_score_in_the_column_of_the_term_is_named() {
    let ontology = ontology();
    let truth = GroundTruth::from_annotations(&ontology, "t", [("P1", "GO:0005515")]).unwrap();
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("x");
    fs::write(&path, "P1\tGO:0005515|0.9\tGO:0005488|0.8\n").unwrap();
    let predictions = Predictions::read(&path, &truth, "x").unwrap();
    let error = evaluate(&predictions, None, &ScoringOptions::default()).unwrap_err();
    assert!(
        matches!(
            error,
            ScoringError::Separator {
                separator: "vertical bars",
                ..
            }
        ),
        "{error}"
    );
}
