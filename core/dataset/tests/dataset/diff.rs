//! Tests comparing two datasets.

use std::ops::ControlFlow;

use protea_dataset::{
    DatasetDiff, DatasetError, EmbeddingDiff, EmbeddingSource, FrozenDataset, diff, freeze,
    unwatched,
};
use serde_json::json;

use crate::{
    releases::{ONTOLOGY, release},
    small::{Inputs, WIDTH, npy, value},
};

fn go_on(_: usize, _: usize) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

fn compare(from: &FrozenDataset, to: &FrozenDataset) -> DatasetDiff {
    diff(from, to, &mut go_on).unwrap()
}

/// Freezes the current inputs as `name`.
fn freeze_as(
    inputs: &Inputs,
    name: &str,
    change: impl FnOnce(&mut protea_dataset::FreezeRequest),
) -> FrozenDataset {
    let mut request = inputs.request();
    request.out = inputs.path(name);
    change(&mut request);
    let report = freeze(&request, &mut unwatched).unwrap();
    FrozenDataset::open(&report.directory).unwrap()
}

#[test]
fn a_dataset_equals_itself() {
    let inputs = Inputs::new();
    let one = freeze_as(&inputs, "one", |_| {});
    let found = compare(&one, &one);
    assert!(found.same);
    assert!(found.manifest.is_empty() && !found.ontology.changed);
}

#[test]
fn every_kind_of_change_is_found() {
    let inputs = Inputs::new();
    let one = freeze_as(&inputs, "one", |_| {});
    // P00002 is removed, N00009 is added, Q00003 has another sequence, Q00004 another taxon, and
    // the last protein another vector.
    inputs.write(
        "proteins.fasta",
        ">sp|P00001|ONE_HUMAN One OX=9606\nMKTAYIAKQRQISF\n>tr|Q00003|THREE\nMKXUBB\n>Q00004 OX=10090\nacdefg\n>A0A024RBG1\nMMKFKPNQTRTY\n>N00009\nMK\n",
    );
    inputs.write("ids.txt", "A0A024RBG1\nQ00004\nQ00003\nN00009\nP00001\n");
    inputs.write(
        "matrix.npy",
        npy("<f4", 5, WIDTH, |row, column| {
            let changed = if row == 0 && column == 2 { 0.5 } else { 0.0 };
            (value(4 - row, column) + changed).to_le_bytes().to_vec()
        }),
    );
    inputs.write(
        "terms.tsv",
        "Q00003\tGO:0005575\tC\nP00001\tGO:0003674\tF\nP00001\tGO:0008150\tP\nN00009\tGO:0003674\tF\n",
    );
    inputs.write("ia.tsv", "GO:0005488\t1.25\nGO:0008150\t0.5\n");
    let two = freeze_as(&inputs, "two", |request| {
        request.version = "2".into();
        request.parent = Some(inputs.path("one"));
    });
    assert_eq!(two.manifest().parent, Some(one.sha256()));

    let found = compare(&one, &two);
    assert!(!found.same);
    assert_eq!(found.proteins.added, ["N00009"]);
    assert_eq!(found.proteins.removed, ["P00002"]);
    assert_eq!(
        json!(found.proteins.changed),
        json!([
            { "accession": "Q00003", "sequence": true, "taxon": null, "embedding": false },
            { "accession": "Q00004", "sequence": false, "taxon": [9606, 10090], "embedding": false },
            { "accession": "A0A024RBG1", "sequence": false, "taxon": null, "embedding": true },
        ])
    );
    assert_eq!(found.proteins.embeddings, EmbeddingDiff::Changed);
    assert!(!found.proteins.reordered);
    assert_eq!(
        json!(found.annotations),
        json!({
            "counts": [{ "aspect": "MFO", "evidence": null, "added": 2, "removed": 2 }],
            "added": [["P00001", "GO:0003674", "MFO", null]],
            "removed": [["P00001", "GO:0005488", "MFO", null]],
        })
    );
    assert_eq!(
        json!(found.information_accretion),
        json!({
            "added": [["GO:0008150", 0.5]],
            "removed": [["GO:0003674", 0.0]],
            "changed": [["GO:0005488", 1.5, 1.25]],
        })
    );
    let field = |name: &str| found.manifest.iter().find(|change| change.field == name);
    assert_eq!(field("version").unwrap().to, json!("2"));
    assert_eq!(field("parent").unwrap().from, json!(null));
    assert_eq!(field("parent").unwrap().to, json!(one.sha256()));
    assert!(field("name").is_none() && field("files.ontology.obo.sha256").is_none());
    assert!(field("files.ia.tsv.sha256").is_some());

    // In the reverse comparison, added and removed are swapped.
    let back = compare(&two, &one);
    assert_eq!(back.proteins.added, found.proteins.removed);
    assert_eq!(
        json!(back.annotations.added),
        json!(found.annotations.removed)
    );
    assert_eq!(
        json!(back.information_accretion.added),
        json!(found.information_accretion.removed)
    );
}

