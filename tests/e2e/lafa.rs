//! `protea lafa`: the entry point of a container for LAFA, with files made from the example data.

use std::{
    collections::BTreeSet,
    fs,
    io::{Read, Write},
    path::Path,
    process::Command,
};

use protea_cafa::{
    dataset::FrozenDataset,
    ontology::{Aspect, Ontology},
};
use protea_e2e::{Place, Ran, built, test, train};
use serde_json::Value;

#[cfg(target_os = "linux")]
use crate::aligners::installed;

/// How many queries there are.
const QUERIES: usize = 30;

/// A place with the input files of LAFA and a directory for temporary files.
fn place() -> Place {
    let place = Place::new();
    fs::create_dir(place.join("temporary")).unwrap();
    let (train, test) = (
        FrozenDataset::open(&train()).unwrap(),
        FrozenDataset::open(&test()).unwrap(),
    );
    place.write("queries.fasta", fasta(&test, QUERIES));
    place.write("train.fasta", fasta(&train, train.len()));
    fs::copy(train.ontology_path(), place.join("go.obo")).unwrap();
    let mut gaf = String::from("!gaf-version: 2.2\n");
    for row in train.annotations().unwrap() {
        let aspect = match row.aspect {
            Some(Aspect::Bpo) => "P",
            Some(Aspect::Cco) => "C",
            _ => "F",
        };
        gaf += &gaf_row(train.accession(row.protein), row.term, aspect);
    }
    place.write("train.gaf", gaf);
    place
}

fn fasta(dataset: &FrozenDataset, number: usize) -> String {
    (0..number)
        .map(|protein| {
            let sequence = dataset.sequence(protein).unwrap();
            format!(">{}\n{sequence}\n", dataset.accession(protein))
        })
        .collect()
}

fn gaf_row(accession: &str, term: &str, aspect: &str) -> String {
    format!(
        "UniProtKB\t{accession}\tSYM\tinvolved_in\t{term}\tPMID:1\tIDA\t\t{aspect}\t\t\tprotein\ttaxon:9606\t20200101\tUniProt\t\t\n"
    )
}

const INPUTS: [&str; 8] = [
    "-q",
    "queries.fasta",
    "--train_sequences",
    "train.fasta",
    "-a",
    "train.gaf",
    "--graph",
    "go.obo",
];

/// Runs the entry; its temporary files must be gone afterwards.
fn lafa(place: &Place, inputs: &[&str], more: &[&str]) -> Ran {
    let mut command: Command = place.command(&built().join("protea"));
    command
        .env("TMPDIR", place.join("temporary"))
        .arg("lafa")
        .args(inputs)
        .args(more);
    let ran = Ran::from(command.output().unwrap());
    let left = fs::read_dir(place.join("temporary")).unwrap().count();
    assert_eq!(left, 0, "{ran:#?}");
    ran
}

fn succeeds(place: &Place, more: &[&str]) -> Ran {
    let ran = lafa(place, &INPUTS, more);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    ran
}

/// The rules of LAFA for a file of predictions; gives the ids of its queries.
fn valid(text: &str, place: &Place) -> BTreeSet<String> {
    let ontology = Ontology::read(place.join("go.obo")).unwrap();
    let dataset = FrozenDataset::open(&test()).unwrap();
    let (mut ids, mut pairs) = (BTreeSet::new(), BTreeSet::new());
    for line in text.lines() {
        let [id, term, score] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{line:?}");
        };
        assert!(dataset.index_of(id).unwrap() < QUERIES, "{line}");
        assert!(ontology.primary(term).is_some(), "{line}");
        let score: f64 = score.parse().unwrap();
        assert!(score > 0.0 && score <= 1.0, "{line}");
        assert!(pairs.insert((id.to_owned(), term.to_owned())), "{line}");
        ids.insert(id.to_owned());
    }
    ids
}

