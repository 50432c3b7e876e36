//! Compares hits with those of the programs called directly, and predictions with a transfer
//! written in Python.

use std::{collections::HashMap, fs, path::Path, process::Command};

use protea_baseline::{BaselineSpec, Method, Transfer};
use protea_cafa::dataset::{FreezeRequest, FrozenDataset, freeze, unwatched};

use crate::calls::{METHODS, evaluate, example, fit, installed, python, run_python, spec};

#[test]
fn predictions_agree_with_an_independent_transfer() {
    let Some(python) = python() else { return };
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        for transfer in [Transfer::Identity, Transfer::BitScore] {
            let place = tempfile::tempdir().unwrap();
            let spec = BaselineSpec {
                transfer,
                minimum_score: 0.0,
                ..spec(method)
            };
            let (model, output) = (place.path().join("model"), place.path().join("out"));
            fit(&spec, &example("train"), &model).unwrap();
            let result = evaluate(&model, &example("test"), &output, 2).unwrap();
            assert!(result.extras["hits"].as_u64().unwrap() > 100, "{result:?}");
            assert!(
                result.extras["program_version"]
                    .as_str()
                    .unwrap()
                    .starts_with(|c: char| c.is_ascii_digit())
            );

            let name = match transfer {
                Transfer::Identity => "identity",
                Transfer::BitScore => "bit_score",
            };
            let expected = run_python(
                &python,
                "reference_transfer.py",
                &[&example("train"), &output.join("hits.tsv"), Path::new(name)],
            );
            let expected = scores(&expected);
            let predicted = scores(&fs::read_to_string(output.join("predictions.tsv")).unwrap());
            assert!(predicted.len() > 1000);
            for (pair, score) in &expected {
                let found = predicted.get(pair).copied().unwrap_or_default();
                assert!(
                    (found - score).abs() < 6e-7,
                    "{method:?} {pair:?}: {found}, {score}"
                );
            }
            assert!(predicted.keys().all(|pair| expected.contains_key(pair)));
        }
    }
}

#[test]
fn hits_agree_with_blast_called_directly() {
    if !installed(Method::Blast) {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let (model, output) = (place.path().join("model"), place.path().join("out"));
    let spec = BaselineSpec {
        exclude_self: false,
        max_hits: 20,
        ..spec(Method::Blast)
    };
    fit(&spec, &example("train"), &model).unwrap();
    evaluate(&model, &example("test"), &output, 2).unwrap();

    let fasta = |part: &str| {
        let dataset = FrozenDataset::open(&example(part)).unwrap();
        let path = place.path().join(format!("{part}.fasta"));
        let records = (0..dataset.len()).map(|row| {
            format!(
                ">{}\n{}\n",
                dataset.accession(row),
                dataset.sequence(row).unwrap()
            )
        });
        fs::write(&path, records.collect::<String>()).unwrap();
        path
    };
    let run = |program: &str, arguments: &str| {
        let output = Command::new(program)
            .args(arguments.split(' '))
            .current_dir(place.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    fasta("train");
    fasta("test");
    run("makeblastdb", "-in train.fasta -dbtype prot -out own");
    let table = run(
        "blastp",
        "-query test.fasta -db own -evalue 0.001 -max_target_seqs 20 -max_hsps 1 -outfmt 6",
    );
    // Columns of BLAST's standard table: query, subject, identity, …, e-value, bit score.
    let of_standard = |line: &str| {
        let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
        [0, 1, 2, 10, 11].map(|at| fields[at].to_owned())
    };
    let own = table.lines().map(of_standard);
    let hits = fs::read_to_string(output.join("hits.tsv")).unwrap();
    let hits = hits.lines().map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        [0, 1, 2, 3, 4].map(|at| fields[at].to_owned())
    });
    let (mut own, mut hits): (Vec<_>, Vec<_>) =
        (own.map(numbers).collect(), hits.map(numbers).collect());
    own.sort_by(|a, b| a.partial_cmp(b).unwrap());
    hits.sort_by(|a, b| a.partial_cmp(b).unwrap());
    assert!(hits.len() > 100);
    assert_eq!(hits, own);
}

#[test]
fn results_do_not_depend_on_threads() {
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        let place = tempfile::tempdir().unwrap();
        let model = place.path().join("model");
        fit(&spec(method), &example("train"), &model).unwrap();
        let files = [1, 3].map(|threads| {
            let output = place.path().join(threads.to_string());
            evaluate(&model, &example("test"), &output, threads).unwrap();
            ["hits.tsv", "predictions.tsv"].map(|name| fs::read(output.join(name)).unwrap())
        });
        assert!(files[0] == files[1], "{method:?}");
    }
}

