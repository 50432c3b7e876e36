//! A prediction from the parts of the references is that of one search, byte for byte.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps says where it failed"
)]

use std::{
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use protea_cafa::dataset::{EmbeddingSource, FreezeRequest, freeze, unwatched};
use protea_contracts::{
    Emitter, ExperimentRunner, PredictRequest, ReferenceModel, ReferenceShard, RunnerError,
};
use protea_knn::{KnnRunner, KnnSpec};
use serde_json::{Value, json};
use tempfile::TempDir;
use url::Url;

const ONTOLOGY: &str = "format-version: 1.2\n
[Term]\nid: GO:0003674\nname: molecular_function\nnamespace: molecular_function\n
[Term]\nid: GO:0005488\nname: binding\nnamespace: molecular_function\nis_a: GO:0003674\n
[Term]\nid: GO:0005524\nname: ATP binding\nnamespace: molecular_function\nis_a: GO:0005488\n
[Term]\nid: GO:0003677\nname: DNA binding\nnamespace: molecular_function\nis_a: GO:0005488\n
[Term]\nid: GO:0008150\nname: biological_process\nnamespace: biological_process\n
[Term]\nid: GO:0008152\nname: metabolism\nnamespace: biological_process\nis_a: GO:0008150\n
[Term]\nid: GO:0005575\nname: cellular_component\nnamespace: cellular_component\n
[Term]\nid: GO:0005634\nname: nucleus\nnamespace: cellular_component\nis_a: GO:0005575\n";
const TERMS: [(&str, &str); 4] = [
    ("GO:0005524", "F"),
    ("GO:0003677", "F"),
    ("GO:0008152", "P"),
    ("GO:0005634", "C"),
];
const REFERENCES: usize = 61;
const QUERIES: usize = 13;

/// Numbers that look random and are always the same.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

struct Data {
    place: TempDir,
}

impl Data {
    /// Embeddings of three small whole numbers, so that many are equal and many distances too.
    fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let data = Self { place };
        fs::write(data.path("go.obo"), ONTOLOGY).unwrap();
        data.freeze("train", REFERENCES, 1);
        data.freeze("test", QUERIES, 2);
        data
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn freeze(&self, name: &str, proteins: usize, seed: u64) {
        let mut numbers = Numbers(seed);
        let (mut fasta, mut gaf, mut vectors) = (
            String::new(),
            "!gaf-version: 2.2\n".to_owned(),
            String::new(),
        );
        for protein in 0..proteins {
            let accession = format!("P{protein:05}");
            let taxon = 9 + numbers.below(3);
            let letters: String = (0..20 + numbers.below(8))
                .map(|_| char::from(b"ACDEFGHIKLMNPQRSTVWY"[numbers.below(5) as usize]))
                .collect();
            writeln!(fasta, ">{accession} OX={taxon}\n{letters}").unwrap();
            let vector: Vec<String> = (0..3).map(|_| numbers.below(3).to_string()).collect();
            writeln!(vectors, "{accession}\t{}", vector.join("\t")).unwrap();
            // Some references have no annotation, and none of some aspects.
            for (term, aspect) in TERMS {
                if numbers.below(3) == 0 {
                    let code = ["IDA", "IEA", "ISS"][numbers.below(3) as usize];
                    writeln!(
                        gaf,
                        "UniProtKB\t{accession}\t{accession}\tenables\t{term}\tPMID:1\t{code}\t\t{aspect}\t\t\tprotein\ttaxon:{taxon}\t20200101\tUniProt\t\t"
                    )
                    .unwrap();
                }
            }
        }
        let write = |file: &str, text: &str| {
            let path = self.path(&format!("{name}.{file}"));
            fs::write(&path, text).unwrap();
            path
        };
        let mut request = FreezeRequest::new(
            self.path(name),
            name,
            self.path("go.obo"),
            write("fasta", &fasta),
            write("gaf", &gaf),
        );
        request.embeddings = EmbeddingSource::Named {
            file: write("tsv", &vectors),
            source: None,
        };
        freeze(&request, &mut unwatched).unwrap();
    }

    /// Writes a model with these settings.
    fn model(&self, settings: &Value) -> Url {
        let mut spec = json!(KnnSpec::default());
        for (name, value) in settings.as_object().unwrap() {
            match value.as_object() {
                Some(inner) => inner.iter().for_each(|(key, value)| {
                    spec[name][key] = value.clone();
                }),
                None => spec[name] = value.clone(),
            }
        }
        let train = self.path("train");
        let (sha256, _) =
            protea_contracts::content::digest_file(&train.join("dataset.json")).unwrap();
        let model: ReferenceModel = serde_json::from_value(json!({
            "kind": "reference", "spec": spec, "dataset_uri": uri(&train), "dataset_sha256": sha256,
        }))
        .unwrap();
        let path = self.path("model.json");
        fs::write(&path, serde_json::to_vec(&model).unwrap()).unwrap();
        uri(&path)
    }

    fn predict(
        &self,
        model: &Url,
        output: &str,
        change: impl FnOnce(&mut PredictRequest),
    ) -> Result<PathBuf, RunnerError> {
        let output = self.path(output);
        let mut request = PredictRequest::new(model.clone(), uri(&self.path("test")), uri(&output));
        request.threads = 1;
        change(&mut request);
        let result = KnnRunner.predict(&request, &Emitter::silent())?;
        Ok(result.predictions_uri.to_file_path().unwrap())
    }

    /// Searches every part.
    fn partials(&self, model: &Url, count: usize) -> Vec<Url> {
        let part = |index| {
            let shard = ReferenceShard { index, count };
            let written = self.predict(model, &format!("part-{index}-of-{count}"), |request| {
                request.shard = Some(shard);
            });
            uri(&written.unwrap())
        };
        (0..count).map(part).collect()
    }
}

fn uri(path: &Path) -> Url {
    Url::from_file_path(path).unwrap()
}

#[test]
fn parts_of_the_references_give_the_whole_prediction() {
    let data = Data::new();
    let mut tied = 0;
    for (number, settings) in [
        json!({}),
        json!({ "k": 1, "per_aspect": false }),
        json!({ "k": 4, "metric": "l2", "per_aspect": false, "exclude_self": false }),
        json!({ "k": 3, "include_ties": true }),
        json!({ "k": 3, "include_ties": true, "maximum_identity": 0.6 }),
        json!({ "k": 100 }),
        json!({ "k": 4, "float16": true, "exclude_same_taxon": true, "exclude_taxa": [10] }),
        json!({ "vote": "composite", "weights": {
            "identity_sw": 1.0, "evidence_weight": 1.0, "taxonomic_proximity": 1.0 } }),
        json!({ "vote": "max", "evidence": ["IDA"], "propagate": false, "distance_threshold": 0.5 }),
    ]
    .into_iter()
    .enumerate()
    {
        let model = data.model(&settings);
        let with_evidence = |request: &mut PredictRequest| request.evidence = 3;
        let whole = data
            .predict(&model, &format!("whole-{number}"), with_evidence)
            .unwrap();
        let text = |path: &Path, name: &str| fs::read_to_string(path.with_file_name(name)).unwrap();
        for count in [1, 2, 3, 7, REFERENCES] {
            let partials = data.partials(&model, count);
            let output = format!("joined-{number}-{count}");
            let joined = data
                .predict(&model, &output, |request| {
                    with_evidence(request);
                    request.partials = partials;
                })
                .unwrap();
            for name in ["predictions.tsv", "unpredicted.tsv", "evidence.jsonl"] {
                assert_eq!(text(&joined, name), text(&whole, name), "{settings} {count} {name}");
            }
        }
        // With ties and more voters than k, equal distances were at the k-th place.
        tied += text(&whole, "evidence.jsonl").matches("\"rank\":4").count();
    }
    assert!(tied > 0, "the data have no ties");
}

#[test]
fn partial_results_that_do_not_fit_are_refused() {
    let data = Data::new();
    let model = data.model(&json!({ "k": 2 }));
    let partials = data.partials(&model, 3);
    let refused = |model: &Url, partials: Vec<Url>, what: &str| {
        let error = data.predict(model, "refused", |request| request.partials = partials);
        let message = error.unwrap_err().to_string();
        assert!(message.contains(what), "{message}");
    };
    refused(&model, partials[..2].to_vec(), "it is part 0 of 3");
    let swapped = vec![
        partials[1].clone(),
        partials[0].clone(),
        partials[2].clone(),
    ];
    refused(&model, swapped, "it is part 1 of 3");
    let path = partials[1].to_file_path().unwrap();
    let bytes = fs::read(&path).unwrap();
    for (damaged, what) in [
        (
            bytes[..bytes.len() - 1].to_vec(),
            "not a whole partial result",
        ),
        (
            [&bytes[..], b"x"].concat(),
            "something follows its last list",
        ),
        ([b"x", &bytes[1..]].concat(), "does not begin as one"),
        (
            [&bytes[..bytes.len() - 12], &[0xff; 12]].concat(),
            "out of place",
        ),
        (Vec::new(), "not a whole partial result"),
    ] {
        fs::write(&path, damaged).unwrap();
        refused(&model, partials.clone(), what);
    }
    // A pipe would make the reader wait.
    fs::remove_file(&path).unwrap();
    let made = Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    refused(&model, partials.clone(), "not a regular file");
    fs::remove_file(&path).unwrap();
    fs::write(&path, bytes).unwrap();
    let other = data.model(&json!({ "k": 3 }));
    refused(&other, partials, "its settings have SHA-256");
}

#[test]
fn a_part_without_references_is_an_error() {
    let data = Data::new();
    let model = data.model(&json!({}));
    let shard = |index, count| {
        let ended = data.predict(&model, "empty", |request| {
            request.shard = Some(ReferenceShard { index, count });
        });
        ended.unwrap_err().to_string()
    };
    assert!(shard(0, REFERENCES + 1).contains("the model has 61"));
    assert!(shard(3, 3).contains("has no references"));
}
