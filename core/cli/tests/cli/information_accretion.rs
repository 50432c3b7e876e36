//! `protea dataset ia` and `protea dataset freeze --ia`.

use std::{fs, io::Read};

use serde_json::{Value, json};

use crate::place::Place;

/// Annotations of the proteins of the small FASTA file, with evidence.
const ROWS: [(&str, &str, &str, &str); 4] = [
    ("P00001", "GO:0005488", "IDA", "F"),
    ("P00002", "GO:0003824", "IEA", "F"),
    ("P00002", "GO:0005489", "IPI", "F"),
    ("P00003", "GO:0005634", "IMP", "C"),
];

/// log2(3/2): one of two proteins has the term, and 1 is added to both.
const ONE_OF_TWO: f64 = 0.584_962_500_721_156;
/// log2(3): none of two proteins has the term.
const NONE_OF_TWO: f64 = 1.584_962_500_721_156;

fn gaf(rows: &[(&str, &str, &str, &str)]) -> String {
    let mut text = String::from("!gaf-version: 2.2\n");
    for (accession, term, evidence, aspect) in rows {
        text += &format!(
            "UniProtKB\t{accession}\tSYM\tinvolved_in\t{term}\tPMID:1\t{evidence}\t\t{aspect}\t\t\tprotein\ttaxon:9606\t20200101\tUniProt\t\t\n"
        );
    }
    text
}

fn place() -> Place {
    let place = Place::new();
    place.write("goa.gaf", gaf(&ROWS));
    place
}

fn freeze(place: &Place, out: &str, more: &str) -> crate::place::Ran {
    place.run(&format!(
        "dataset freeze {out} --name small --ontology go.obo --fasta proteins.fasta \
         --annotations goa.gaf {more}"
    ))
}

/// Asserts that GO:0003824 alone has a value other than 0.
fn assert_only_value(table: &str, expected: f64) {
    for line in table.lines() {
        let (term, value) = line.split_once('\t').unwrap();
        let expected = if term == "GO:0003824" { expected } else { 0.0 };
        let value: f64 = value.parse().unwrap();
        assert!((value - expected).abs() < 1e-12, "{line}");
    }
}

