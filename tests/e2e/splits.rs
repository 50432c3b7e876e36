//! Splits of real data: parts that runners take, and targets that are scored as CAFA does.

use std::{collections::BTreeMap, path::Path};

use protea_cafa::dataset::FrozenDataset;
use protea_e2e::{Place, train};
use serde_json::{Value, json};

fn run(place: &Place, line: &str) -> Value {
    place.protea(line.split_whitespace()).json()
}

#[test]
fn a_runner_learns_from_one_part_and_is_scored_on_the_other() {
    let place = Place::new();
    let data = train();
    let split = run(
        &place,
        &format!(
            "dataset split {} parts --by random --test 0.25 --seed 1 --json",
            data.display()
        ),
    );
    let whole = FrozenDataset::open(&data).unwrap();
    let sizes: Vec<usize> = ["train", "test"]
        .iter()
        .map(|part| {
            FrozenDataset::open(&place.join("parts").join(part))
                .unwrap()
                .len()
        })
        .collect();
    assert_eq!(sizes.iter().sum::<usize>(), whole.len());
    assert!(sizes[1].abs_diff(whole.len() / 4) <= 1, "{sizes:?}");
    let ran = run(
        &place,
        "run knn --train parts/train --eval parts/test --json",
    );
    assert!(
        ran["metrics"]["MFO"]["fmax"].as_f64().unwrap() > 0.2,
        "{ran}"
    );
    assert_eq!(
        ran["datasets"]["eval"]["sha256"],
        split["parts"][1]["sha256"]
    );
}

/// The example data as an earlier release, without some annotations and proteins, and a later one.
fn releases(place: &Place) -> usize {
    let whole = FrozenDataset::open(&train()).unwrap();
    let (mut earlier, mut later) = (String::new(), String::new());
    let mut fasta = [String::new(), String::new()];
    let is_new = |protein: usize| protein.is_multiple_of(10);
    for protein in 0..whole.len() {
        let record = format!(
            ">{}\n{}\n",
            whole.accession(protein),
            whole.sequence(protein).unwrap()
        );
        if !is_new(protein) {
            fasta[0].push_str(&record);
        }
        fasta[1].push_str(&record);
    }
    let mut gained = 0;
    for (row, annotation) in whole.annotations().unwrap().enumerate() {
        let line = format!(
            "{}\t{}\n",
            whole.accession(annotation.protein),
            annotation.term
        );
        later.push_str(&line);
        if row % 4 != 0 && !is_new(annotation.protein) {
            earlier.push_str(&line);
        } else if !is_new(annotation.protein) {
            gained += 1;
        }
    }
    for (name, terms, fasta) in [("earlier", earlier, &fasta[0]), ("later", later, &fasta[1])] {
        place.write(&format!("{name}.tsv"), terms);
        place.write(&format!("{name}.fasta"), fasta);
        let from = train();
        run(
            place,
            &format!(
                "dataset freeze {name} --name {name} --ontology {0}/ontology.obo --ia {0}/ia.tsv --fasta {name}.fasta \
                 --annotations {name}.tsv --features kmer --json",
                from.display()
            ),
        );
    }
    gained
}

#[test]
fn targets_of_two_releases_are_predicted_and_scored() {
    let place = Place::new();
    let gained = releases(&place);
    let diff = place.protea(["dataset", "diff", "earlier", "later", "--json"]);
    assert_eq!(diff.code, Some(1), "{diff:#?}");
    let diff: Value = serde_json::from_str(&diff.stdout).unwrap();
    assert_eq!(
        diff["annotations"]["added"].as_array().unwrap().len(),
        gained
    );
    assert_eq!(diff["annotations"]["removed"], json!([]));
    assert_eq!(diff["proteins"]["changed"], json!([]));

    let split = run(
        &place,
        "dataset split earlier targets --by time --later later --json",
    );
    let kinds = split["targets"].as_array().unwrap();
    assert_eq!(kinds.len(), 3);
    for targets in kinds {
        let kind = targets["knowledge"].as_str().unwrap();
        let dataset = targets["directory"].as_str().unwrap();
        let truth = targets["truth"].as_str().unwrap();
        let aspects: BTreeMap<String, u64> =
            serde_json::from_value(targets["aspects"].clone()).unwrap();
        assert!(
            aspects.values().all(|number| *number > 0),
            "{kind}: {aspects:?}"
        );
        let ran = run(
            &place,
            &format!("run knn --train earlier --eval {dataset} --json"),
        );
        let predicted = Path::new(ran["artifacts"]["predictions"].as_str().unwrap());
        let predicted = predicted.join("predictions.tsv");
        let score = |more: &str| {
            run(
                &place,
                &format!(
                    "cafa earlier/ontology.obo {} {truth} --ia earlier/ia.tsv --out-dir scores-{kind} {more} --json",
                    predicted.display()
                ),
            )
        };
        let plain = score("");
        assert_eq!(plain["files"][0]["proteins"], json!(aspects), "{kind}");
        let known = score("--known targets/known.tsv");
        // Every target has something left to predict; nothing was known of one that is not PK.
        assert_eq!(known["files"][0]["proteins"], json!(aspects), "{kind}");
        for aspect in aspects.keys() {
            let of = |found: &Value, metric: &str| {
                found["files"][0]["metrics"][aspect][metric]
                    .as_f64()
                    .unwrap()
            };
            if kind == "PK" {
                // Of these proteins the runner found what it had learned, which no longer counts as wrong.
                assert!(of(&known, "fmax") != of(&plain, "fmax"), "{aspect}");
                for metric in ["fmax", "auc_pr", "coverage", "wfmax", "smin"] {
                    let itself = ran["metrics"][aspect][metric].as_f64().unwrap();
                    let difference = (itself - of(&known, metric)).abs();
                    assert!(
                        difference < 1e-12,
                        "{aspect} {metric}: the runner is scored alike"
                    );
                }
            } else {
                assert_eq!(of(&known, "fmax"), of(&plain, "fmax"), "{kind} {aspect}");
            }
        }
    }
}

#[test]
fn proteins_that_mmseqs_finds_alike_stay_together() {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if !std::env::split_paths(&path).any(|directory| directory.join("mmseqs").is_file()) {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "mmseqs must be on the PATH: apt-get install mmseqs2"
        );
        eprintln!("\n*** SKIPPED: mmseqs is not on the PATH: apt-get install mmseqs2 ***\n");
        return;
    }
    let place = Place::new();
    let data = train();
    let line = format!("dataset split {} parts --by cluster --json", data.display());
    let split = run(&place, &line);
    assert!(
        split["clustered_by"]
            .as_str()
            .unwrap()
            .starts_with("MMseqs2 ")
    );
    let whole = FrozenDataset::open(&data).unwrap();
    let clusters = split["groups"].as_u64().unwrap() as usize;
    assert!(
        (whole.len() / 4..whole.len()).contains(&clusters),
        "{clusters}"
    );
    let part_of = |accession: &str| {
        let there = |part: &&str| {
            let dataset = FrozenDataset::open(&place.join("parts").join(part)).unwrap();
            dataset.index_of(accession).is_some()
        };
        ["train", "test"].into_iter().find(there).unwrap()
    };
    let table = std::fs::read_to_string(place.join("parts/split.tsv")).unwrap();
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        groups.entry(columns[2]).or_default().push(columns[0]);
    }
    assert_eq!(groups.len(), clusters);
    for members in groups.values() {
        assert!(
            members
                .iter()
                .all(|member| part_of(member) == part_of(members[0]))
        );
    }
}
