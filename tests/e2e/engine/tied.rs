//! A place with proteins to predict for by tasks, and the calls of the tests.

use std::{collections::BTreeMap, fmt::Write, fs, time::SystemTime};

use protea_cafa::dataset::FrozenDataset;
use protea_e2e::{Ran, train};
use serde_json::Value;

use super::setup::Planned;

/// How many proteins there are to learn from, and to predict for.
const REFERENCES: usize = 60;
const QUERIES: usize = 11;

/// A place with datasets in which many vectors are equal and many distances too.
pub fn tied() -> Planned {
    let planned = Planned::new();
    let example = FrozenDataset::open(&train()).unwrap();
    fs::copy(example.ontology_path(), planned.place.join("go.obo")).unwrap();
    let annotations = example.annotations().unwrap();
    let mut terms = annotations.map(|row| (row.term, row.aspect.unwrap().name()));
    for (name, proteins) in [("train", REFERENCES), ("test", QUERIES)] {
        let (mut fasta, mut vectors, mut table) = (String::new(), String::new(), String::new());
        for protein in 0..proteins {
            writeln!(fasta, ">{name}{protein}\nMKTAYIAK").unwrap();
            let [a, b, c] = [protein % 3, protein / 3 % 3, protein / 9 % 2];
            writeln!(vectors, "{name}{protein}\t{a}\t{b}\t{}", c + 1).unwrap();
            for _ in 0..3 {
                let (term, aspect) = terms.next().unwrap();
                writeln!(table, "{name}{protein}\t{term}\t{aspect}").unwrap();
            }
        }
        planned.place.write(&format!("{name}.fasta"), fasta);
        planned.place.write(&format!("{name}.vectors.tsv"), vectors);
        planned.place.write(&format!("{name}.terms.tsv"), table);
        let freeze = format!(
            "dataset freeze {name} --name {name} --ontology go.obo --fasta {name}.fasta \
             --embeddings {name}.vectors.tsv --annotations {name}.terms.tsv"
        );
        planned.protea(&freeze).succeeds();
    }
    planned
}

impl Planned {
    /// Fits a runner, and gives the id of the run.
    pub fn fit(&self, words: &str) -> String {
        let fitted = self.protea(&format!("fit {words} --json --quiet")).json();
        fitted["run_id"].as_str().unwrap().to_owned()
    }

    pub fn tasks_in(&self, plan: &str) -> usize {
        let text = fs::read_to_string(self.place.join(plan).join("tasks.jsonl")).unwrap();
        text.lines().count()
    }

    /// Plans, does all tasks in one process, and gathers.
    pub fn predict_by_tasks(&self, words: &str, plan: &str) -> Ran {
        self.protea(&format!("predict {words} --plan {plan} --quiet"))
            .succeeds();
        let tasks = self.tasks_in(plan);
        self.protea(&format!(
            "task {plan} --index 0 --per-index {tasks} --quiet"
        ))
        .succeeds();
        let gathered = self.protea(&format!("gather {plan} --quiet"));
        gathered.succeeds();
        gathered
    }

    pub fn same(&self, one: &str, other: &str) {
        let read = |name: &str| fs::read(self.place.join(name)).unwrap();
        assert!(!read(one).is_empty());
        assert_eq!(read(one), read(other), "{one} {other}");
    }

    pub fn result_of(&self, plan: &str, index: usize) -> std::path::PathBuf {
        let text = fs::read_to_string(self.place.join(plan).join("tasks.jsonl")).unwrap();
        let task: Value = serde_json::from_str(text.lines().nth(index).unwrap()).unwrap();
        let results = self.place.join(plan).join("results");
        results.join(task["id"].as_str().unwrap())
    }

    /// When each result was published.
    pub fn published(&self, plan: &str) -> BTreeMap<String, SystemTime> {
        let entries = fs::read_dir(self.place.join(plan).join("results")).unwrap();
        let described = entries.map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let modified = path.join("result.json").metadata().unwrap().modified();
            (name, modified.unwrap())
        });
        described.collect()
    }
}
