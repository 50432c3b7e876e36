//! Training: independent of the threads, ended when the loss stops falling, exported completely.

use std::{
    fs,
    sync::{Arc, Mutex},
};

use protea_cafa::{
    dataset::{freeze, unwatched},
    ontology::Aspect,
};
use protea_contracts::prelude::serde_json::{self, Value};
use protea_contracts::{
    Emitter, Level, ProgressEvent, RunnerError, StageEvent,
    emit::{Event, EventSink, METRIC, PROGRESS, STAGE},
};

use super::calls::{evaluate, example, export, files, fit, fit_with, lightgbm, quick};
use crate::{
    labelled::TrainingSet,
    model::Model,
    spec::{LightGbmSpec, Rerank},
};

/// A stage, and its progress: finished units and their total.
#[derive(Debug)]
struct Stage {
    name: String,
    ends_early: bool,
    progress: Vec<(u64, u64)>,
}

/// Records metric, stage and progress events; cancels the call after `last` metric events.
#[derive(Default)]
struct Recorder {
    metrics: Mutex<Vec<(String, f64)>>,
    stages: Mutex<Vec<Stage>>,
    last: Option<usize>,
}

impl EventSink for Recorder {
    fn level(&self) -> Level {
        Level::Info
    }

    fn receive(&self, event: &Event<'_>) {
        if event.name == METRIC {
            let fields: Value = serde_json::from_slice(event.fields).unwrap();
            let name = fields["name"].as_str().unwrap().to_owned();
            let recorded = (name, fields["value"].as_f64().unwrap());
            self.metrics.lock().unwrap().push(recorded);
        }
        if event.name == STAGE {
            let stage = StageEvent::try_from(event).unwrap();
            self.stages.lock().unwrap().push(Stage {
                name: stage.name.into_owned(),
                ends_early: stage.ends_early,
                progress: Vec::new(),
            });
        }
        if event.name == PROGRESS {
            let progress = ProgressEvent::try_from(event).unwrap();
            let mut stages = self.stages.lock().unwrap();
            let stage = stages.last_mut().expect("a stage has begun");
            stage.progress.push((progress.done, progress.total));
        }
    }

    fn is_cancelled(&self) -> bool {
        let recorded = self.metrics.lock().unwrap().len();
        self.last.is_some_and(|last| recorded >= last)
    }
}

fn read(directory: &std::path::Path) -> Model {
    let text = fs::read(directory.join("model.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn model_and_predictions_do_not_depend_on_threads() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let (train, test) = (example("train"), example("test"));
    let made = |threads: usize| {
        let (model, output) = (place.path().join("model"), place.path().join("predicted"));
        let fitted = fit_with(&quick(), &train, &model, threads, &Emitter::silent()).unwrap();
        let evaluated = evaluate(&model, &test, &output, threads).unwrap();
        let written = (files(&model), files(&output));
        fs::remove_dir_all(&model).unwrap();
        fs::remove_dir_all(&output).unwrap();
        (fitted, evaluated, written)
    };
    let (fitted, evaluated, (model, predicted)) = made(1);
    let (fitted_3, evaluated_3, (model_3, predicted_3)) = made(3);
    assert_eq!(fitted.metrics, fitted_3.metrics);
    assert_eq!(evaluated.metrics, evaluated_3.metrics);
    let names: Vec<String> = model
        .iter()
        .map(|(path, _)| path.display().to_string())
        .collect();
    assert_eq!(
        names,
        [
            "BPO/model.txt",
            "CCO/model.txt",
            "MFO/model.txt",
            "components.json",
            "model.json"
        ]
    );
    assert!(model == model_3, "the models differ");
    assert!(predicted == predicted_3, "the predictions differ");
}

#[test]
fn training_ends_when_the_held_out_loss_stops_falling() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let spec = LightGbmSpec {
        trees: 2_000,
        learning_rate: 0.3,
        ..quick()
    };
    let recorder = Arc::new(Recorder::default());
    let emit = Emitter::new(recorder.clone());
    let result = fit_with(&spec, &example("train"), place.path(), 2, &emit).unwrap();
    let model = read(place.path());
    let recorded = recorder.metrics.lock().unwrap();
    assert_eq!(model.aspects.len(), 3);
    for aspect in &model.aspects {
        let name = Aspect::from_namespace(&aspect.namespace).unwrap().name();
        let losses: Vec<f64> = recorded
            .iter()
            .filter(|(metric, _)| *metric == format!("{name}.logloss"))
            .map(|(_, loss)| *loss)
            .collect();
        let patience = spec.patience as usize;
        assert_eq!(losses.len(), aspect.count + patience, "{name}");
        let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
        assert_eq!(losses[aspect.count - 1], least, "{name}");
        // The same loss, computed from the predictions of the trees that were kept.
        assert!((aspect.held_out["logloss"] - least).abs() < 1e-9, "{name}");
        for metric in ["auc", "f1", "fmax_trees", "fmax_votes"] {
            let value = result.metrics[name][metric].as_f64().unwrap();
            assert!((0.0..=1.0).contains(&value), "{name} {metric} {value}");
            assert_eq!(value, aspect.held_out[metric]);
        }
        assert!(
            aspect.held_out["auc"] > 0.75,
            "{name} {:?}",
            aspect.held_out
        );
        assert!(aspect.gain.values().sum::<f64>() > 0.0);
        assert_eq!(
            result.extras[name]["gain"].as_object().unwrap().len(),
            model.schema.features.len()
        );
    }
}

#[test]
fn votes_stay_if_the_trees_do_not_win() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let spec = LightGbmSpec {
        rerank: Rerank::WhereItWins,
        // One tree with almost no effect.
        trees: 1,
        learning_rate: 0.001,
        ..quick()
    };
    let (train, test) = (example("train"), example("test"));
    fit(&spec, &train, place.path()).unwrap();
    let model = read(place.path());
    for aspect in &model.aspects {
        let (trees, votes) = (aspect.held_out["fmax_trees"], aspect.held_out["fmax_votes"]);
        assert_eq!(aspect.reranks, trees > votes, "{aspect:?}");
        assert!(!aspect.reranks, "{aspect:?}");
    }
    let output = place.path().join("predicted");
    let scores = evaluate(place.path(), &test, &output, 2).unwrap();
    assert_eq!(scores.extras["reranked"], serde_json::json!([]));
    // The votes equal those of knn with the same number of neighbours.
    let expected = super::python::votes(&train, &test, spec.k as usize, spec.minimum_score);
    let found = super::calls::predictions(&output);
    assert_eq!(found.len(), expected.len());
    for (protein, term, score) in found {
        let expected = expected[&(protein, term)];
        assert!((score - expected).abs() < 1e-6, "{score} {expected}");
    }
}

