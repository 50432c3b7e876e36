//! Reading, writing and errors, through the public interface.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod field_tables;
mod files;
mod properties;

use std::{fs, io::Write};

use protea_ontology::Ontology;
use protea_scoring::{
    Best, Evaluation, GroundTruth, InformationAccretion, PredictionWriter, Predictions,
    ScoringError, ScoringOptions, evaluate, prediction_files, round_score, write_tables,
};

const TERMS: [(&str, &str); 8] = [
    ("GO:0003674", ""),
    ("GO:0005488", "GO:0003674"),
    ("GO:0003824", "GO:0003674"),
    ("GO:0005515", "GO:0005488"),
    ("GO:0008150", ""),
    ("GO:0009987", "GO:0008150"),
    ("GO:0008152", "GO:0009987"),
    ("GO:0065007", "GO:0008150"),
];

fn ontology() -> Ontology {
    let terms = TERMS.map(|(id, parent)| {
        let namespace = if id.contains("000") && id < "GO:0005600" {
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
    });
    Ontology::parse(terms.concat().as_bytes(), "test.obo").unwrap()
}

const TRUTH: [(&str, &str); 5] = [
    ("P1", "GO:0005515"),
    ("P1", "GO:0008152"),
    ("P2", "GO:0003824"),
    ("P3", "GO:0065007"),
    ("P3", "GO:9999999"),
];

fn same(a: &Evaluation, b: &Evaluation) -> bool {
    a.namespaces
        .iter()
        .zip(&b.namespaces)
        .all(|(a, b)| a.curve == b.curve)
        && a.namespaces.len() == b.namespaces.len()
}

#[test]
fn metrics_follow_their_definition() {
    let ontology = ontology();
    let truth = GroundTruth::from_annotations(&ontology, "truth", TRUTH).unwrap();
    assert_eq!(
        (truth.len(), truth.proteins_in(0), truth.proteins_in(1)),
        (3, 2, 2)
    );
    assert_eq!(truth.skipped().unknown_terms.examples, ["GO:9999999"]);
    let accretion = InformationAccretion::from_annotations(&truth);
    let mut predictions = Predictions::new(&truth, "mine");
    // P1 has 2 of its 3 MFO terms at 0.8 and one wrong term at 0.4. P2 has no prediction.
    predictions.push("P1", "GO:0005488", 0.8);
    predictions.push("P1", "GO:0003824", 0.4);
    predictions.push("P9", "GO:0003824", 0.4);
    predictions.push("P1", "GO:7777777", 0.4);
    predictions.push("P3", "GO:0005488", 0.4);
    let evaluation = evaluate(&predictions, Some(&accretion), &ScoringOptions::default()).unwrap();
    let mfo = &evaluation.namespaces[0];
    let best = mfo.best(Best::F).unwrap();
    assert_eq!(
        (
            best.scores.n,
            best.scores.pr,
            best.scores.rc,
            best.scores.cov
        ),
        (1.0, 1.0, 1.0 / 3.0, 0.5)
    );
    assert_eq!(
        (mfo.fmax(), mfo.tau(), mfo.coverage()),
        (0.5, Some(0.41000000000000003), 0.5)
    );
    // At 0.01: precision 2/3, recall 1/3; from 0.41 on precision 1: 2/3 * 2/3 + 1/3 * 1.
    assert!(
        (mfo.auc_pr() - (2.0 / 3.0 * 2.0 / 3.0 + 1.0 / 3.0)).abs() < 1e-12,
        "{}",
        mfo.auc_pr()
    );
    assert!(
        (mfo.auc_pr_reached() - 1.0 / 3.0).abs() < 1e-12,
        "{}",
        mfo.auc_pr_reached()
    );
    // BPO has no predictions.
    let bpo = &evaluation.namespaces[1];
    assert_eq!(
        (
            bpo.fmax(),
            bpo.coverage(),
            bpo.auc_pr(),
            bpo.tau(),
            bpo.curve.len()
        ),
        (0.0, 0.0, 0.0, None, 0)
    );
    let mean_bits = (truth.len() - 1) as f64;
    assert!(bpo.smin().unwrap() > 0.0 && bpo.smin().unwrap() < mean_bits);

    let metrics = serde_json::Value::Object(evaluation.to_metrics());
    assert_eq!(metrics["MFO"]["fmax"], 0.5);
    assert_eq!(metrics["BPO"]["coverage"], 0.0);
    let keys: Vec<&String> = metrics["MFO"].as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        [
            "fmax",
            "auc_pr",
            "coverage",
            "wfmax",
            "smin",
            "f_micro_w",
            "fmicro",
            "tau"
        ]
    );
    let skipped = &evaluation.skipped;
    assert_eq!(
        (skipped.lines, skipped.used, skipped.other_namespace),
        (5, 2, 1)
    );
    assert_eq!(
        (
            &skipped.unknown_proteins.examples[0],
            &skipped.unknown_terms.examples[0]
        ),
        (&"P9".to_owned(), &"GO:7777777".to_owned())
    );
}

