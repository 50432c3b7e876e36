//! Tests splits by time with targets that were derived by hand.

use std::{collections::BTreeSet, fs, ops::ControlFlow, path::Path};

use protea_dataset::{
    DatasetError, Evidence, FrozenDataset, Knowledge, TimeSplit, TimeSplitRequest, split_by_time,
};
use protea_ontology::Ontology;
use protea_scoring::{
    GroundTruth, PartialKnowledge, Predictions, ScoringOptions, evaluate_partial,
};

use crate::releases::{ONTOLOGY, Row, release};

const CATALYSIS: &str = "GO:0003824";
const KINASE: &str = "GO:0016301";
const BINDING: &str = "GO:0005515";
const CELLULAR: &str = "GO:0009987";
const CYCLE: &str = "GO:0007049";
const NUCLEUS: &str = "GO:0005634";

const EARLIER: [Row<'static>; 13] = [
    ("B1", NUCLEUS, "IDA"),
    ("C1", CATALYSIS, "EXP"),
    ("D1", KINASE, "IDA"),
    ("E1", "GO:0003674", "IDA"),
    ("F1", KINASE, "IEA"),
    ("G1", NUCLEUS, "IDA"),
    ("I1", KINASE, "IDA"),
    ("J1", CELLULAR, "IDA"),
    ("J1", CELLULAR, "IMP"),
    ("J1", NUCLEUS, "HDA"),
    ("L1", KINASE, "IDA"),
    ("N1", KINASE, "IDA"),
    ("O1", NUCLEUS, "ISS"),
];
const LATER: [Row<'static>; 26] = [
    // No earlier annotation: a target in the aspect with counting evidence.
    ("A1", KINASE, "IDA"),
    ("A1", NUCLEUS, "IEA"),
    // An earlier annotation in another aspect.
    ("B1", NUCLEUS, "IDA"),
    ("B1", CYCLE, "IMP"),
    // An earlier annotation in the same aspect, and a new descendant term.
    ("C1", KINASE, "IDA"),
    ("C1", CATALYSIS, "EXP"),
    // Only terms that follow from the earlier annotation.
    ("D1", CATALYSIS, "IDA"),
    // The earlier annotation is a root, which does not count.
    ("E1", "GO:0005488", "IPI"),
    // The earlier annotation has other evidence.
    ("F1", KINASE, "IDA"),
    ("G1", NUCLEUS, "IDA"),
    ("G1", BINDING, "IPI"),
    // A new protein.
    ("H1", CELLULAR, "TAS"),
    ("H1", "GO:0008150", "ND"),
    // A target of two kinds.
    ("J1", CELLULAR, "IDA"),
    ("J1", CYCLE, "IDA"),
    ("J1", CYCLE, "IGI"),
    ("J1", KINASE, "IC"),
    ("J1", NUCLEUS, "HDA"),
    ("L1", KINASE, "IDA"),
    ("L1", BINDING, "IPI"),
    // A term that the earlier ontology does not have.
    ("M1", "GO:0099999", "IDA"),
    // The earlier term under its alternative id.
    ("N1", "GO:0000777", "IDA"),
    ("O1", NUCLEUS, "IDA"),
    ("O1", KINASE, "ISS"),
    // A root is not a gain.
    ("P1", "GO:0005575", "IDA"),
    ("P1", "GO:0003674", "IDA"),
];

fn both(directory: &Path) -> [FrozenDataset; 2] {
    let earlier = [
        "A1", "B1", "C1", "D1", "E1", "F1", "G1", "I1", "J1", "L1", "N1", "O1",
    ];
    let later = [
        "P1", "O1", "N1", "M1", "L1", "J1", "H1", "G1", "F1", "E1", "D1", "C1", "B1", "A1",
    ];
    let newer = format!(
        "{ONTOLOGY}\n[Term]\nid: GO:0099999\nname: new\nnamespace: molecular_function\nis_a: GO:0003824\n"
    );
    [
        release(directory, "earlier", ONTOLOGY, &earlier, &EARLIER),
        release(directory, "later", &newer, &later, &LATER),
    ]
}

pub fn go_on(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

pub fn lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|l| l.replace('\t', " ")).collect()
}