fn record(place: &Place, table: &str) -> Value {
    let text = fs::read_to_string(place.join(&format!("{table}.provenance.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_table_of_a_gaf_file_has_values_and_provenance() {
    let place = place();
    let ran = place
        .run("dataset ia --annotations goa.gaf --ontology go.obo -o IA.tsv --json")
        .ok();
    let table = fs::read_to_string(place.join("IA.tsv")).unwrap();
    // Each term of the ontology is there, and only GO:0003824 tells something.
    assert_eq!(table.lines().count(), 5);
    assert_only_value(&table, ONE_OF_TWO);
    let record = record(&place, "IA.tsv");
    assert_eq!(ran.json()["provenance"], record);
    assert_eq!(record["evidence"], json!(["any"]));
    assert_eq!(record["proteins"], 3);
    assert_eq!(record["annotations"], 4);
    assert_eq!(record["protea_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(record["inputs"]["annotations"]["file"], "goa.gaf");

    // A dataset of the same annotations gives the same table and the same identity of the corpus.
    freeze(&place, "frozen", "").ok();
    place.run("dataset ia frozen -o other.tsv").ok();
    let other = fs::read_to_string(place.join("other.tsv")).unwrap();
    assert_eq!(other, table);
    let of_dataset = self::record(&place, "other.tsv");
    assert_eq!(of_dataset["corpus_sha256"], record["corpus_sha256"]);
    assert_eq!(of_dataset["sha256"], record["sha256"]);
    assert_eq!(of_dataset["inputs"]["dataset"]["name"], "small");
}

#[test]
fn only_the_evidence_that_is_asked_for_counts() {
    let place = place();
    freeze(&place, "frozen", "").ok();
    for (from, out) in [
        ("--annotations goa.gaf --ontology go.obo", "a.tsv"),
        ("frozen", "b.tsv"),
    ] {
        let ran = place
            .run(&format!(
                "dataset ia {from} --evidence IDA,IPI,IMP -o {out}"
            ))
            .ok();
        let table = fs::read_to_string(place.join(out)).unwrap();
        assert_only_value(&table, NONE_OF_TWO);
        assert_eq!(
            record(&place, out)["evidence"],
            json!(["IDA", "IMP", "IPI"])
        );
        assert!(
            ran.stdout
                .contains("1 annotations with other evidence codes"),
            "{ran:#?}"
        );
        let error = place
            .run(&format!("dataset ia {from} --evidence TAS -o c.tsv"))
            .error(3);
        assert!(error.contains("evidence codes that count (TAS)"), "{error}");
        let error = place
            .run(&format!("dataset ia {from} --evidence ida -o c.tsv"))
            .error(2);
        assert!(error.contains("\"ida\" is not an evidence code"), "{error}");
        assert!(!place.join("c.tsv").exists());
    }
    // The same choice when a dataset is frozen.
    let report = freeze(&place, "chosen", "--evidence IDA --json")
        .ok()
        .json();
    assert_eq!(report["manifest"]["counts"]["annotations"], 1);
    assert_eq!(report["other_evidence"], 3);
}

#[test]
fn an_existing_file_is_replaced_only_with_force() {
    let place = place();
    let line = "dataset ia --annotations goa.gaf --ontology go.obo -o IA.tsv";
    place.write("IA.tsv", "mine");
    let error = place.run(line).error(5);
    assert!(error.contains("IA.tsv exists"), "{error}");
    assert!(error.contains("--force"), "{error}");
    assert_eq!(fs::read_to_string(place.join("IA.tsv")).unwrap(), "mine");
    assert!(!place.join("IA.tsv.provenance.json").exists());
    place.run(&format!("{line} --force")).ok();
    let plain = fs::read_to_string(place.join("IA.tsv")).unwrap();

    place
        .run("dataset ia --annotations goa.gaf --ontology go.obo -o IA.tsv.gz")
        .ok();
    let mut unpacked = String::new();
    flate2::read::GzDecoder::new(fs::File::open(place.join("IA.tsv.gz")).unwrap())
        .read_to_string(&mut unpacked)
        .unwrap();
    assert_eq!(unpacked, plain);
}

#[test]
fn what_does_not_count_is_told() {
    let place = place();
    let mut text = gaf(&ROWS);
    text += &gaf(&[
        ("P00001", "GO:0000001", "IDA", "F"),
        ("P00001", "GO:9999999", "IDA", "F"),
        ("P00003", "GO:0003824", "ND", "F"),
    ])
    .replace("!gaf-version: 2.2\n", "");
    text += &gaf(&[("P00001", "GO:0003824", "IDA", "F")])
        .replace("!gaf-version: 2.2\n", "")
        .replace("involved_in", "NOT|involved_in");
    place.write("odd.gaf", text);
    let ran = place
        .run("dataset ia --annotations odd.gaf --ontology go.obo -o IA.tsv")
        .ok();
    for part in [
        "2 annotations with terms that are obsolete or not in the ontology (GO:0000001, GO:9999999)",
        "1 annotations with the qualifier NOT",
        "1 annotations with the evidence ND (no data)",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is not in {ran:#?}");
    }
    let table = fs::read_to_string(place.join("IA.tsv")).unwrap();
    assert_only_value(&table, ONE_OF_TWO);

    place.write("none.gaf", gaf(&[("P00001", "GO:9999999", "IDA", "F")]));
    let error = place
        .run("dataset ia --annotations none.gaf --ontology go.obo -o none.tsv")
        .error(3);
    assert!(error.contains("GO:9999999"), "{error}");
    for line in [
        "dataset ia -o x.tsv",
        "dataset ia --annotations goa.gaf -o x.tsv",
        "dataset ia frozen --annotations goa.gaf --ontology go.obo -o x.tsv",
        "dataset ia frozen --ontology go.obo -o x.tsv",
    ] {
        assert_eq!(place.run(line).code, Some(2), "{line}");
    }
}

#[test]
fn freezing_computes_the_table_and_records_it() {
    let place = place();
    let report = freeze(&place, "frozen", "--ia compute --json").ok().json();
    let info = &report["manifest"]["information_accretion"];
    assert_eq!(info["annotations"], 4);
    assert_eq!(info["evidence"], json!(["any"]));
    let table = fs::read_to_string(place.join("frozen/ia.tsv")).unwrap();
    assert_only_value(&table, ONE_OF_TWO);
    let shown = place.run("dataset show frozen").ok().stdout;
    assert!(
        shown.contains("accretion    of 4 annotations of 3 proteins, evidence any"),
        "{shown}"
    );
    place.run("dataset verify frozen").ok();

    // The parts of a split have the same table, and know where it comes from.
    place
        .run("dataset split frozen parts --by random --test 0.4")
        .ok();
    let part = place.run("dataset show parts/train --json").ok().json();
    assert_eq!(&part["manifest"]["information_accretion"], info);

    let error = place
        .run("dataset freeze q --name q --ontology go.obo --fasta proteins.fasta --ia compute")
        .error(2);
    assert!(error.contains("without annotations"), "{error}");
}

#[test]
fn freezing_takes_the_record_beside_a_table() {
    let place = place();
    place
        .run("dataset ia --annotations goa.gaf --ontology go.obo -o IA.tsv.gz")
        .ok();
    let report = freeze(&place, "frozen", "--ia IA.tsv.gz --json")
        .ok()
        .json();
    let record = record(&place, "IA.tsv.gz");
    assert_eq!(
        report["manifest"]["information_accretion"]["corpus_sha256"],
        record["corpus_sha256"]
    );
    assert_eq!(report["accretion_record"], Value::Null);

    // A record of another table is not believed.
    place.write("IA.tsv", "GO:0003824\t1.5\n");
    fs::copy(
        place.join("IA.tsv.gz.provenance.json"),
        place.join("IA.tsv.provenance.json"),
    )
    .unwrap();
    let ran = freeze(&place, "other", "--ia IA.tsv").ok();
    assert!(ran.stdout.contains("another table"), "{ran:#?}");
    let shown = place.run("dataset show other --json").ok().json();
    assert_eq!(shown["manifest"]["information_accretion"], Value::Null);
    // A table without a record is as before.
    fs::remove_file(place.join("IA.tsv.provenance.json")).unwrap();
    let report = freeze(&place, "third", "--ia IA.tsv --json").ok().json();
    assert_eq!(report["accretion_record"], Value::Null);
}

#[test]
fn a_table_that_is_not_there_can_be_made_or_left_out() {
    let place = Place::new();
    place.write("predictions.tsv", "P00001\tGO:0000001\t0.5\n");
    for line in [
        "cafa go.obo predictions.tsv predictions.tsv --ia IA.tsv",
        "dataset freeze frozen --name small --ontology go.obo --fasta proteins.fasta --ia IA.tsv",
    ] {
        let error = place.run(line).error(3);
        for part in [
            "there is no file IA.tsv",
            "`protea dataset ia DATASET -o IA.tsv`",
            "leave out --ia",
        ] {
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