#[test]
fn plain_compressed_and_in_memory_scores_are_equal() {
    let ontology = ontology();
    let directory = tempfile::tempdir().unwrap();
    let truth = GroundTruth::from_annotations(&ontology, "truth", TRUTH).unwrap();
    let mut memory = Predictions::new(&truth, "p.tsv");
    for name in ["p.tsv", "p.tsv.gz"] {
        let mut writer = PredictionWriter::create(directory.path().join(name)).unwrap();
        for (protein, at) in [("P1", 1), ("P2", 2), ("P3", 3)] {
            let mut rows: Vec<(&str, f64)> = TERMS
                .iter()
                .enumerate()
                .map(|(i, t)| (t.0, (i * at) as f64 / 21.0 % 1.0))
                .collect();
            writer.write(protein, &mut rows).unwrap();
            if name == "p.tsv" {
                rows.iter()
                    .for_each(|&(term, score)| memory.push(protein, term, round_score(score)));
            }
        }
        assert_eq!(
            fs::read_dir(directory.path())
                .unwrap()
                .filter(|e| e.as_ref().unwrap().file_name() == name)
                .count(),
            0
        );
        assert_eq!(writer.finish().unwrap(), 20);
    }
    let options = ScoringOptions::default();
    let wanted = evaluate(&memory, None, &options).unwrap();
    for name in ["p.tsv", "p.tsv.gz"] {
        let read = Predictions::read(directory.path().join(name), &truth, name).unwrap();
        assert!(
            same(&evaluate(&read, None, &options).unwrap(), &wanted),
            "{name}"
        );
    }
    let error = prediction_files(directory.path()).unwrap_err();
    assert!(matches!(error, ScoringError::SameName { .. }), "{error}");
}

#[test]
fn a_large_file_is_read_in_blocks() {
    let ontology = ontology();
    let directory = tempfile::tempdir().unwrap();
    let proteins: Vec<String> = (0..3000).map(|i| format!("PROTEIN{i}")).collect();
    let truth =
        GroundTruth::from_annotations(&ontology, "t", proteins.iter().map(|p| (p, "GO:0005515")))
            .unwrap();
    let path = directory.path().join("large.tsv");
    let mut file = std::io::BufWriter::new(fs::File::create(&path).unwrap());
    let mut memory = Predictions::new(&truth, "large.tsv");
    for round in 0..20 {
        for (i, protein) in proteins.iter().enumerate() {
            let (term, score) = (
                TERMS[(i + round) % 4].0,
                f64::from((i * 7 + round) as u32 % 100) / 100.0,
            );
            let filler = "x".repeat(i % 97);
            write!(
                file,
                "{protein}\t{term}\t{score}\t{filler}{}",
                if i % 3 == 0 { "\r\n" } else { "\n" }
            )
            .unwrap();
            memory.push(protein, term, score);
        }
    }
    file.into_inner().unwrap();
    assert!(fs::metadata(&path).unwrap().len() > 4 << 20);
    let read = Predictions::read(&path, &truth, "large.tsv").unwrap();
    assert_eq!(
        (read.skipped().lines, read.skipped().used),
        (60_000, 60_000)
    );
    let options = ScoringOptions::default();
    assert!(same(
        &evaluate(&read, None, &options).unwrap(),
        &evaluate(&memory, None, &options).unwrap()
    ));

    fs::OpenOptions::new()
        .append(true)
        .open(&path)
        .unwrap()
        .write_all(b"PROTEIN1\tGO:0005515\thigh\n")
        .unwrap();
    let error = Predictions::read(&path, &truth, "large.tsv").unwrap_err();
    assert!(
        matches!(&error, ScoringError::MalformedScore { line: 60_001, text, .. } if text == "high"),
        "{error}"
    );
}