#[test]
fn an_export_predicts_the_same_without_the_model() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let at = |name: &str| place.path().join(name);
    let (train, test) = (at("train"), example("test"));
    fs::create_dir(&train).unwrap();
    for (name, bytes) in files(&example("train")) {
        fs::write(train.join(name), bytes).unwrap();
    }
    fit(&quick(), &train, &at("model")).unwrap();
    evaluate(&at("model"), &test, &at("before"), 2).unwrap();
    export(&at("model"), &at("export"));
    for gone in ["train", "model"] {
        fs::remove_dir_all(at(gone)).unwrap();
    }
    fs::rename(at("export"), at("elsewhere")).unwrap();
    evaluate(&at("elsewhere"), &test, &at("after"), 2).unwrap();
    assert!(files(&at("before")) == files(&at("after")));
}

#[test]
fn a_cancelled_training_ends_between_two_trees() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let recorder = Arc::new(Recorder {
        last: Some(3),
        ..Recorder::default()
    });
    let emit = Emitter::new(recorder.clone());
    let error = fit_with(&quick(), &example("train"), place.path(), 2, &emit).unwrap_err();
    assert_eq!(error, RunnerError::Cancelled);
    assert_eq!(recorder.metrics.lock().unwrap().len(), 3);
    assert!(!place.path().join("model.json").exists());
}

#[test]
fn every_stage_has_a_name_and_progress_of_its_own() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let recorder = Arc::new(Recorder::default());
    let emit = Emitter::new(recorder.clone());
    let (spec, train) = (quick(), example("train"));
    fit_with(&spec, &train, place.path(), 2, &emit).unwrap();
    let stages = recorder.stages.lock().unwrap();
    let names: Vec<&str> = stages.iter().map(|stage| &*stage.name).collect();
    let of_all = [
        "principal components",
        "searching neighbours",
        "counting candidates",
        "aligning with neighbours",
    ];
    let of_aspect = |aspect: &str| {
        [
            format!("features of the candidates in {aspect}"),
            format!("sorting the features in {aspect} into bins"),
            format!("training of {aspect}"),
            format!("scoring the held-out proteins in {aspect}"),
        ]
    };
    let model = read(place.path());
    let aspects = model.aspects.iter().map(|aspect| {
        let aspect = Aspect::from_namespace(&aspect.namespace).unwrap();
        of_aspect(aspect.name())
    });
    let expected = of_all.map(str::to_owned).into_iter();
    assert_eq!(names, Vec::from_iter(expected.chain(aspects.flatten())));

    for stage in stages.iter() {
        let progress = &stage.progress;
        assert!(progress.is_sorted(), "{stage:?}");
        let total = progress.first().map(|(_, total)| *total);
        assert!(progress.iter().all(|at| Some(at.1) == total), "{stage:?}");
        let last = progress.last();
        let is_training = stage.name.starts_with("training of");
        assert_eq!(stage.ends_early, is_training, "{stage:?}");
        if is_training {
            assert_eq!(total, Some(u64::from(spec.trees)), "{stage:?}");
        } else {
            assert!(last.is_none_or(|(done, total)| done == total), "{stage:?}");
        }
        if is_training || !stage.name.ends_with("bins") && stage.name.contains("candidates") {
            assert!(last.is_some(), "{stage:?}");
        }
    }
    let proteins = protea_cafa::assessment::open_dataset(&train).unwrap().len() as u64;
    let aligning = stages
        .iter()
        .find(|stage| stage.name.starts_with("aligning"));
    assert_eq!(
        aligning.unwrap().progress.last(),
        Some(&(proteins, proteins))
    );
}

