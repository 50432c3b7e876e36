//! The command and a real S3 server.

#[path = "../../core/host/tests/store/proxy.rs"]
#[allow(dead_code, reason = "the store's own tests ask for more")]
pub mod proxy;
#[path = "../../core/host/tests/store/s3.rs"]
#[allow(dead_code, reason = "the store's own tests ask for more")]
pub mod s3;
#[path = "../../core/host/tests/store/web.rs"]
#[allow(dead_code, reason = "the store's own tests ask for more")]
mod web;

#[cfg(target_os = "linux")]
#[path = "store/large.rs"]
mod large;
#[path = "store/processes.rs"]
mod processes;
#[path = "store/tls.rs"]
mod tls;

use std::{fs, path::Path, process::Command};

use protea_e2e::{Place, Ran, built, test, train};
use serde_json::Value;

use proxy::Proxy;
use s3::{KEY, S3, SECRET};

/// `protea`, as it finds the S3 server at an endpoint.
pub fn command(place: &Place, endpoint: &str) -> Command {
    let mut command = place.command(&built().join("protea"));
    for name in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "PROTEA_CACHE_LIMIT"] {
        command.env_remove(name);
    }
    command
        .env("AWS_ENDPOINT_URL", endpoint)
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env("AWS_REGION", "us-east-1")
        .env("PROTEA_STORE_PATIENCE", "5s")
        .env("PROTEA_CACHE_DIR", place.join("cache"));
    command
}

fn protea(place: &Place, endpoint: &str, arguments: &[&str]) -> Ran {
    let output = command(place, endpoint).args(arguments).output();
    Ran::from(output.unwrap())
}

/// Copies the example data to a bucket. Returns the URIs of train and test.
fn published(place: &Place, s3: &S3) -> (String, String) {
    let bucket = s3.bucket();
    let copy = |from: &Path, name: &str| {
        let to = format!("s3://{bucket}/data/{name}");
        let copied = protea(
            place,
            &s3.endpoint,
            &["store", "cp", from.to_str().unwrap(), &to, "--json"],
        );
        assert_eq!(copied.json()["to"], to);
        to
    };
    (copy(&train(), "train"), copy(&test(), "test"))
}

/// Asserts that neither the secret nor the key's id is anywhere below a directory.
fn assert_no_secret(directory: &Path) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_no_secret(&path);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        for secret in [SECRET, KEY] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{} has it", path.display());
        }
    }
}

