//! Tests that folds are datasets that together form the whole dataset.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    ops::ControlFlow,
    path::Path,
};

use protea_dataset::{
    DatasetError, EmbeddingValues, Folds, FoldsRequest, FrozenDataset, Grouping, folds,
};
use protea_formats::read_clusters;

use crate::small::Inputs;

fn request(folds: usize, grouping: Grouping) -> FoldsRequest {
    FoldsRequest {
        folds,
        seed: 3,
        grouping,
    }
}

fn make(dataset: &FrozenDataset, request: &FoldsRequest, cache: &Path) -> Folds {
    folds(dataset, request, cache, &mut |_, _| {
        ControlFlow::Continue(())
    })
    .unwrap()
}

/// The complete content of a dataset, by accession.
fn content(dataset: &FrozenDataset) -> BTreeMap<String, String> {
    let mut annotations: HashMap<usize, Vec<String>> = HashMap::new();
    for row in dataset.annotations().unwrap() {
        let text = format!("{} {:?} {:?}", row.term, row.aspect, row.evidence);
        annotations.entry(row.protein).or_default().push(text);
    }
    let mut embeddings = Vec::new();
    for block in dataset.embedding_blocks().unwrap() {
        let EmbeddingValues::F32(values) = block.values else {
            panic!("the inputs are f32");
        };
        embeddings.extend(values.chunks(block.width).map(|row| format!("{row:?}")));
    }
    let describe = |protein: usize| {
        format!(
            "{:?} {:?} {} {:?}",
            dataset.sequence(protein),
            dataset.taxon(protein),
            embeddings[protein],
            annotations.get(&protein)
        )
    };
    (0..dataset.len())
        .map(|protein| (dataset.accession(protein).to_owned(), describe(protein)))
        .collect()
}

#[test]
fn every_protein_is_held_out_once_with_its_data() {
    let inputs = Inputs::new();
    let whole = FrozenDataset::open(&inputs.freeze().directory).unwrap();
    let made = make(&whole, &request(2, Grouping::None), &inputs.path("cache"));
    assert!(!made.cached);
    let mut held_out = BTreeMap::new();
    for fold in &made.folds {
        let [train, eval] = [&fold.train, &fold.eval].map(|place| {
            let dataset = FrozenDataset::open(place).unwrap();
            dataset.verify().unwrap();
            dataset.check_finite().unwrap();
            assert_eq!(dataset.manifest().parent, Some(whole.sha256()));
            assert_eq!(dataset.manifest().created, whole.manifest().created);
            for file in ["ontology.obo", "ia.tsv"] {
                let [own, of_whole] = [&dataset, &whole]
                    .map(|dataset| fs::read(dataset.directory().join(file)).unwrap());
                assert!(own == of_whole, "{file}");
            }
            dataset
        });
        assert_eq!(eval.len(), fold.proteins);
        let (mut both, eval) = (content(&train), content(&eval));
        assert!(both.keys().all(|accession| !eval.contains_key(accession)));
        both.extend(eval.clone());
        assert_eq!(both, content(&whole));
        held_out.extend(eval);
    }
    assert_eq!(held_out, content(&whole));
    let counts = |place: &Path| FrozenDataset::open(place).unwrap().manifest().counts;
    let annotations: u64 = made.folds.iter().map(|f| counts(&f.eval).annotations).sum();
    assert_eq!(annotations, whole.manifest().counts.annotations);
}

#[test]
fn folds_are_reused_and_have_a_stable_identity() {
    let inputs = Inputs::new();
    let whole = FrozenDataset::open(&inputs.freeze().directory).unwrap();
    let wanted = request(3, Grouping::None);
    let first = make(&whole, &wanted, &inputs.path("cache"));
    let again = make(&whole, &wanted, &inputs.path("cache"));
    assert!(again.cached);
    assert_eq!(again.folds, first.folds);
    let elsewhere = make(&whole, &wanted, &inputs.path("elsewhere"));
    for (one, other) in first.folds.iter().zip(&elsewhere.folds) {
        let identity = |place: &Path| FrozenDataset::open(place).unwrap().sha256();
        assert_eq!(identity(&one.train), identity(&other.train));
        assert_eq!(identity(&one.eval), identity(&other.eval));
    }
    let other_seed = FoldsRequest { seed: 4, ..wanted };
    assert!(!make(&whole, &other_seed, &inputs.path("cache")).cached);
}

#[test]
fn clusters_stay_together_in_either_column_order() {
    let inputs = Inputs::new();
    let whole = FrozenDataset::open(&inputs.freeze().directory).unwrap();
    // The second table has the format of MMseqs2.
    let files = [
        "P00001\tc1\nQ00003\tc1\nP00002\tc2\nQ00004\tc3\nA0A024RBG1\tc3\n",
        "P00001\tP00001\nP00001\tsp|Q00003|X_Y\nP00002\tP00002\nQ00004\tQ00004\nQ00004\tA0A024RBG1\n",
    ];
    let mut dealt = Vec::new();
    for (number, text) in files.into_iter().enumerate() {
        let file = inputs.write(&format!("clusters-{number}.tsv"), text);
        let made = make(
            &whole,
            &request(3, Grouping::Clusters(file)),
            &inputs.path("cache"),
        );
        assert_eq!(made.groups, 3);
        let table = fs::read_to_string(made.directory.join("folds.tsv")).unwrap();
        let fold = |accession: &str| {
            let line = table
                .lines()
                .find(|line| line.starts_with(accession))
                .unwrap();
            line.split('\t').nth(1).unwrap().to_owned()
        };
        assert_eq!(fold("P00001"), fold("Q00003"));
        assert_eq!(fold("Q00004"), fold("A0A024RBG1"));
        dealt.push(table);
    }
    assert_eq!(dealt[0], dealt[1]);
}

#[test]
fn clusters_that_share_a_protein_are_merged() {
    let inputs = Inputs::new();
    let file = inputs.write("clusters.tsv", "a c1\nb c2\nc c3\n\nb c1\n");
    let clusters = read_clusters(&file).unwrap();
    assert_eq!(clusters["a"], clusters["b"]);
    assert_ne!(clusters["a"], clusters["c"]);
    let odd = inputs.write("odd.tsv", "a c1 more\n");
    let error = read_clusters(&odd).unwrap_err().to_string();
    assert!(error.contains("odd.tsv:1"), "{error}");
}

#[test]
fn invalid_requests_are_errors_and_leave_no_files() {
    let inputs = Inputs::new();
    let whole = FrozenDataset::open(&inputs.freeze().directory).unwrap();
    let cache = inputs.path("cache");
    let error_for = |request: &FoldsRequest| {
        let mut go_on = |_, _| ControlFlow::Continue(());
        folds(&whole, request, &cache, &mut go_on)
            .unwrap_err()
            .to_string()
    };
    assert!(error_for(&request(1, Grouping::None)).contains("2 or more"));
    assert!(error_for(&request(6, Grouping::None)).contains("5 groups"));
    // One protein of the inputs has no taxon.
    let error = error_for(&request(2, Grouping::Taxon));
    assert!(
        error.contains("A0A024RBG1") && error.contains("with a taxonomy"),
        "{error}"
    );
    let file = inputs.write("clusters.tsv", "P00001\tc1\n");
    let error = error_for(&request(2, Grouping::Clusters(file)));
    assert!(error.contains("4 of 5 proteins (P00002"), "{error}");
    let mut end = |done, _| match done {
        2 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let ended = folds(&whole, &request(2, Grouping::None), &cache, &mut end);
    assert!(matches!(ended, Err(DatasetError::Cancelled)));
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 0);
}
