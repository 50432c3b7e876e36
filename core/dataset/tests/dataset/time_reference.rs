//! Compares splits by time with an independent program.

use std::{collections::BTreeSet, path::Path, process::Command};

use protea_dataset::{FrozenDataset, TimeSplitRequest, split_by_time};

use crate::{
    interpreter::interpreter,
    releases::release,
    time::{go_on, lines},
};

/// Compares random releases with `time_split_reference.py`, which shares no code with protea.
#[test]
fn targets_equal_those_of_an_independent_program() {
    let Some(python) = interpreter() else { return };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/time_split_reference.py");
    for seed in 0..6 {
        let directory = tempfile::tempdir().unwrap();
        let [earlier, later] = random_releases(directory.path(), seed);
        let mut request = TimeSplitRequest::new(directory.path().join("split"));
        request.protein_binding_counts = seed % 2 == 0;
        let split = split_by_time(&earlier, &later, &request, &mut go_on).unwrap();
        let mut command = Command::new(&python);
        command.arg(script);
        for name in ["earlier.obo", "earlier.gaf", "later.gaf"] {
            command.arg(directory.path().join(name));
        }
        if !request.protein_binding_counts {
            command.arg("--no-protein-binding");
        }
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let theirs: BTreeSet<String> = String::from_utf8(output.stdout)
            .unwrap()
            .lines()
            .map(str::to_owned)
            .collect();
        let mut ours = BTreeSet::new();
        for (table, label) in [
            ("targets.tsv", "target"),
            ("no-knowledge.tsv", "NK"),
            ("limited-knowledge.tsv", "LK"),
            ("partial-knowledge.tsv", "PK"),
            ("known.tsv", "known"),
        ] {
            let rows = lines(&split.directory.join(table));
            assert!(rows.len() > 5, "seed {seed}: {table} has {}", rows.len());
            ours.extend(rows.into_iter().map(|row| format!("{label} {row}")));
        }
        assert_eq!(ours, theirs, "seed {seed}");
    }
}

fn random_releases(directory: &Path, seed: u64) -> [FrozenDataset; 2] {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut terms: Vec<String> = Vec::new();
    let mut ontology = String::from("format-version: 1.2\n");
    for (namespace, first) in [
        ("molecular_function", 5500),
        ("biological_process", 8150),
        ("cellular_component", 5000),
    ] {
        for number in 0..30 {
            let id = |number: usize| format!("GO:{:07}", first + number);
            ontology.push_str(&format!(
                "\n[Term]\nid: {}\nname: n\nnamespace: {namespace}\n",
                id(number)
            ));
            if number % 4 == 1 {
                ontology.push_str(&format!("alt_id: GO:9{:06}\n", first + number));
                terms.push(format!("GO:9{:06}", first + number));
            }
            for relation in ["is_a: ", "relationship: part_of "] {
                if number > 0 && (relation == "is_a: " || random.bool()) {
                    let parent = id(random.usize(..number));
                    ontology.push_str(&format!("{relation}{parent} ! parent\n"));
                }
            }
            terms.push(id(number));
        }
    }
    let codes = ["IDA", "IMP", "IEA", "ISS", "TAS", "HDA"];
    let accessions: Vec<String> = (0..120).map(|i| format!("P{i:05}")).collect();
    let mut rows = |most: usize| -> Vec<(String, String, String)> {
        let mut rows = Vec::new();
        for accession in &accessions {
            for _ in 0..random.usize(..most) {
                let term = if random.u8(..10) == 0 {
                    "GO:0005515"
                } else {
                    &terms[random.usize(..terms.len())]
                };
                let code = codes[random.usize(..codes.len())];
                rows.push((accession.clone(), term.to_owned(), code.to_owned()));
            }
        }
        rows
    };
    let before = rows(4);
    let mut after = rows(4);
    after.extend(before.iter().filter(|row| !row.0.ends_with('3')).cloned());
    let borrow =
        |rows: &'_ [(String, String, String)]| -> Vec<(&'static str, &'static str, &'static str)> {
            let leak = |text: &String| -> &'static str { Box::leak(text.clone().into_boxed_str()) };
            rows.iter()
                .map(|(a, t, e)| (leak(a), leak(t), leak(e)))
                .collect()
        };
    let all: Vec<&str> = accessions.iter().map(String::as_str).collect();
    [
        release(
            directory,
            "earlier",
            &ontology,
            &all[10..],
            &borrow(&before),
        ),
        release(directory, "later", &ontology, &all[..115], &borrow(&after)),
    ]
}
