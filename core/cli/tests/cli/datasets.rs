//! `protea dataset`: freezing files, showing and verifying datasets, and invalid inputs.

use std::fs;

use serde_json::json;

use crate::place::{FASTA, Place};

#[test]
fn freezing_reports_the_content_and_what_was_skipped() {
    let place = Place::new();
    let frozen = place
        .freeze("--version 2014.01 --licence CC-BY-4.0 --features kmer --dtype f16")
        .ok();
    for part in [
        "frozen dataset  frozen\n",
        "name            small, version 2014.01\n",
        "licence         CC-BY-4.0\n",
        "proteins        3, 2 annotated, 1 taxon\n",
        "annotations     3 with 3 terms\n",
        "read            6 annotations\n",
        "embeddings      1024 × f16, k-mer spectrum",
        "skipped         1 annotations of proteins that are not in the FASTA file (P00009)\n",
        "                1 annotations with terms that are obsolete or not in the ontology (GO:0000001)\n",
        "                1 repeated annotations\n",
        "not annotated   1 proteins (P00003)\n",
    ] {
        assert!(
            frozen.stdout.contains(part),
            "{part:?} is not in {frozen:#?}"
        );
    }
    assert_eq!(place.new_names(), ["frozen"]);
}

#[test]
fn json_prints_only_the_report_and_quiet_prints_nothing() {
    let place = Place::new();
    let frozen = place.freeze("--json --quiet").ok();
    let report = frozen.json();
    assert_eq!(
        report["directory"],
        json!(place.join("frozen").canonicalize().unwrap())
    );
    assert_eq!(report["manifest"]["counts"]["proteins"], 3);
    assert_eq!(
        report["without_sequence"],
        json!({"count": 1, "examples": ["P00009"]})
    );
    assert_eq!(report["unknown_terms"]["examples"], json!(["GO:0000001"]));
    assert_eq!(frozen.stderr, "");

    let shown = place.run("dataset show frozen --json").ok().json();
    assert_eq!(shown["sha256"], report["sha256"]);
    assert_eq!(shown["manifest"], report["manifest"]);
    let verified = place.run("dataset verify frozen --json").ok().json();
    assert_eq!(verified["verified"], true);
    assert_eq!(verified["sha256"], report["sha256"]);
}

#[test]
fn a_frozen_dataset_is_never_overwritten() {
    let place = Place::new();
    place.freeze("").ok();
    let error = place.freeze("").error(5);
    assert!(error.contains("frozen: already exists"), "{error}");
}

#[test]
fn changed_and_missing_files_are_named() {
    let place = Place::new();
    place.freeze("").ok();
    let error = place.run("dataset verify bin").error(3);
    assert!(
        error.contains("not a frozen dataset: it has no dataset.json"),
        "{error}"
    );
    let error = place.run("dataset verify nothere").error(3);
    assert!(
        error.contains("nothere: there is no dataset: the path does not exist"),
        "{error}"
    );

    let file = place.join("frozen/ontology.obo");
    let mut bytes = fs::read(&file).unwrap();
    bytes[0] ^= 1;
    fs::remove_file(&file).unwrap();
    fs::write(&file, bytes).unwrap();
    let error = place.run("dataset verify frozen").error(3);
    assert!(error.contains("ontology.obo"), "{error}");
    assert!(error.contains("it was changed"), "{error}");

    fs::remove_file(&file).unwrap();
    let error = place.run("dataset show frozen").error(3);
    assert!(error.contains("ontology.obo cannot be read"), "{error}");
}

#[test]
fn bad_inputs_are_named_and_leave_nothing_behind() {
    let place = Place::new();
    place.write("proteins.fasta", format!("{FASTA}>P00002\nMK\n"));
    let error = place.freeze("").error(3);
    assert!(error.contains("proteins.fasta:7"), "{error}");
    assert!(error.contains("\"P00002\" is already on line 3"), "{error}");
    place.write("proteins.fasta", FASTA);
    place
        .freeze("--embeddings none.npy --ids none.txt")
        .error(3);
    place.freeze("--dtype f16").error(2);
    place.freeze("--ids none.txt").error(2);
    place.freeze("--ids-key ids").error(2);
    place
        .freeze("--embeddings none.h5 --ids none.txt --ids-key ids")
        .error(2);
    let error = place.freeze("--embeddings none.h5").error(3);
    assert!(error.contains("none.h5: cannot be read"), "{error}");
    place.write("text.h5", "\0\u{1}\u{2}");
    let error = place.freeze("--embeddings text.h5").error(3);
    assert!(
        error.contains(
            "text.h5: this is not a file of embeddings; give .npy, .npz, HDF5, Parquet, Feather, .pt"
        ),
        "{error}"
    );
    fs::remove_file(place.join("text.h5")).expect("it was just written");
    assert_eq!(place.new_names(), Vec::<String>::new());
}
