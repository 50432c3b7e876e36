//! The database in a model: made once per dataset, checked before a search, without temporary
//! files.

use std::{fs, path::Path, sync::Arc};

use protea_baseline::{BaselineRunner, BaselineSpec, Method};
use protea_contracts::{
    Emitter, EvaluateRequest, ExperimentRunner, ExportRequest, FitRequest, RunnerError,
    emit::{Event, EventSink},
};

use crate::calls::{METHODS, evaluate, example, fit, installed, python, run_python, spec, uri};

#[test]
fn a_database_is_made_once_per_dataset() {
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        let place = tempfile::tempdir().unwrap();
        let model = place.path().join("model");
        let made = |spec: &BaselineSpec, part: &str| {
            let fitted = fit(spec, &example(part), &model).unwrap();
            fitted.extras["database"].as_str().unwrap().to_owned()
        };
        assert_eq!(made(&spec(method), "train"), "made");
        let other = BaselineSpec {
            e_value: 1.0,
            max_hits: 7,
            ..spec(method)
        };
        assert_eq!(made(&other, "train"), "reused", "{method:?}");
        assert_eq!(made(&other, "test"), "made", "{method:?}: another dataset");
        fs::write(model.join("references.tsv"), "").unwrap();
        assert_eq!(made(&other, "test"), "made", "{method:?}: a broken one");
    }
}

#[test]
fn a_matching_database_of_an_earlier_model_is_reused() {
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fit(&spec(method), &example("train"), &at("first")).unwrap();
        let made = |name: &str, part: &str, earlier: &[&str]| {
            let mut request = FitRequest::new(spec(method), uri(&example(part)), uri(&at(name)));
            request.earlier_models = earlier.iter().map(|name| uri(&at(name))).collect();
            let fitted = BaselineRunner.fit(&request, &Emitter::silent()).unwrap();
            fitted.extras["database"].as_str().unwrap().to_owned()
        };
        let earlier = ["gone/model.json", "first/model.json"];
        assert_eq!(made("second", "train", &earlier), "reused", "{method:?}");
        let scores = |name: &str| {
            let output = at(&format!("{name} scored"));
            let scored = evaluate(&at(name), &example("test"), &output, 1).unwrap();
            (scored.metrics, fs::read(output.join("hits.tsv")).unwrap())
        };
        assert_eq!(scores("first"), scores("second"), "{method:?}");
        assert_eq!(made("other", "test", &earlier), "made", "{method:?}");

        // A changed database is made again, and one that names a file outside of its directory is
        // not used.
        fs::write(at("first/references.tsv"), "").unwrap();
        let first = ["first/model.json"];
        assert_eq!(made("third", "train", &first), "made", "{method:?}");
        let document = fs::read_to_string(at("second/model.json")).unwrap();
        let elsewhere = document.replace("\"references.tsv\"", "\"../third/references.tsv\"");
        assert_ne!(elsewhere, document);
        fs::write(at("second/model.json"), elsewhere).unwrap();
        let second = ["second/model.json"];
        assert_eq!(made("fourth", "train", &second), "made", "{method:?}");
        assert_eq!(scores("third"), scores("fourth"), "{method:?}");
    }
}

#[test]
fn a_changed_database_is_a_model_error_with_the_file() {
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        let place = tempfile::tempdir().unwrap();
        let (model, output) = (place.path().join("model"), place.path().join("out"));
        fit(&spec(method), &example("train"), &model).unwrap();
        for file in files(&model) {
            let path = model.join(&file);
            if file == "model.json" {
                continue;
            }
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, [&bytes[..], b"\0"].concat()).unwrap();
            let error = evaluate(&model, &example("test"), &output, 1).unwrap_err();
            assert!(matches!(error, RunnerError::Model { .. }), "{error}");
            assert!(error.to_string().contains(&file), "{error}");
            fs::write(&path, bytes).unwrap();
        }
        evaluate(&model, &example("test"), &output, 1).unwrap();
    }
}