fn aspects(split: &TimeSplit, knowledge: Knowledge) -> Vec<(String, usize)> {
    let targets = split.targets.iter().find(|t| t.knowledge == knowledge);
    let aspects = targets.unwrap().aspects.iter();
    aspects.map(|(name, n)| (name.clone(), *n)).collect()
}

#[test]
fn targets_equal_those_derived_by_hand() {
    let directory = tempfile::tempdir().unwrap();
    let [earlier, later] = both(directory.path());
    let request = TimeSplitRequest::new(directory.path().join("split"));
    let split = split_by_time(&earlier, &later, &request, &mut go_on).unwrap();
    let file = |name: &str| lines(&split.directory.join(name));
    assert_eq!(
        file("targets.tsv"),
        [
            "O1 CCO NK",
            "L1 MFO PK",
            "J1 MFO LK",
            "J1 BPO PK",
            "H1 BPO NK",
            "G1 MFO LK",
            "F1 MFO NK",
            "E1 MFO NK",
            "C1 MFO PK",
            "B1 BPO LK",
            "A1 MFO NK",
        ]
    );
    assert_eq!(
        file("no-knowledge.tsv"),
        [
            "O1 GO:0005634 CCO",
            "H1 GO:0009987 BPO",
            "F1 GO:0016301 MFO",
            "E1 GO:0005488 MFO",
            "A1 GO:0016301 MFO",
        ]
    );
    assert_eq!(
        file("limited-knowledge.tsv"),
        [
            "J1 GO:0016301 MFO",
            "G1 GO:0005515 MFO",
            "B1 GO:0007049 BPO"
        ]
    );
    assert_eq!(
        file("partial-knowledge.tsv"),
        [
            "L1 GO:0005515 MFO",
            "J1 GO:0007049 BPO",
            "C1 GO:0016301 MFO"
        ]
    );
    assert_eq!(
        file("known.tsv"),
        [
            "C1 GO:0003824 MFO",
            "J1 GO:0009987 BPO",
            "L1 GO:0016301 MFO"
        ]
    );
    let count = |name: &str, n| (name.to_owned(), n);
    assert_eq!(
        aspects(&split, Knowledge::No),
        [count("BPO", 1), count("CCO", 1), count("MFO", 3)]
    );
    assert_eq!(
        aspects(&split, Knowledge::Partial),
        [count("BPO", 1), count("MFO", 2)]
    );
    assert_eq!(split.unknown_terms.examples, ["GO:0099999"]);
    assert_eq!((split.other_evidence, split.gone), (2, 1));
    assert_eq!(split.protein_binding_only, 0);

    for targets in &split.targets {
        let dataset = FrozenDataset::open(&targets.directory).unwrap();
        dataset.verify().unwrap();
        assert_eq!(dataset.sha256(), targets.sha256);
        assert_eq!(dataset.manifest().parent, Some(later.sha256()));
        for name in ["ontology.obo", "ia.tsv"] {
            let bytes = |dataset: &FrozenDataset| fs::read(dataset.directory().join(name)).unwrap();
            assert!(bytes(&dataset) == bytes(&earlier), "{name}");
        }
        // The annotations of the dataset are its ground truth. J1 has a term with two kinds of
        // evidence.
        let rows: BTreeSet<String> = dataset
            .annotations()
            .unwrap()
            .map(|row| {
                format!(
                    "{} {} {}",
                    dataset.accession(row.protein),
                    row.term,
                    row.aspect.unwrap()
                )
            })
            .collect();
        assert_eq!(rows, lines(&targets.truth).into_iter().collect());
    }
}