#[test]
fn bad_input_is_refused_with_position_and_remedy() {
    let ontology = ontology();
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let write = |name: &str, text: &str| {
        fs::write(at(name), text).unwrap();
        at(name)
    };
    let truth = GroundTruth::from_annotations(&ontology, "truth.tsv", TRUTH).unwrap();

    assert!(matches!(
        GroundTruth::read(at("none"), &ontology),
        Err(ScoringError::Read { .. })
    ));
    assert!(matches!(
        GroundTruth::read(directory.path(), &ontology),
        Err(ScoringError::Directory { .. })
    ));
    for text in [
        "",
        "\n\n",
        "EntryID\tterm\nP1\tGO:7777777\n",
        "one column\n",
    ] {
        let error = GroundTruth::read(write("truth", text), &ontology).unwrap_err();
        assert!(
            matches!(error, ScoringError::EmptyGroundTruth { .. }),
            "{text:?}: {error}"
        );
    }

    fs::create_dir(at("empty")).unwrap();
    assert!(matches!(
        prediction_files(at("empty")),
        Err(ScoringError::NoPredictionFiles { .. })
    ));
    assert!(matches!(
        prediction_files(at("none")),
        Err(ScoringError::Read { .. })
    ));
    assert!(matches!(
        Predictions::read(directory.path(), &truth, "x"),
        Err(ScoringError::Directory { .. })
    ));
    let foreign = write("foreign", "Q1\tGO:0005515\t0.5\nP1\tHP:1\t0.5\n");
    let read = Predictions::read(&foreign, &truth, "foreign").unwrap();
    let error = evaluate(&read, None, &ScoringOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        ["foreign", "truth.tsv", "2 lines", "Q1", "HP:1"]
            .iter()
            .all(|part| error.contains(part)),
        "{error}"
    );
    let cut = write("cut.gz", "");
    fs::write(&cut, [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 0x4b]).unwrap();
    assert!(matches!(
        Predictions::read(&cut, &truth, "cut"),
        Err(ScoringError::Read { .. })
    ));
    let long = write("long", &"x".repeat(40 << 20));
    assert!(matches!(
        Predictions::read(&long, &truth, "long"),
        Err(ScoringError::LineTooLong { .. })
    ));

    for (text, line) in [
        ("GO:0005515\t1.0\nGO:0005488\n", 2),
        ("term\tvalue\n", 1),
        ("GO:0005515 1 2\n", 1),
    ] {
        let error = InformationAccretion::read(write("ia", text), &ontology).unwrap_err();
        assert!(
            matches!(error, ScoringError::MalformedAccretion { line: l, .. } if l == line),
            "{text:?}: {error}"
        );
    }
    assert!(matches!(
        InformationAccretion::read(write("ia", "HP:1\t1\n"), &ontology),
        Err(ScoringError::EmptyAccretion { .. })
    ));
    let other = ontology.clone();
    let accretion = InformationAccretion::from_annotations(&truth);
    let foreign_truth = GroundTruth::from_annotations(&other, "t", TRUTH).unwrap();
    let mut predictions = Predictions::new(&foreign_truth, "p");
    predictions.push("P1", "GO:0005515", 1.0);
    let options = ScoringOptions::default();
    assert!(matches!(
        evaluate(&predictions, Some(&accretion), &options),
        Err(ScoringError::Mixed { .. })
    ));
    for th_step in [0.0, 1.0, -0.5, f64::NAN, 1e-7] {
        let options = ScoringOptions {
            th_step,
            ..ScoringOptions::default()
        };
        assert!(
            matches!(
                evaluate(&predictions, None, &options),
                Err(ScoringError::Option { .. })
            ),
            "{th_step}"
        );
    }
    let evaluation = evaluate(&predictions, None, &options).unwrap();
    assert!(matches!(
        write_tables(&foreign, &[evaluation], &options),
        Err(ScoringError::Write { .. })
    ));
}
