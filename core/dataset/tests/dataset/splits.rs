//! Splits a dataset into training, validation and test parts.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    ops::ControlFlow,
    path::Path,
};

use protea_dataset::{
    Accessions, DatasetError, FrozenDataset, Grouping, Part, Shares, Split, SplitRequest,
    SplitRule, split,
};

use crate::{
    releases::{ONTOLOGY, release},
    small::{ACCESSIONS, Inputs},
};

fn go_on(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn shares(validation: f64, test: f64, grouping: Grouping) -> SplitRule {
    SplitRule::Shares {
        shares: Shares { validation, test },
        grouping,
    }
}

fn make(dataset: &FrozenDataset, out: &Path, rule: SplitRule) -> Result<Split, DatasetError> {
    let request = SplitRequest {
        out: out.to_owned(),
        rule,
        seed: 5,
    };
    split(dataset, &request, &mut go_on)
}

/// Freezes sixty proteins, each with one annotation.
fn sixty(directory: &Path) -> FrozenDataset {
    let accessions: Vec<String> = (0..60).map(|i| format!("P{i:05}")).collect();
    let accessions: Vec<&str> = accessions.iter().map(String::as_str).collect();
    let rows: Vec<_> = accessions
        .iter()
        .map(|accession| (*accession, "GO:0005515", "IPI"))
        .collect();
    release(directory, "sixty", ONTOLOGY, &accessions, &rows)
}

fn accessions(place: &Path) -> BTreeSet<String> {
    let dataset = FrozenDataset::open(place).unwrap();
    dataset.verify().unwrap();
    (0..dataset.len())
        .map(|p| dataset.accession(p).to_owned())
        .collect()
}

fn parts(made: &Split) -> BTreeMap<Part, BTreeSet<String>> {
    let parts = made.parts.iter();
    parts.map(|p| (p.part, accessions(&p.directory))).collect()
}

#[test]
fn shares_are_exact_and_depend_on_the_seed() {
    let directory = tempfile::tempdir().unwrap();
    let whole = sixty(directory.path());
    let at = |name: &str| directory.path().join(name);
    let made = make(&whole, &at("a"), shares(0.1, 0.25, Grouping::None)).unwrap();
    let dealt = parts(&made);
    let sizes: Vec<usize> = dealt.values().map(BTreeSet::len).collect();
    assert_eq!(sizes, [39, 6, 15]);
    let all: BTreeSet<String> = dealt.values().flatten().cloned().collect();
    assert_eq!(all.len(), 60);
    for part in &made.parts {
        let dataset = FrozenDataset::open(&part.directory).unwrap();
        assert_eq!(dataset.manifest().parent, Some(whole.sha256()));
        assert_eq!(dataset.annotations().unwrap().len(), dataset.len());
        assert_eq!(dataset.sha256(), part.sha256);
    }
    let table = fs::read_to_string(at("a/split.tsv")).unwrap();
    assert_eq!(table.lines().count(), 61);
    for (part, accessions) in &dealt {
        for accession in accessions {
            assert!(table.contains(&format!("{accession}\t{}\n", part.name())));
        }
    }

    let again = make(&whole, &at("b"), shares(0.1, 0.25, Grouping::None)).unwrap();
    assert_eq!(parts(&again), dealt);
    for file in ["split.json", "split.tsv"] {
        assert_eq!(
            fs::read(at("a").join(file)).unwrap(),
            fs::read(at("b").join(file)).unwrap()
        );
    }
    for (one, other) in made.parts.iter().zip(&again.parts) {
        assert_eq!(one.sha256, other.sha256);
    }
    let request = SplitRequest {
        out: at("c"),
        rule: shares(0.1, 0.25, Grouping::None),
        seed: 6,
    };
    let other = split(&whole, &request, &mut go_on).unwrap();
    assert_ne!(parts(&other), dealt);
}

#[test]
fn clusters_and_taxa_stay_whole() {
    let directory = tempfile::tempdir().unwrap();
    let whole = sixty(directory.path());
    let clusters = directory.path().join("clusters.tsv");
    let text: String = (0..60)
        .map(|i| format!("P{:05}\tP{i:05}\n", i % 12))
        .collect();
    fs::write(&clusters, text).unwrap();
    let rule = shares(0.0, 0.3, Grouping::Clusters(clusters));
    let made = make(&whole, &directory.path().join("out"), rule).unwrap();
    assert_eq!(made.groups, Some(12));
    let dealt = parts(&made);
    // With twelve clusters of five, 18 of 60 proteins are three or four clusters.
    assert!([15, 20].contains(&dealt[&Part::Test].len()));
    for accession in &dealt[&Part::Test] {
        let number: usize = accession[1..].parse().unwrap();
        for other in (0..60).filter(|i| i % 12 == number % 12) {
            assert!(dealt[&Part::Test].contains(&format!("P{other:05}")));
        }
    }
    let table = fs::read_to_string(made.directory.join("split.tsv")).unwrap();
    let row = |accession: &str| -> Vec<&str> {
        let mut rows = table.lines().filter(|line| line.starts_with(accession));
        rows.next().unwrap().split('\t').collect()
    };
    assert_eq!(row("accession"), ["accession", "part", "group"]);
    assert_eq!(row("P00003")[1..], row("P00015")[1..]);
    assert_ne!(row("P00003")[2], row("P00004")[2]);
    // All proteins have the same taxon, so they cannot be split.
    let error = make(
        &whole,
        &directory.path().join("taxa"),
        shares(0.0, 0.3, Grouping::Taxon),
    );
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("would have no protein") && text.contains("1 groups"),
        "{text}"
    );

    let inputs = Inputs::new();
    inputs.write("taxa.tsv", "Q00003\t3702\nA0A024RBG1\t3702\n");
    let some = FrozenDataset::open(&inputs.freeze().directory).unwrap();
    let rule = SplitRule::Taxa {
        validation: vec![83333],
        test: vec![9606],
    };
    let dealt = parts(&make(&some, &inputs.path("parts"), rule).unwrap());
    let in_part = |part| dealt[&part].iter().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(in_part(Part::Train), ["A0A024RBG1", "Q00003"]);
    assert_eq!(in_part(Part::Validation), ["P00002"]);
    assert_eq!(in_part(Part::Test), ["P00001", "Q00004"]);
}