#[test]
fn evidence_and_protein_binding_can_be_chosen() {
    let directory = tempfile::tempdir().unwrap();
    let [earlier, later] = both(directory.path());
    let at = |name: &str| directory.path().join(name);
    let mut request = TimeSplitRequest::new(at("without-binding"));
    request.protein_binding_counts = false;
    let split = split_by_time(&earlier, &later, &request, &mut go_on).unwrap();
    assert_eq!(split.protein_binding_only, 2);
    let truth = lines(&split.directory.join("limited-knowledge.tsv"));
    assert_eq!(truth, ["J1 GO:0016301 MFO", "B1 GO:0007049 BPO"]);

    // With any evidence, A1 is a target in a second aspect, F1 and O1 had earlier annotations, and
    // the root of H1 does not count.
    request.out = at("any");
    request.evidence = Evidence::Any;
    let split = split_by_time(&earlier, &later, &request, &mut go_on).unwrap();
    let targets = lines(&split.directory.join("targets.tsv"));
    for (line, there) in [
        ("A1 CCO NK", true),
        ("O1 MFO LK", true),
        ("F1 MFO NK", false),
        ("O1 CCO NK", false),
        ("H1 BPO NK", true),
    ] {
        assert_eq!(
            targets.iter().any(|t| t == line),
            there,
            "{line}: {targets:?}"
        );
    }

    request.out = at("none");
    request.evidence = Evidence::Codes(["IBA".to_owned()].into());
    let error = split_by_time(&earlier, &later, &request, &mut go_on).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("gained") && text.contains("other evidence codes"),
        "{text}"
    );
    assert!(!at("none").exists());
    // A release compared with itself has no targets.
    request.evidence = Evidence::Any;
    let same = split_by_time(&earlier, &earlier, &request, &mut go_on);
    assert!(matches!(same, Err(DatasetError::Split { .. })));
}

#[test]
fn splits_are_reproducible_and_cancelling_leaves_no_files() {
    let directory = tempfile::tempdir().unwrap();
    let [earlier, later] = both(directory.path());
    let make = |name: &str| {
        let request = TimeSplitRequest::new(directory.path().join(name));
        split_by_time(&earlier, &later, &request, &mut go_on).unwrap()
    };
    let (one, other) = (make("one"), make("other"));
    for (one, other) in one.targets.iter().zip(&other.targets) {
        assert_eq!(one.sha256, other.sha256);
    }
    let document = |split: &TimeSplit| fs::read(split.directory.join("split.json")).unwrap();
    assert_eq!(document(&one), document(&other));
    let request = TimeSplitRequest::new(directory.path().join("one"));
    let again = split_by_time(&earlier, &later, &request, &mut go_on);
    assert!(matches!(again, Err(DatasetError::Exists(_))));

    let request = TimeSplitRequest::new(directory.path().join("ended"));
    let mut end = |done, _| match done {
        2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let ended = split_by_time(&earlier, &later, &request, &mut end);
    assert!(matches!(ended, Err(DatasetError::Cancelled)));
    let names = fs::read_dir(directory.path()).unwrap();
    let names = names.map(|e| e.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.contains("ended")));
}

/// Scoring ignores the earlier annotations.
#[test]
fn partial_knowledge_can_be_scored_with_the_tables() {
    let directory = tempfile::tempdir().unwrap();
    let [earlier, later] = both(directory.path());
    let request = TimeSplitRequest::new(directory.path().join("split"));
    let split = split_by_time(&earlier, &later, &request, &mut go_on).unwrap();
    let ontology = Ontology::read(earlier.ontology_path()).unwrap();
    let truth = split.directory.join("partial-knowledge.tsv");
    let truth = GroundTruth::read(truth, &ontology).unwrap();
    let known = GroundTruth::read_known(split.known.unwrap(), &ontology).unwrap();
    let mut predictions = Predictions::new(&truth, "p");
    predictions.push("C1", KINASE, 0.9);
    predictions.push("C1", NUCLEUS, 0.9);
    predictions.push("J1", CYCLE, 0.9);
    predictions.push("L1", KINASE, 0.9);
    predictions.push("L1", BINDING, 0.4);
    let knowledge = PartialKnowledge {
        known: Some(&known),
        interest: None,
    };
    let options = ScoringOptions::default();
    let found = evaluate_partial(&predictions, None, &options, &knowledge).unwrap();
    assert_eq!(found.namespaces[0].namespace, "molecular_function");
    // At 0.9 only C1 has a new prediction: precision 1. At 0.4 L1 has both its terms too.
    let at = |tau: f64| {
        let curve = found.namespaces[0].curve.iter();
        curve
            .map(|p| (p.tau, p.scores))
            .find(|(t, _)| (t - tau).abs() < 1e-9)
            .unwrap()
            .1
    };
    assert_eq!((at(0.8).n, at(0.8).pr, at(0.8).rc), (1.0, 1.0, 0.5));
    assert_eq!((at(0.2).n, at(0.2).pr, at(0.2).rc), (2.0, 1.0, 1.0));
    assert_eq!(found.namespaces[1].fmax(), 1.0);
}