#[test]
fn exclude_self_ignores_the_query_itself() {
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        let place = tempfile::tempdir().unwrap();
        for exclude_self in [true, false] {
            let spec = BaselineSpec {
                exclude_self,
                ..spec(method)
            };
            let (model, output) = (place.path().join("model"), place.path().join("out"));
            fit(&spec, &example("test"), &model).unwrap();
            evaluate(&model, &example("test"), &output, 2).unwrap();
            let hits = fs::read_to_string(output.join("hits.tsv")).unwrap();
            let own = hits.lines().filter(|line| {
                let mut fields = line.split('\t');
                fields.next() == fields.next()
            });
            assert_eq!(own.count() == 0, exclude_self, "{method:?}");
        }
    }
}

#[test]
fn max_hits_limits_the_hits_of_a_query() {
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        for train in ["train", "test"] {
            let place = tempfile::tempdir().unwrap();
            let (model, output) = (place.path().join("model"), place.path().join("out"));
            let spec = BaselineSpec {
                max_hits: 1,
                ..spec(method)
            };
            fit(&spec, &example(train), &model).unwrap();
            evaluate(&model, &example("test"), &output, 2).unwrap();
            let hits = fs::read_to_string(output.join("hits.tsv")).unwrap();
            let queries = hits.lines().map(|line| line.split('\t').next().unwrap());
            let mut seen: HashMap<&str, u32> = HashMap::new();
            queries.for_each(|query| *seen.entry(query).or_default() += 1);
            assert!(seen.len() > 20, "{method:?} {train}");
            assert!(seen.values().all(|&hits| hits == 1), "{method:?}: {seen:?}");
        }
    }
}

/// `GANTGA` is a peptide whose letters are all valid nucleotides.
#[test]
fn a_peptide_that_looks_like_dna_is_a_protein() {
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        let first = FrozenDataset::open(&example("test")).unwrap();
        let fasta = format!(
            ">GLUE\nGANTGA\n>LONG\n{}\n",
            (0..first.len())
                .find_map(|row| first.sequence(row))
                .unwrap()
        );
        fs::write(at("proteins.fasta"), fasta).unwrap();
        fs::write(at("terms.tsv"), "GLUE\tGO:0003674\nLONG\tGO:0003674\n").unwrap();
        let request = FreezeRequest::new(
            at("peptide"),
            "peptide",
            first.ontology_path(),
            at("proteins.fasta"),
            at("terms.tsv"),
        );
        freeze(&request, &mut unwatched).unwrap();
        let spec = BaselineSpec {
            exclude_self: false,
            ..spec(method)
        };
        fit(&spec, &at("peptide"), &at("model")).unwrap();
        evaluate(&at("model"), &at("peptide"), &at("out"), 1).unwrap();
        let hits = fs::read_to_string(at("out").join("hits.tsv")).unwrap();
        assert!(hits.contains("LONG\tLONG\t100"), "{method:?}: {hits}");
    }
}

fn numbers(row: [String; 5]) -> (String, String, [f64; 3]) {
    let [query, reference, rest @ ..] = row;
    (query, reference, rest.map(|text| text.parse().unwrap()))
}

fn scores(text: &str) -> HashMap<(String, String), f64> {
    text.lines()
        .map(|line| {
            let fields: Vec<&str> = line.split('\t').collect();
            (
                (fields[0].to_owned(), fields[1].to_owned()),
                fields[2].parse().unwrap(),
            )
        })
        .collect()
}
