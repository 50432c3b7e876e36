//! If votes stay, the predictions equal those of the runner `knn` with the same neighbours and
//! metric.

use std::{
    collections::BTreeMap,
    env::consts::{DLL_PREFIX, DLL_SUFFIX},
    fs,
    path::Path,
    sync::Arc,
};

use protea_cafa::assessment::{open_dataset, open_ontology};
use protea_contracts::{
    Evaluate, EvaluateRequest, Level, ReferenceModel,
    abi::host::LoadedRunner,
    emit::{Event, EventSink},
    prelude::serde_json::{self, Value, json},
};

use super::calls::{evaluate, example, fit, lightgbm, predictions, quick, uri};
use crate::spec::{LightGbmSpec, Metric, Rerank};

/// By protein and term, the written score.
type Written = BTreeMap<(String, String), f64>;

fn written(output: &Path) -> Written {
    let lines = predictions(output).into_iter();
    lines
        .map(|(protein, term, score)| ((protein, term), score))
        .collect()
}

/// Ignores all events.
struct Ignore;

impl EventSink for Ignore {
    fn level(&self) -> Level {
        Level::Error
    }

    fn receive(&self, _: &Event<'_>) {}

    fn is_cancelled(&self) -> bool {
        false
    }
}

/// The predictions of `knn` for the example data. A program can link only one runner, so this loads
/// the library of `knn`. Cargo builds it beside this program, because it is a dev-dependency.
fn predictions_of_knn(spec: Value, place: &Path) -> Written {
    let (model, output) = (place.join("knn"), place.join("knn-predicted"));
    for directory in [&model, &output] {
        fs::create_dir_all(directory).unwrap();
    }
    let train = example("train");
    let reference = ReferenceModel {
        kind: Default::default(),
        spec,
        dataset_uri: uri(&train).to_string(),
        dataset_sha256: open_dataset(&train).unwrap().sha256().to_string(),
    };
    let document = serde_json::to_vec(&reference).unwrap();
    fs::write(model.join("model.json"), document).unwrap();
    let file = format!("{DLL_PREFIX}protea_knn{DLL_SUFFIX}");
    let file = std::env::current_exe().unwrap().with_file_name(file);
    let knn = LoadedRunner::open(&file).unwrap();
    let request = EvaluateRequest::new(uri(&model), uri(&example("test")), uri(&output));
    knn.call::<Evaluate>(&request, Arc::new(Ignore))
        .result
        .unwrap();
    written(&output)
}

#[test]
fn a_model_whose_votes_stay_predicts_as_knn() {
    let Some(_) = lightgbm() else { return };
    for (metric, name) in [(Metric::Cosine, "cosine"), (Metric::L2, "l2")] {
        let place = tempfile::tempdir().unwrap();
        let (model, output) = (place.path().join("model"), place.path().join("predicted"));
        let spec = LightGbmSpec {
            metric,
            rerank: Rerank::WhereItWins,
            // One tree with almost no effect.
            trees: 1,
            learning_rate: 0.001,
            ..quick()
        };
        fit(&spec, &example("train"), &model).unwrap();
        let result = evaluate(&model, &example("test"), &output, 2).unwrap();
        assert_eq!(result.extras["reranked"], json!([]));
        let expected = predictions_of_knn(json!({ "k": spec.k, "metric": name }), place.path());
        let found = written(&output);
        assert!(found.len() > 1_000);
        assert!(found == expected, "{metric:?}: the predictions differ");
    }
}

#[test]
fn an_aspect_whose_votes_stay_predicts_as_knn() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let (model, output) = (place.path().join("model"), place.path().join("predicted"));
    let spec = quick();
    fit(&spec, &example("train"), &model).unwrap();
    let document = model.join("model.json");
    let mut changed: Value = serde_json::from_slice(&fs::read(&document).unwrap()).unwrap();
    changed["aspects"][1]["reranks"] = json!(false);
    fs::write(&document, changed.to_string()).unwrap();
    evaluate(&model, &example("test"), &output, 2).unwrap();
    let ontology = open_ontology(&open_dataset(&example("train")).unwrap()).unwrap();
    let by_aspect = |written: Written| -> (Written, Written) {
        written
            .into_iter()
            .partition(|((_, term), _)| ontology.namespace_of(ontology.primary(term).unwrap()) == 1)
    };
    let (votes, trees) = by_aspect(written(&output));
    let (expected, others) = by_aspect(predictions_of_knn(json!({ "k": spec.k }), place.path()));
    assert!(votes.len() > 1_000);
    assert!(votes == expected, "the votes differ");
    assert!(trees != others);
}
