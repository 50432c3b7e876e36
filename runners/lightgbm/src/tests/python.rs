//! LightGBM's Python package predicts the same from `model.txt` as the runner.

use std::{
    collections::{BTreeMap, HashMap},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use protea_cafa::{
    assessment::{open_dataset, open_ontology},
    ontology::Term,
};
use protea_contracts::{Emitter, prelude::serde_json};

use super::calls::{evaluate, example, fit, lightgbm, predictions, quick};
use crate::{
    features::Extractor,
    library::{LightGbm, Matrix},
    model::Model,
    neighbours::Searcher,
    predict::Predictor,
    references::References,
    spec::LightGbmSpec,
    statistics::Statistics,
};

/// The Python interpreter for the comparisons. Without one, a test is skipped with a message; in CI
/// it fails.
fn python() -> Option<String> {
    let found = std::env::var("PROTEA_TEST_PYTHON").ok();
    let found = found.filter(|path| !path.is_empty());
    if found.is_none() {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "PROTEA_TEST_PYTHON must name a Python with lightgbm"
        );
        eprintln!("\n*** SKIPPED: set PROTEA_TEST_PYTHON to a Python that has lightgbm ***\n");
    }
    found
}

/// Probabilities and contributions of the rows of a matrix, computed by Python.
fn predict_in_python(
    python: &str,
    model: &Path,
    features: &Matrix,
    place: &Path,
) -> (Vec<f64>, Vec<f64>) {
    let bytes = |values: &[f32]| {
        values
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let path = place.join("features");
    fs::write(&path, bytes(features.values())).unwrap();
    let answer: PathBuf = place.join("answer");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tests/predict.py");
    let output = Command::new(python)
        .arg(script)
        .args([model, &path])
        .arg(features.columns().to_string())
        .arg(&answer)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let numbers: Vec<f64> = fs::read(answer)
        .unwrap()
        .chunks(8)
        .map(|bytes| f64::from_le_bytes(bytes.try_into().unwrap()))
        .collect();
    let (probabilities, contributions) = numbers.split_at(features.rows());
    (probabilities.to_vec(), contributions.to_vec())
}

fn near(what: &str, ours: &[f64], theirs: &[f64]) {
    assert_eq!(ours.len(), theirs.len(), "{what}");
    let worst = ours
        .iter()
        .zip(theirs)
        .map(|(ours, theirs)| (ours - theirs).abs())
        .fold(0.0, f64::max);
    println!("{what}: {} numbers, at most {worst:e} apart", ours.len());
    assert!(worst <= 1e-12, "{what}: {worst:e}");
}

#[test]
fn python_loads_the_model_and_predicts_the_same() {
    let Some(library) = lightgbm() else { return };
    let Some(python) = python() else { return };
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let (train, test) = (example("train"), example("test"));
    fit(&quick(), &train, &at("model")).unwrap();
    evaluate(&at("model"), &test, &at("predicted"), 2).unwrap();
    let by_python = compare(&library, &python, &at("model"), &train, &test, place.path());
    // The file has the largest probability of a term and its descendants, rounded.
    let written = predictions(&at("predicted"));
    assert_eq!(written.len(), by_python.len());
    for (protein, term, score) in written {
        let expected = by_python[&(protein.clone(), term.clone())];
        assert!(
            (score - expected).abs() <= 5.1e-7,
            "{protein} {term} {score} {expected}"
        );
    }
}

/// Compares the raw predictions of every aspect. Returns the scores that follow from Python's.
fn compare(
    library: &LightGbm,
    python: &str,
    directory: &Path,
    train: &Path,
    test: &Path,
    place: &Path,
) -> BTreeMap<(String, String), f64> {
    let document = directory.join("model.json");
    let model: Model = serde_json::from_slice(&fs::read(&document).unwrap()).unwrap();
    let (train, test) = (open_dataset(train).unwrap(), open_dataset(test).unwrap());
    let silent = Emitter::silent();
    let references = References::open(&train, &model.reference.spec, &silent).unwrap();
    let ontology = references.ontology();
    let components = model.read_components(&document).unwrap();
    let spec = &model.reference.spec;
    let statistics = Statistics::of_all(&references);
    let predictor = Predictor {
        extractor: Extractor::new(&references, statistics, &model.schema, &components, spec),
        trees: model
            .read_trees(Some(library), ontology, &document)
            .unwrap(),
        spec,
        threads: 2,
        features: &model.schema.features,
        calibration: None,
    };
    let all = 0..test.len();
    let neighbours = Searcher::new(&references, &test, spec)
        .and_then(|searcher| searcher.find(all.clone(), &silent, &|_| ()))
        .unwrap();
    let candidates = predictor.candidates(&test, all, &neighbours, 0).unwrap();
    let mut scores: BTreeMap<(String, String), f64> = BTreeMap::new();
    for (namespace, (aspect, trees)) in model.aspects.iter().zip(&predictor.trees).enumerate() {
        let trees = trees.as_ref().unwrap();
        let mut features = Matrix::new(trees.features());
        for of_query in &candidates {
            features.append(&of_query[namespace].features);
        }
        assert!(features.rows() > 5_000);
        let file = directory.join(&aspect.trees.as_ref().unwrap().path);
        assert_eq!(file.file_name().unwrap(), "model.txt");
        let (probabilities, contributions) = predict_in_python(python, &file, &features, place);
        let name = &aspect.namespace;
        near(name, &trees.predict(&features, 2).unwrap(), &probabilities);
        // Only some rows: contributions take a hundred times as long.
        let mut first = Matrix::new(trees.features());
        for row in 0..1_000 {
            first.push(features.row(row).iter().copied());
        }
        let ours = trees.contributions(&first, 2).unwrap();
        near(&format!("{name}, contributions"), &ours, &contributions);
        let mut row = probabilities.iter();
        for (query, of_query) in candidates.iter().enumerate() {
            for &term in &of_query[namespace].terms {
                let own = *row.next().unwrap();
                for above in ontology.propagate(&[term]) {
                    let key = (
                        test.accession(query).to_owned(),
                        ontology.id(above).to_owned(),
                    );
                    let score = scores.entry(key).or_default();
                    *score = score.max(own);
                }
            }
        }
    }
    scores.retain(|_, score| *score >= spec.minimum_score);
    scores
}

/// The votes of the `k` nearest neighbours in each aspect, computed in a simple way: by protein and
/// term, those of at least `minimum`.
pub fn votes(train: &Path, test: &Path, k: usize, minimum: f64) -> HashMap<(String, String), f64> {
    let (train, test) = (open_dataset(train).unwrap(), open_dataset(test).unwrap());
    let ontology = open_ontology(&train).unwrap();
    let references = References::open(&train, &quick(), &Emitter::silent()).unwrap();
    let spec = LightGbmSpec {
        k: k as u32,
        ..quick()
    };
    let all = 0..test.len();
    let neighbours = Searcher::new(&references, &test, &spec)
        .and_then(|searcher| searcher.find(all, &Emitter::silent(), &|_| ()))
        .unwrap();
    let mut found = HashMap::new();
    for query in 0..test.len() {
        for namespace in 0..ontology.namespaces().len() {
            let list = neighbours.list(query, namespace);
            let similarity = |distance: f64| (1.0 - distance).max(0.0);
            let whole: f64 = list.iter().map(|n| similarity(n.distance)).sum();
            let mut votes: HashMap<Term, f64> = HashMap::new();
            for neighbour in list {
                for (term, _) in references.terms(neighbour.row as usize) {
                    if ontology.namespace_of(term) == namespace {
                        *votes.entry(term).or_default() += similarity(neighbour.distance);
                    }
                }
            }
            found.extend(
                votes
                    .into_iter()
                    .map(|(term, votes)| (term, votes / whole))
                    .filter(|(_, vote)| *vote >= minimum)
                    .map(|(term, vote)| {
                        let id = ontology.id(term).to_owned();
                        ((test.accession(query).to_owned(), id), vote)
                    }),
            );
        }
    }
    found
}
