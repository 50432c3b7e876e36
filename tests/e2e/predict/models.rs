//! A model is used only if its files are those on record.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protea_e2e::{Place, test, train};
use serde_json::Value;

use super::{fasta, id, predicted, refusals::refused, run};

/// Replaces a text in a file of the place.
fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{}", path.display());
    fs::write(path, text.replacen(from, to, 1)).unwrap();
}

fn export_of(run: &Value) -> PathBuf {
    let uri = run["artifacts"]["export"][0]["uri"].as_str().unwrap();
    let file = Path::new(uri.trim_start_matches("file://"));
    file.parent().unwrap().to_owned()
}

#[test]
fn a_changed_model_of_a_run_is_refused_by_all_that_use_it() {
    let place = Place::new();
    let run = run(&place, "knn", &["--set", "k=3", "--calibrate"]);
    let (fasta, accessions) = fasta(&place, 2);
    let given = [id(&run), "--fasta", fasta.as_str()];
    let before = predicted(&place, &given).stdout;
    let model = PathBuf::from(
        run["model_uri"]
            .as_str()
            .unwrap()
            .trim_start_matches("file://"),
    );
    let original = fs::read_to_string(&model).unwrap();
    edit(&model, "\"k\": 3", "\"k\": 4");
    let changed = ["has changed since it was recorded in", "run_manifest.json"];
    refused(&place, &given).fails_with(3, &changed);
    let (uri, test) = (run["model_uri"].as_str().unwrap(), test());
    let test = test.to_str().unwrap();
    for command in [
        &["evaluate", "knn", "--model", uri, "--eval", test][..],
        &["export", "knn", "--model", uri, "--output", "exported"],
        &["explain", id(&run), &accessions[0]],
    ] {
        place.protea(command).fails_with(3, &changed);
    }
    // A record in the model's own directory, which whoever changed it could write, is no excuse.
    place.write(
        model.with_file_name("run_manifest.json").to_str().unwrap(),
        "{}",
    );
    refused(&place, &given).fails_with(3, &changed);
    fs::write(&model, original).unwrap();
    assert_eq!(predicted(&place, &given).stdout, before);
}

#[test]
fn a_changed_file_of_an_export_is_refused() {
    let place = Place::new();
    let run = run(&place, "baseline", &[]);
    let (fasta, _) = fasta(&place, 2);
    let export = export_of(&run);
    let given = [export.to_str().unwrap(), "--fasta", fasta.as_str()];
    let before = predicted(&place, &given).stdout;
    let test = test();
    for (file, from, to) in [
        ("model.json", "GO:0", "GO:9"),
        ("ontology.obo", "format-version", "fOrmat-version"),
    ] {
        let path = export.join(file);
        let original = fs::read(&path).unwrap();
        edit(&path, from, to);
        let changed = ["has changed since it was recorded in", "run.json", file];
        refused(&place, &given).fails_with(3, &changed);
        let model = export.to_str().unwrap();
        let evaluate = ["evaluate", "baseline", "--model", model, "--eval"];
        place
            .protea(evaluate.iter().chain(&[test.to_str().unwrap()]))
            .fails_with(3, &changed);
        fs::write(&path, original).unwrap();
    }
    assert_eq!(predicted(&place, &given).stdout, before);

    // Not on record at all.
    let run_json = export.join("run.json");
    let mut document: Value = serde_json::from_slice(&fs::read(&run_json).unwrap()).unwrap();
    let files = document["files"].as_array_mut().unwrap();
    files.retain(|file| file["path"] != "model.json");
    fs::write(&run_json, document.to_string()).unwrap();
    refused(&place, &given).fails_with(3, &["model.json", "not among the files on record"]);

    // An export of an earlier version has no hashes: it is read, and that is told.
    document.as_object_mut().unwrap().remove("files");
    fs::write(&run_json, document.to_string()).unwrap();
    let ran = predicted(&place, &given);
    assert_eq!(ran.stdout, before);
    assert!(
        ran.stderr.contains("has no hashes of its model's files"),
        "{ran:#?}"
    );
}

#[test]
fn a_run_of_an_earlier_version_has_no_hashes_and_is_used() {
    let place = Place::new();
    let run = run(&place, "baseline", &[]);
    let (fasta, _) = fasta(&place, 2);
    let given = [id(&run), "--fasta", fasta.as_str()];
    let before = predicted(&place, &given);
    assert!(!before.stderr.contains("hashes"), "{before:#?}");
    let directory = Path::new(run["artifacts"]["directory"].as_str().unwrap());
    let manifest = directory.join("run_manifest.json");
    let mut document: Value = serde_json::from_slice(&fs::read(&manifest).unwrap()).unwrap();
    let artifacts = document["artifacts"].as_object_mut().unwrap();
    assert!(artifacts.remove("model").is_some(), "{document}");
    fs::write(&manifest, document.to_string()).unwrap();
    let ran = predicted(&place, &given);
    assert_eq!(ran.stdout, before.stdout);
    assert!(
        ran.stderr.contains("has no hashes of its model's files"),
        "{ran:#?}"
    );
}

#[test]
fn a_frequency_that_is_none_is_an_error_of_the_model() {
    let place = Place::new();
    let run = run(&place, "baseline", &[]);
    let (fasta, _) = fasta(&place, 2);
    let export = export_of(&run);
    let path = export.join("model.json");
    let mut model: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let frequencies = model["frequencies"].as_object_mut().unwrap();
    *frequencies.values_mut().next().unwrap() = 7.5.into();
    fs::write(&path, model.to_string()).unwrap();
    let run_json = export.join("run.json");
    let mut document: Value = serde_json::from_slice(&fs::read(&run_json).unwrap()).unwrap();
    document.as_object_mut().unwrap().remove("files");
    fs::write(&run_json, document.to_string()).unwrap();
    refused(&place, &[export.to_str().unwrap(), "--fasta", &fasta])
        .fails_with(3, &["a frequency in the model is not within 0 and 1"]);
}

#[test]
fn an_export_of_frequencies_needs_no_training_set() {
    let place = Place::new();
    let copy = protea_e2e::copy_of(&train(), &place.join("train"));
    let fit = [
        "fit",
        "baseline",
        "--train",
        copy.to_str().unwrap(),
        "--json",
    ];
    let fitted = place.protea(fit).json();
    let (fasta, _) = fasta(&place, 2);
    let model = fitted["model_uri"].as_str().unwrap();
    let export = [
        "export", "baseline", "--model", model, "--output", "exported",
    ];
    let exported = place.protea(export);
    assert_eq!(exported.code, Some(0), "{exported:#?}");
    let before = predicted(&place, &[id(&fitted), "--fasta", &fasta]).stdout;
    fs::remove_dir_all(&copy).unwrap();
    assert_eq!(
        predicted(&place, &["exported", "--fasta", &fasta]).stdout,
        before
    );
    assert_eq!(
        predicted(&place, &[id(&fitted), "--fasta", &fasta]).stdout,
        before
    );
    let elsewhere = Place::new();
    fs::rename(place.join("exported"), elsewhere.join("moved")).unwrap();
    assert_eq!(
        predicted(&elsewhere, &["moved", "--fasta", &fasta]).stdout,
        before
    );
}