#[test]
fn a_run_reads_from_s3_and_its_export_goes_back_there() {
    let Some(s3) = S3::shared() else { return };
    let place = Place::new();
    let (train_uri, test_uri) = published(&place, s3);
    let bucket = train_uri.split('/').nth(2).unwrap();
    let export = format!("s3://{bucket}/exports/knn");
    let run = [
        "run", "knn", "--train", &train_uri, "--eval", &test_uri, "--output", &export, "--json",
    ];
    let ran = protea(&place, &s3.endpoint, &run);
    let result = ran.json();
    assert!(
        !ran.stderr.contains(SECRET) && !ran.stderr.contains(KEY),
        "{ran:#?}"
    );

    // The same scores as from this machine.
    let local = protea(
        &place,
        &s3.endpoint,
        &[
            "run",
            "knn",
            "--train",
            train().to_str().unwrap(),
            "--eval",
            test().to_str().unwrap(),
            "--json",
        ],
    );
    assert_eq!(result["metrics"], local.json()["metrics"]);
    assert_eq!(result["job_id"], local.json()["job_id"], "known by content");
    assert_eq!(result["datasets"]["train"]["origin"], train_uri);
    let staged = result["datasets"]["train"]["uri"].as_str().unwrap();
    assert!(
        staged.starts_with("file://"),
        "a runner sees files: {staged}"
    );
    let exported = result["artifacts"]["export"].as_array().unwrap();
    assert!(exported.len() > 2);
    for file in exported {
        let uri = file["uri"].as_str().unwrap();
        assert!(uri.starts_with(&format!("{export}/")), "{uri}");
    }
    assert_no_secret(&place.join("protea-workspace"));

    let verify = ["store", "verify", &export, "--json"];
    let verified = protea(&place, &s3.endpoint, &verify).json();
    assert_eq!(verified["verified"], true);
    assert_eq!(verified["manifest"], "store_manifest.json");
    let again = protea(&place, &s3.endpoint, &run);
    again.fails_with(5, &[&export, "already exists"]);

    // The export is a model, by its URI and by that of its document.
    for model in [export.clone(), format!("{export}/model.json")] {
        let evaluated = protea(
            &place,
            &s3.endpoint,
            &[
                "evaluate", "knn", "--model", &model, "--eval", &test_uri, "--json",
            ],
        )
        .json();
        assert_eq!(evaluated["metrics"], result["metrics"]);
        assert_eq!(evaluated["model_uri"], model);
    }

    // A change of one byte is detected.
    let object = format!("{bucket}/exports/knn/model.json");
    let mut bytes = s3.get(&object).unwrap();
    bytes[3] ^= 1;
    s3.put(&object, &bytes);
    let broken = protea(&place, &s3.endpoint, &verify);
    assert_eq!(broken.code, Some(3), "{broken:#?}");
    let broken: Value = serde_json::from_str(&broken.stdout).unwrap();
    let files = broken["verification"]["files"].as_array().unwrap();
    let wrong: Vec<_> = files.iter().filter(|f| f["state"] != "whole").collect();
    assert_eq!(wrong.len(), 1);
    assert_eq!(
        (&wrong[0]["path"], &wrong[0]["state"]),
        (&"model.json".into(), &"sha256".into())
    );
}

#[test]
fn an_unpublished_export_is_kept_and_can_be_sent_later() {
    let Some(s3) = S3::shared() else { return };
    let place = Place::new();
    let there = format!("s3://{}/exports/late", s3.bucket());
    let proxy = Proxy::before(&s3.endpoint);
    // Enough requests to check that the target is free, but not for the export.
    proxy.down_after(100_000);
    let (train, test) = (train(), test());
    let run = [
        "run",
        "knn",
        "--train",
        train.to_str().unwrap(),
        "--eval",
        test.to_str().unwrap(),
        "--output",
        &there,
        "--json",
    ];
    let failed = protea(&place, &proxy.endpoint, &run);
    failed.fails_with(
        1,
        &[
            "could not be published",
            &there,
            "tried for 5 s",
            "protea store cp",
        ],
    );
    let object: Value = serde_json::from_str(&failed.stdout).unwrap();
    let manifest = Path::new(object["manifest"].as_str().unwrap());
    let recorded: Value = serde_json::from_slice(&fs::read(manifest).unwrap()).unwrap();
    assert_eq!(recorded["status"], "failed");
    let export = manifest.with_file_name("export");
    let path = there.strip_prefix("s3://").unwrap();
    assert_eq!(s3.get(&format!("{path}/store_manifest.json")), None);

    proxy.up();
    let sent = ["store", "cp", export.to_str().unwrap(), &there];
    assert_eq!(protea(&place, &proxy.endpoint, &sent).code, Some(0));
    let verified = protea(&place, &s3.endpoint, &["store", "verify", &there, "--json"]);
    assert_eq!(verified.json()["verified"], true);
}

