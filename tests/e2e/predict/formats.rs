//! The formats and the filters of `protea predict`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Read,
};

use flate2::read::GzDecoder;
use protea_cafa::ontology::Ontology;
use protea_e2e::{Place, test};
use serde_json::Value;

use super::{fasta, id, predicted, rows, run};

#[test]
fn formats_are_those_that_other_tools_read() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let (fasta, accessions) = fasta(&place, 6);
    let predict = |more: &[&str]| {
        let given = [&[id(&run), "--fasta", fasta.as_str()], more].concat();
        predicted(&place, &given).stdout
    };
    let table = predict(&[]);
    let table = rows(&table);
    let terms: BTreeSet<(&str, &str)> = table[1..].iter().map(|row| (row[0], row[1])).collect();

    let json = predict(&["--format", "json"]);
    let objects: Vec<Value> = json
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let order: Vec<&str> = objects
        .iter()
        .map(|object| object["accession"].as_str().unwrap())
        .collect();
    assert_eq!(order, accessions);
    assert_eq!(objects[0]["terms"][0]["score"], 1.0);

    let mappings = predict(&["--format", "topgo"]);
    let mapped: BTreeSet<(&str, &str)> = rows(&mappings)
        .iter()
        .flat_map(|row| {
            row[1]
                .split(", ")
                .map(|term| (row[0], term))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(mapped, terms);

    // A GAF file is read back by `freeze`, which checks every column.
    predict(&["--format", "gaf", "-o", "new.gaf.gz"]);
    let mut gaf = String::new();
    GzDecoder::new(fs::File::open(place.join("new.gaf.gz")).unwrap())
        .read_to_string(&mut gaf)
        .unwrap();
    assert!(gaf.starts_with("!gaf-version: 2.2\n"), "{gaf}");
    for row in rows(&gaf).iter().filter(|row| !row[0].starts_with('!')) {
        assert_eq!(row.len(), 17, "{row:?}");
        assert_eq!((row[6], row[11]), ("IEA", "protein"));
    }
    let ontology = test().join("ontology.obo");
    let frozen = [
        "dataset",
        "freeze",
        "again",
        "--name",
        "again",
        "--json",
        "--fasta",
        &fasta,
        "--annotations",
        "new.gaf.gz",
        "--ontology",
        ontology.to_str().unwrap(),
    ];
    let report = place.protea(frozen).json();
    assert_eq!(report["annotation_rows"], terms.len());
    assert_eq!(report["unknown_terms"]["count"], 0);
    assert_eq!(report["manifest"]["counts"]["annotations"], terms.len());
}

#[test]
fn filters_leave_out_what_they_say_and_count_it() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let (fasta, _) = fasta(&place, 6);
    let table = |more: &[&str]| {
        let given = [&[id(&run), "--fasta", fasta.as_str()], more].concat();
        let ran = predicted(&place, &given);
        let parse = |row: Vec<&str>| {
            (
                row[0].to_owned(),
                row[1].to_owned(),
                row[3].to_owned(),
                row[4].parse::<f64>().unwrap(),
            )
        };
        rows(&ran.stdout)[1..]
            .iter()
            .cloned()
            .map(parse)
            .collect::<Vec<_>>()
    };
    let all = table(&[]);
    let expected: Vec<_> = all
        .iter()
        .filter(|row| row.2 == "MFO" && row.3 >= 0.3)
        .cloned()
        .collect();
    assert_eq!(
        table(&["--aspect", "mfo", "--minimum-score", "0.3"]),
        expected
    );

    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    let first_two: Vec<_> = all
        .iter()
        .filter(|row| {
            let left = left.entry(&row.0).or_default();
            *left += 1;
            *left <= 2
        })
        .cloned()
        .collect();
    assert_eq!(table(&["--top", "2"]), first_two);

    let ontology = Ontology::read(test().join("ontology.obo")).unwrap();
    let term = |id: &str| ontology.primary(id).unwrap();
    let specific = table(&["--most-specific"]);
    for row in &all {
        let is_ancestor = all.iter().any(|other| {
            other.0 == row.0
                && other.1 != row.1
                && ontology.ancestors(term(&other.1)).contains(&term(&row.1))
        });
        assert_eq!(!is_ancestor, specific.contains(row), "{row:?}");
    }
}

#[test]
fn parquet_has_the_predictions_of_the_table_of_cafa() {
    let place = Place::new();
    let run = run(&place, "knn", &[]);
    let (fasta, _) = fasta(&place, 6);
    for (format, file) in [("parquet", "new.parquet"), ("tsv", "new.tsv")] {
        let arguments = [id(&run), "--fasta", &fasta, "--format", format, "-o", file];
        predicted(&place, &arguments);
    }
    let difference = place.protea(["predictions", "diff", "new.parquet", "new.tsv", "--json"]);
    assert_eq!(difference.code, Some(0), "{difference:#?}");
    assert_eq!(difference.json()["proteins"], 6);
}