#[test]
fn lists_are_followed_exactly() {
    let inputs = Inputs::new();
    let whole = FrozenDataset::open(&inputs.freeze().directory).unwrap();
    let list = |name: &str, text: &str| inputs.write(name, text);
    let lists = Accessions {
        train: None,
        validation: None,
        test: list("test.txt", "Q00003\nsp|P00001|ONE_HUMAN\n"),
    };
    let made = make(
        &whole,
        &inputs.path("rest"),
        SplitRule::Lists(lists.clone()),
    )
    .unwrap();
    assert_eq!((made.left_out, made.groups), (0, None));
    assert_eq!(
        parts(&made)[&Part::Test],
        BTreeSet::from(["P00001".to_owned(), "Q00003".to_owned()])
    );
    assert_eq!(parts(&made)[&Part::Train].len(), ACCESSIONS.len() - 2);

    let lists = Accessions {
        train: Some(list("train.txt", "P00002\n")),
        validation: Some(list("validation.txt", "Q00004\n")),
        ..lists
    };
    let made = make(
        &whole,
        &inputs.path("three"),
        SplitRule::Lists(lists.clone()),
    )
    .unwrap();
    assert_eq!(made.left_out, 1);
    let table = fs::read_to_string(inputs.path("three/split.tsv")).unwrap();
    assert!(!table.contains("A0A024RBG1"));

    let error_for = |lists: Accessions| {
        let error = make(&whole, &inputs.path("refused"), SplitRule::Lists(lists));
        error.unwrap_err().to_string()
    };
    let twice = Accessions {
        train: Some(list("twice.txt", "P00002\nQ00003\n")),
        ..lists.clone()
    };
    let text = error_for(twice);
    assert!(
        text.contains("Q00003 is both in") && text.contains("twice.txt"),
        "{text}"
    );
    let unknown = Accessions {
        test: list("unknown.txt", "Q00003\nX1\nX2\n"),
        ..lists.clone()
    };
    let text = error_for(unknown);
    assert!(
        text.contains("2 of the proteins in") && text.contains("X1, X2"),
        "{text}"
    );
    let all = Accessions {
        train: None,
        validation: None,
        test: list("all.txt", &ACCESSIONS.join("\n")),
    };
    assert!(error_for(all).contains("the part train would have no protein"));
    assert!(!inputs.path("refused").exists());
}

#[test]
fn invalid_requests_are_errors_and_leave_no_files() {
    let inputs = Inputs::new();
    let whole = FrozenDataset::open(&inputs.freeze().directory).unwrap();
    let out = inputs.path("parts");
    let error_for = |rule: SplitRule| make(&whole, &out, rule).unwrap_err().to_string();
    for (validation, test) in [
        (0.0, 0.0),
        (0.0, 1.0),
        (0.5, 0.5),
        (0.7, 0.3),
        (-0.1, 0.5),
        (0.0, f64::NAN),
    ] {
        let text = error_for(shares(validation, test, Grouping::None));
        assert!(text.contains("the shares"), "{validation} {test}: {text}");
    }
    // One protein has no taxon.
    assert!(error_for(shares(0.0, 0.4, Grouping::Taxon)).contains("with a taxonomy"));
    let taxa = |test: Vec<u32>, validation: Vec<u32>| SplitRule::Taxa { validation, test };
    assert!(error_for(taxa(vec![9606], vec![])).contains("with a taxonomy"));
    assert!(error_for(taxa(vec![1], vec![1])).contains("taxon 1 is given for validation"));
    let full = tempfile::tempdir().unwrap();
    let sixty = sixty(full.path());
    let rule = taxa(vec![9606, 7], vec![]);
    let text = make(&sixty, &out, rule).unwrap_err().to_string();
    assert!(text.contains("no protein of taxon 7"), "{text}");

    let request = SplitRequest {
        out: out.clone(),
        rule: shares(0.0, 0.4, Grouping::None),
        seed: 0,
    };
    let mut end = |done, _| match done {
        1 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let ended = split(&whole, &request, &mut end);
    assert!(matches!(ended, Err(DatasetError::Cancelled)));
    let names = fs::read_dir(inputs.dir.path()).unwrap();
    let names = names.map(|e| e.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.contains("parts")));
    fs::create_dir(&out).unwrap();
    let there = split(&whole, &request, &mut go_on);
    assert!(matches!(there, Err(DatasetError::Exists(_))));
}