#[test]
fn a_protein_with_too_many_candidates_is_used_alone() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let spec = LightGbmSpec {
        maximum_rows: 100,
        ..quick()
    };
    let dataset = protea_cafa::assessment::open_dataset(&example("train")).unwrap();
    let training_set = TrainingSet::prepare(&dataset, &spec, 42, &Emitter::silent()).unwrap();
    let labeller = training_set.labeller(&Emitter::silent()).unwrap();
    let ontology = training_set.references.ontology();
    let mut alone = 0;
    for namespace in 0..ontology.namespaces().len() {
        for held_out in [false, true] {
            let chosen = labeller.chosen(namespace, held_out);
            let labelled = labeller.labelled(namespace, held_out, |_| Ok(())).unwrap();
            assert!(!chosen.proteins.is_empty());
            assert!(chosen.omitted > 0);
            assert_eq!(labelled.proteins, chosen.proteins);
            if labelled.labels.len() > 100 {
                assert_eq!(chosen.proteins.len(), 1);
                alone += 1;
            }
        }
    }
    assert!(alone > 0);
    fit(&spec, &example("train"), place.path()).unwrap();
    for aspect in read(place.path()).aspects {
        assert!(aspect.trees.is_some(), "{}", aspect.reason);
    }
}

#[test]
fn the_reason_names_maximum_rows_if_it_is_too_small() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    // Every protein has only the root, so no candidate is wrong.
    let request = super::leakage::random_annotations(place.path(), 300, &[]);
    let directory = freeze(&request, &mut unwatched).unwrap().directory;
    let reason = |maximum_rows: u32| {
        let spec = LightGbmSpec {
            maximum_rows,
            ..quick()
        };
        let output = place.path().join(maximum_rows.to_string());
        fit(&spec, &directory, &output).unwrap();
        let model = read(&output);
        assert_eq!(model.aspects[0].trees, None);
        model.aspects[0].reason.clone()
    };
    let few = reason(100);
    assert!(few.contains("maximum_rows: 100"), "{few}");
    assert!(few.contains("140 proteins"), "{few}");
    let all = reason(1_000);
    assert!(!all.contains("maximum_rows"), "{all}");
}

/// The variable that tells a child process where the models are that it uses without LightGBM.
const WITHOUT: &str = "PROTEA_TEST_MODEL_WITHOUT_LIGHTGBM";

#[test]
fn a_model_that_only_votes_needs_no_library() {
    if let Some(place) = std::env::var_os(WITHOUT) {
        return vote_without(&std::path::PathBuf::from(place));
    }
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let votes = LightGbmSpec {
        rerank: Rerank::WhereItWins,
        trees: 1,
        learning_rate: 0.001,
        ..quick()
    };
    let train = example("train");
    fit(&votes, &train, &place.path().join("votes")).unwrap();
    fit(&quick(), &train, &place.path().join("trees")).unwrap();
    // In a child process, because a variable of this process would affect all its tests.
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "tests::model::a_model_that_only_votes_needs_no_library",
        ])
        .env("PROTEA_LIGHTGBM_LIBRARY", "/no/such/lib_lightgbm.so")
        .env(WITHOUT, place.path())
        .status()
        .unwrap();
    assert!(status.success());
}

fn vote_without(place: &std::path::Path) {
    let (test, output) = (example("test"), place.join("predicted"));
    let accession = protea_cafa::assessment::open_dataset(&test).unwrap();
    let accession = accession.accession(0);
    let (votes, trees) = (place.join("votes"), place.join("trees"));
    evaluate(&votes, &test, &output, 2).unwrap();
    assert!(!super::calls::predictions(&output).is_empty());
    let explained = super::calls::explain(&votes, &test, accession, None).unwrap();
    assert_eq!(explained.contributors, "neighbour");
    let missing = [
        evaluate(&trees, &test, &output, 2).unwrap_err(),
        super::calls::explain(&trees, &test, accession, None).unwrap_err(),
    ];
    for error in missing {
        assert!(matches!(error, RunnerError::Missing { .. }), "{error}");
    }
}