#[test]
fn a_model_finds_its_dataset_again_after_the_cache_was_cleared() {
    let Some(s3) = S3::shared() else { return };
    let place = Place::new();
    let (train_uri, test_uri) = published(&place, s3);
    let fitted = protea(
        &place,
        &s3.endpoint,
        &[
            "run", "knn", "--train", &train_uri, "--eval", &test_uri, "--json",
        ],
    )
    .json();
    let cleared = protea(
        &place,
        &s3.endpoint,
        &["store", "cache", "--clear", "--json"],
    )
    .json();
    assert_eq!(cleared["directories"], 2);
    let held = protea(&place, &s3.endpoint, &["store", "cache", "--json"]).json();
    assert_eq!(
        (&held["directories"], &held["object_bytes"]),
        (&0.into(), &0.into())
    );

    let run = fitted["run_id"].as_str().unwrap();
    let accession = first_protein(&fitted);
    let explain = ["explain", run, &accession, "--limit", "1", "--json"];
    let explained = protea(&place, &s3.endpoint, &explain).json();
    assert_eq!(explained["accession"], accession);
    // In another cache as well.
    let mut moved = command(&place, &s3.endpoint);
    moved
        .env("PROTEA_CACHE_DIR", place.join("other"))
        .args(explain);
    let moved = Ran::from(moved.output().unwrap()).json();
    assert_eq!(moved["terms"], explained["terms"]);

    // To predict, the training set is fetched once more.
    protea(&place, &s3.endpoint, &["store", "cache", "--clear"]);
    let sequences = protea_cafa::dataset::FrozenDataset::open(&test()).unwrap();
    let sequence = sequences.sequence(0).unwrap();
    let new = place.write(
        "new.fasta",
        format!(">{}\n{sequence}\n", sequences.accession(0)),
    );
    let predict = ["predict", run, "--fasta", new.to_str().unwrap()];
    let predicted = protea(&place, &s3.endpoint, &predict);
    assert_eq!(predicted.code, Some(0), "{predicted:#?}");
    assert!(
        predicted.stderr.contains("fetching the training set again"),
        "{predicted:#?}"
    );
    assert!(predicted.stdout.lines().count() > 1, "{predicted:#?}");
}

fn first_protein(run: &Value) -> String {
    let predictions = run["artifacts"]["predictions"].as_str().unwrap();
    let text = fs::read_to_string(Path::new(predictions).join("predictions.tsv")).unwrap();
    let line = text.lines().find(|line| line.contains("GO:")).unwrap();
    line.split('\t').next().unwrap().to_owned()
}

#[test]
fn datasets_elsewhere_are_shown_verified_and_listed() {
    let Some(s3) = S3::shared() else { return };
    let place = Place::new();
    let (_, test_uri) = published(&place, s3);
    let shown = protea(
        &place,
        &s3.endpoint,
        &["dataset", "show", &test_uri, "--json"],
    )
    .json();
    assert_eq!(shown["directory"], test_uri);
    assert!(
        !place.join("cache/trees").exists(),
        "only the manifest was read"
    );
    let here = test();
    let local = ["dataset", "show", here.to_str().unwrap(), "--json"];
    let local = protea(&place, &s3.endpoint, &local).json();
    assert_eq!(shown["manifest"], local["manifest"]);
    assert_eq!(shown["sha256"], local["sha256"]);
    let verify = ["dataset", "verify", &test_uri, "--json"];
    let verified = protea(&place, &s3.endpoint, &verify).json();
    assert_eq!(verified["verified"], true);
    let listed = protea(&place, &s3.endpoint, &["store", "ls", &test_uri, "--json"]).json();
    let names: Vec<_> = listed["entries"].as_array().unwrap().iter().collect();
    assert!(names.iter().any(|entry| entry["name"] == "dataset.json"));

    let nothing = format!("{test_uri}-none");
    protea(&place, &s3.endpoint, &["dataset", "verify", &nothing])
        .fails_with(3, &["there is no dataset at", &nothing, "protea store cp"]);
    protea(&place, &s3.endpoint, &["store", "ls", &nothing])
        .fails_with(3, &["does not exist", &nothing]);
    let away = "http://127.0.0.1:1";
    protea(
        &place,
        away,
        &["run", "knn", "--train", &test_uri, "--eval", &test_uri],
    )
    .fails_with(1, &["cannot be reached", &test_uri, "tried for 5 s"]);
    let runs = place.join("protea-workspace");
    assert!(
        !runs.exists(),
        "nothing was written before the data was there"
    );
}