#[test]
fn an_export_works_without_the_model() {
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        // BLAST+ splits a path at a space, unless the runner prevents it.
        let place = tempfile::Builder::new()
            .prefix("a place ")
            .tempdir()
            .unwrap();
        let at = |name: &str| place.path().join(name);
        fit(&spec(method), &example("train"), &at("model")).unwrap();
        let first = evaluate(&at("model"), &example("test"), &at("first"), 1).unwrap();
        let request = ExportRequest::new("run", uri(&at("model")), uri(&at("export")));
        let exported = BaselineRunner.export(&request, &Emitter::silent()).unwrap();
        let database = exported.files.iter().filter(|file| file.role == "database");
        assert!(database.count() >= 3);
        fs::remove_dir_all(at("model")).unwrap();
        let again = evaluate(&at("export"), &example("test"), &at("again"), 1).unwrap();
        assert_eq!(again.metrics, first.metrics);
    }
}

#[test]
fn no_temporary_files_are_left() {
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        let place = tempfile::tempdir().unwrap();
        let at = |name: &str| place.path().join(name);
        fit(&spec(method), &example("train"), &at("model")).unwrap();
        evaluate(&at("model"), &example("test"), &at("out"), 1).unwrap();
        for directory in ["model", "out"] {
            let left = files(&at(directory))
                .into_iter()
                .find(|name| name.starts_with(".scratch"));
            assert_eq!(left, None, "{method:?}");
        }
    }
}

#[test]
fn missing_sequences_are_a_dataset_error_with_the_remedy() {
    let Some(python) = python() else { return };
    let place = tempfile::tempdir().unwrap();
    let bare = place.path().join("bare");
    run_python(&python, "without_sequences.py", &[&example("test"), &bare]);
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        let (model, output) = (place.path().join("model"), place.path().join("out"));
        let refused = |result: Result<(), RunnerError>| {
            let error = result.unwrap_err();
            assert!(matches!(error, RunnerError::Dataset { .. }), "{error}");
            assert!(error.to_string().contains("--fasta"), "{error}");
        };
        refused(fit(&spec(method), &bare, &model).map(drop));
        fit(&spec(method), &example("train"), &model).unwrap();
        refused(evaluate(&model, &bare, &output, 1).map(drop));
    }
}

#[test]
fn a_cancelled_call_ends_as_cancelled() {
    struct Cancels;
    impl EventSink for Cancels {
        fn receive(&self, _: &Event<'_>) {}
        fn is_cancelled(&self) -> bool {
            true
        }
    }
    for method in METHODS.into_iter().filter(|&method| installed(method)) {
        let place = tempfile::tempdir().unwrap();
        let model = place.path().join("model");
        let emit = Emitter::new(Arc::new(Cancels));
        let request = FitRequest::new(spec(method), uri(&example("train")), uri(&model));
        assert_eq!(
            BaselineRunner.fit(&request, &emit),
            Err(RunnerError::Cancelled)
        );
        assert!(!model.join("model.json").exists());
        fit(&spec(method), &example("train"), &model).unwrap();
        let output = uri(&place.path().join("out"));
        let request = EvaluateRequest::new(uri(&model), uri(&example("test")), output);
        assert_eq!(
            BaselineRunner.evaluate(&request, &emit),
            Err(RunnerError::Cancelled)
        );
    }
}

#[test]
fn a_naive_model_older_than_alignment_opens() {
    let place = tempfile::tempdir().unwrap();
    let (model, output) = (place.path().join("model"), place.path().join("out"));
    fs::create_dir(&model).unwrap();
    let document =
        r#"{"spec":{"method":"naive","minimum_score":0.005},"frequencies":{"GO:0003674":1.0}}"#;
    fs::write(model.join("model.json"), document).unwrap();
    evaluate(&model, &example("test"), &output, 1).unwrap();
    let lacking = r#"{"spec":{"method":"blast"}}"#;
    fs::write(model.join("model.json"), lacking).unwrap();
    let error = evaluate(&model, &example("test"), &output, 1).unwrap_err();
    assert!(matches!(error, RunnerError::Model { .. }), "{error}");
    assert_eq!(spec(Method::Naive), BaselineSpec::default());
}

/// The files in a directory and its subdirectories, by relative path.
fn files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.path().is_dir() {
            found.extend(
                files(&entry.path())
                    .into_iter()
                    .map(|below| format!("{name}/{below}")),
            );
        } else {
            found.push(name);
        }
    }
    found
}