#[test]
fn other_order_and_other_embeddings_are_reported() {
    let inputs = Inputs::new();
    let one = freeze_as(&inputs, "one", |_| {});
    inputs.write(
        "proteins.fasta",
        ">P00002 OX=83333\nMSEQWENCE*\n>sp|P00001|ONE_HUMAN One OX=9606\nMKTAYIAK\nQRQISF\n>tr|Q00003|THREE\nMKXUBZ\n>Q00004 OX=9606\r\nacdefg\r\n\n>A0A024RBG1\nMMKFKPNQTRTY\n",
    );
    let two = freeze_as(&inputs, "two", |_| {});
    let found = compare(&one, &two);
    assert!(found.proteins.reordered && !found.same);
    assert!(found.proteins.changed.is_empty());
    assert!(found.annotations.counts.is_empty());
    assert_eq!(found.proteins.embeddings, EmbeddingDiff::Same);

    let kmer = freeze_as(&inputs, "kmer", |request| {
        request.embeddings = EmbeddingSource::Kmer;
    });
    let none = freeze_as(&inputs, "none", |request| {
        request.embeddings = EmbeddingSource::None;
    });
    for other in [&kmer, &none] {
        let found = compare(&two, other);
        assert_eq!(found.proteins.embeddings, EmbeddingDiff::OtherKind);
        assert!(found.proteins.changed.is_empty());
    }
}

#[test]
fn changed_terms_and_evidence_are_reported() {
    let directory = tempfile::tempdir().unwrap();
    let proteins = ["P1", "P2"];
    let before = [("P1", "GO:0016301", "IEA"), ("P2", "GO:0005634", "IDA")];
    let one = release(directory.path(), "one", ONTOLOGY, &proteins, &before);
    let changed = ONTOLOGY
        .replace("releases/2024-01-01", "releases/2025-01-01")
        .replace("name: cell cycle", "name: the cell cycle")
        .replace("id: GO:0005515\nname: protein binding\nnamespace: molecular_function\n", "id: GO:0005515\nname: protein binding\nnamespace: molecular_function\nis_obsolete: true\n")
        .replace("alt_id: GO:0000777\nis_a: GO:0003824", "alt_id: GO:0000777\nalt_id: GO:0005488\nis_a: GO:0003674")
        .replace("[Term]\nid: GO:0005488\nname: binding\nnamespace: molecular_function\nis_a: GO:0003674\n\n", "")
        .replace("id: GO:0005634", "id: GO:0005635");
    let after = [
        ("P1", "GO:0016301", "IDA"),
        ("P1", "GO:0016301", "IEA"),
        ("P2", "GO:0005635", "IDA"),
    ];
    let two = release(directory.path(), "two", &changed, &proteins, &after);
    let found = compare(&one, &two);
    assert_eq!(
        json!(found.ontology),
        json!({
            "changed": true,
            "versions": ["releases/2024-01-01", "releases/2025-01-01"],
            "added": ["GO:0005635"],
            "obsoleted": ["GO:0005515"],
            "merged": [{ "term": "GO:0005488", "into": ["GO:0016301"] }],
            "removed": ["GO:0005634"],
            "renamed": [{ "term": "GO:0007049", "from": "cell cycle", "to": "the cell cycle" }],
            "other_namespace": [],
            "relations": [{ "term": "GO:0016301", "added": ["GO:0003674"], "removed": ["GO:0003824"] }],
        })
    );
    assert_eq!(
        json!(found.annotations.counts),
        json!([
            { "aspect": "MFO", "evidence": "IDA", "added": 1, "removed": 0 },
            { "aspect": "CCO", "evidence": "IDA", "added": 1, "removed": 1 },
        ])
    );
    let mut end = |_, _| ControlFlow::Break(());
    assert!(matches!(
        diff(&one, &two, &mut end),
        Err(DatasetError::Cancelled)
    ));
}