fn unpacked(path: &Path) -> String {
    let mut text = String::new();
    let mut reader = flate2::read::GzDecoder::new(fs::File::open(path).unwrap());
    reader.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn knn_predicts_for_every_query_by_the_rules() {
    let place = place();
    let ran = succeeds(&place, &["-o", "one.tsv", "--num_threads", "1", "--json"]);
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    let one = fs::read_to_string(place.join("one.tsv")).unwrap();
    assert_eq!(valid(&one, &place).len(), QUERIES);
    assert_eq!(summary["queries"], QUERIES);
    assert_eq!(summary["predicted"], QUERIES);
    assert_eq!(summary["predictions"], one.lines().count());
    // Nothing else is left beside the output.
    assert!(!place.join("one.tsv.provenance.json").exists());
    assert!(!place.join("protea-workspace").exists());

    // More threads, compression, long names and packed inputs change nothing.
    for name in ["queries.fasta", "train.fasta", "train.gaf", "go.obo"] {
        let packed = fs::File::create(place.join(format!("{name}.gz"))).unwrap();
        let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
        let bytes = fs::read(place.join(name)).unwrap();
        encoder.write_all(&bytes).unwrap();
        encoder.finish().unwrap();
    }
    let inputs = [
        "--query_file",
        "queries.fasta.gz",
        "--train_sequences",
        "train.fasta.gz",
        "--annot_file",
        "train.gaf.gz",
        "--graph",
        "go.obo.gz",
    ];
    let more = [
        "--output_file",
        "made/two.tsv.gz",
        "--num_threads",
        "2",
        "--quiet",
    ];
    let ran = lafa(&place, &inputs, &more);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    assert_eq!(ran.stderr, "");
    assert!(unpacked(&place.join("made/two.tsv.gz")) == one);

    // These are the predictions of `protea predict`, and an earlier output is replaced.
    let freeze = "dataset freeze train --name t --fasta train.fasta --annotations train.gaf \
                  --ontology go.obo --features kmer";
    assert_eq!(place.protea(freeze.split_whitespace()).code, Some(0));
    let predict = "predict knn --train train --fasta queries.fasta --format tsv -o predicted.tsv";
    assert_eq!(place.protea(predict.split_whitespace()).code, Some(0));
    place.write("one.tsv", "old");
    succeeds(&place, &["-o", "one.tsv"]);
    let predicted = fs::read_to_string(place.join("predicted.tsv")).unwrap();
    assert!(fs::read_to_string(place.join("one.tsv")).unwrap() == predicted);
}

#[test]
fn the_baselines_need_no_vectors() {
    let place = place();
    let mut methods = vec!["naive"];
    #[cfg(target_os = "linux")]
    methods.extend(installed());
    for method in methods {
        // A container names a method, and its user may name another.
        let more = ["--method", "knn", "--method", method, "-o", "p.tsv"];
        succeeds(&place, &more);
        let text = fs::read_to_string(place.join("p.tsv")).unwrap();
        assert!(!valid(&text, &place).is_empty(), "{method}");
    }
}

#[test]
fn unknown_terms_are_told_and_the_rest_is_used() {
    let place = place();
    let mut gaf = fs::read_to_string(place.join("train.gaf")).unwrap();
    let known = FrozenDataset::open(&train())
        .unwrap()
        .accession(0)
        .to_owned();
    gaf += &gaf_row(&known, "GO:9999999", "P");
    gaf += "UniProtKB\tdamaged\n";
    gaf += &gaf_row("Q99999", "GO:0008150", "P");
    place.write("odd.gaf", gaf);
    let mut inputs = INPUTS;
    inputs[5] = "odd.gaf";
    let ran = lafa(&place, &inputs, &["-o", "p.tsv", "--method", "naive"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    for part in [
        "1 annotations with terms that are obsolete or not in the ontology are not used (GO:9999999)",
        "1 damaged rows of annotations are not used",
        "1 annotations of proteins that are not among the training sequences are not used (Q99999)",
    ] {
        assert!(ran.stderr.contains(part), "{part:?} is not in {ran:#?}");
    }
}

#[test]
fn bad_inputs_are_refused_before_any_work() {
    let place = place();
    place.write("empty.fasta", "");
    let queries = fs::read_to_string(place.join("queries.fasta")).unwrap();
    place.write("twice.fasta", format!("{queries}{queries}"));
    place.write("others.gaf", gaf_row("Q99999", "GO:0008150", "P"));
    let known = FrozenDataset::open(&train())
        .unwrap()
        .accession(0)
        .to_owned();
    place.write("unknown.gaf", gaf_row(&known, "GO:9999999", "P"));
    place.write("broken.obo", "this is not an ontology\n");
    let cases: [(usize, &str, &[&str]); 9] = [
        (1, "missing.fasta", &["missing.fasta"]),
        (
            1,
            "empty.fasta",
            &["empty.fasta", "no line starts with '>'"],
        ),
        (
            1,
            "twice.fasta",
            &["twice.fasta: 30 of the queries have an id that an earlier one has"],
        ),
        (3, "missing.fasta", &["missing.fasta"]),
        (3, "empty.fasta", &["empty.fasta"]),
        (5, "missing.gaf", &["missing.gaf"]),
        (
            5,
            "others.gaf",
            &["none of its 1 annotations belongs to a protein"],
        ),
        (5, "unknown.gaf", &["GO:9999999"]),
        (7, "broken.obo", &["broken.obo"]),
    ];
    for (at, file, parts) in cases {
        let mut inputs = INPUTS;
        inputs[at] = file;
        let ran = lafa(&place, &inputs, &["-o", "p.tsv"]);
        ran.fails_with(3, parts);
        assert!(!place.join("p.tsv").exists(), "{file}");
    }
    lafa(&place, &INPUTS, &["-o", "train.gaf"]).fails_with(5, &["train.gaf is an input"]);
    lafa(&place, &INPUTS, &["-o", "temporary"]).fails_with(5, &["is a directory"]);
    lafa(&place, &INPUTS, &[]).fails_with(2, &["--output_file"]);
    let ran = lafa(&place, &INPUTS, &["-o", "p.tsv", "--num_threads", "many"]);
    ran.fails_with(2, &["--num_threads"]);
    // A program that is not installed.
    let mut command = place.command(&built().join("protea"));
    command.env("PATH", place.path()).arg("lafa").args(INPUTS);
    command.args(["-o", "p.tsv", "--method", "diamond"]);
    let ran = Ran::from(command.output().unwrap());
    ran.fails_with(1, &["diamond is not installed"]);
    assert!(!place.join("p.tsv").exists());
}
