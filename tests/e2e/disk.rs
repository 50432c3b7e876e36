//! What runs and cross-validations take on disk.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use protea_e2e::{Place, train};

/// The files below a directory that have this name.
fn named(directory: &Path, name: &str, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            named(&path, name, into);
        } else if path.file_name().is_some_and(|found| found == name) {
            into.push(path);
        }
    }
}

#[test]
fn folds_share_whole_files_and_stay_complete_datasets() {
    let place = Place::new();
    let ran = place.protea(["cv", "baseline", "--folds", "3"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    let folds = place.join("protea-workspace/.protea/folds");
    for (name, copies) in [("ontology.obo", 6), ("ia.tsv", 6)] {
        let mut files = Vec::new();
        named(&folds, name, &mut files);
        assert_eq!(files.len(), copies);
        let mut inodes: HashMap<u64, usize> = HashMap::new();
        for file in &files {
            *inodes.entry(fs::metadata(file).unwrap().ino()).or_default() += 1;
        }
        assert_eq!(inodes.len(), 1, "{name} takes space more than once");
    }
    let mut manifests = Vec::new();
    named(&folds, "dataset.json", &mut manifests);
    let fold = manifests[0].parent().unwrap().to_str().unwrap();
    let verified = place.protea(["dataset", "verify", fold]);
    assert_eq!(verified.code, Some(0), "{verified:#?}");
}

/// A frozen dataset is read-only, and so are its files in an export.
#[test]
fn exports_share_identical_files() {
    let place = Place::new();
    let examples = protea_e2e::test();
    place.write(
        "one.fasta",
        ">P1\nMKVLAAGIVGWTFPQRKLLSTNPKPQRKTKRN\n>P2\nMSTNPKPQRKTKRNTNRRPQDVKFPGG\n",
    );
    place.write("terms.tsv", "P1\tGO:0005524\nP2\tGO:0005737\n");
    let ontology = examples.join("ontology.obo");
    let frozen = place.protea([
        "dataset",
        "freeze",
        "data",
        "--name",
        "two",
        "--fasta",
        "one.fasta",
        "--annotations",
        "terms.tsv",
        "--features",
        "kmer",
        "--ontology",
        ontology.to_str().unwrap(),
    ]);
    assert_eq!(frozen.code, Some(0), "{frozen:#?}");
    let size = fs::metadata(place.join("data/ontology.obo")).unwrap().len();
    assert!(size > 64 << 10, "too small to be shared");
    for k in ["1", "2", "3"] {
        let k = format!("k={k}");
        let ran = place.protea([
            "run", "knn", "--train", "data", "--eval", "data", "--set", &k,
        ]);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
    }
    let mut files = Vec::new();
    named(
        &place.join("protea-workspace/workspace"),
        "ontology.obo",
        &mut files,
    );
    assert_eq!(files.len(), 3, "{files:?}");
    let inodes: std::collections::HashSet<u64> = files
        .iter()
        .map(|file| fs::metadata(file).unwrap().ino())
        .collect();
    assert_eq!(inodes.len(), 1, "the ontology takes space more than once");
    // The user's own file is not shared with them.
    let own = fs::metadata(place.join("data/ontology.obo")).unwrap();
    assert!(!inodes.contains(&own.ino()));
    // Removing a run leaves the others whole.
    let removed = place.protea(["runs", "rm", "latest", "--yes"]);
    assert_eq!(removed.code, Some(0), "{removed:#?}");
    let kept = files.iter().filter(|file| file.exists());
    assert!(
        kept.map(|file| fs::metadata(file).unwrap().len())
            .eq([size, size])
    );
}

#[test]
fn a_run_without_an_export_can_be_exported_later() {
    let place = Place::new();
    let ran = place.protea(["run", "toy", "--no-export", "--json"]).json();
    let steps = ran["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 2, "{ran:#}");
    let model = ran["model_uri"].as_str().unwrap();
    let exported = place.protea(["export", "toy", "--model", model, "--output", "out"]);
    assert_eq!(exported.code, Some(0), "{exported:#?}");
    assert!(place.join("out").is_dir());
    place
        .protea(["run", "toy", "--no-export", "--output", "other"])
        .fails_with(2, &["cannot be used with"]);
}

/// The only file of predictions in a run's directory, which is compressed.
fn compressed(directory: &str) -> PathBuf {
    let directory = Path::new(directory).join("predictions");
    let file = directory.join("predictions.tsv.gz");
    assert!(file.is_file(), "{} is missing", file.display());
    assert!(!directory.join("predictions.tsv").exists());
    file
}

#[test]
fn every_command_reads_compressed_predictions() {
    let place = Place::new();
    let run = |more: &[&str]| {
        let arguments = ["run", "baseline", "--no-export", "--json"];
        place.protea(arguments.iter().chain(more)).json()
    };
    let plain = run(&[]);
    let packed = run(&["--compress-predictions"]);
    assert_eq!(plain["metrics"], packed["metrics"]);
    let directory = packed["artifacts"]["directory"].as_str().unwrap();
    let file = compressed(directory);
    let before = Path::new(plain["artifacts"]["predictions"].as_str().unwrap());
    let bytes = |path: &Path| fs::metadata(path).unwrap().len();
    let before_file = before.join("predictions.tsv");
    let (before, after) = (bytes(&before_file), bytes(&file));
    println!("predictions: {before} bytes, compressed {after}");
    assert!(after * 4 < before, "{before} bytes became {after}");
    // The step's record lists the file that is there.
    let record =
        fs::read_to_string(Path::new(directory).join("steps/01_evaluate/step_manifest.json"));
    let record = record.unwrap();
    assert!(record.contains("predictions.tsv.gz\""), "{record}");

    let id = packed["run_id"].as_str().unwrap();
    let plain_id = plain["run_id"].as_str().unwrap();
    for (arguments, part) in [
        (
            vec!["predictions", "show", id, "--top", "1"],
            "accession\tterm",
        ),
        (vec!["predictions", "stats", id], "predictions"),
        (vec!["predictions", "diff", plain_id, id], "0"),
        (vec!["plot", "pr", id, "-o", "pr.svg"], "pr.svg"),
        (
            vec!["run", "--from", plain_id, "--compress-predictions"],
            "predictions  the same",
        ),
        (vec!["run", "--from", id], "predictions  the same"),
    ] {
        let ran = place.protea(&arguments);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        assert!(ran.stdout.contains(part), "{ran:#?}");
    }
    // The report computes the tables of terms and proteins from the predictions.
    for (run, page) in [(plain_id, "plain.html"), (id, "packed.html")] {
        let ran = place.protea(["report", run, "-o", page]);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
    }
    let size = |page: &str| bytes(&place.join(page));
    let differ = size("plain.html").abs_diff(size("packed.html"));
    assert!(differ < 1000, "the reports differ by {differ} bytes");
    let ontology = train().join("ontology.obo");
    let predictions = file.parent().unwrap();
    let text = fs::read_to_string(before_file).unwrap();
    let pairs = text.lines().take(200).map(|line| {
        let mut columns = line.split('\t');
        let (protein, term) = (columns.next().unwrap(), columns.next().unwrap());
        format!("{protein}\t{term}\n")
    });
    let truth = place.write("truth.tsv", pairs.collect::<String>());
    let scored = place.protea([
        "cafa".as_ref(),
        ontology.as_os_str(),
        predictions.as_os_str(),
        truth.as_os_str(),
    ]);
    assert_eq!(scored.code, Some(0), "{scored:#?}");
    assert!(!scored.stderr.contains("is not scored"), "{scored:#?}");
}

#[test]
fn groups_of_runs_compress_the_predictions_of_each() {
    let place = Place::new();
    place.write("protea.toml", "compress-predictions = true\n");
    for arguments in [
        "search baseline --grid method=naive --recompute",
        "cv baseline --folds 2",
        "benchmark --runners naive --bootstrap 0",
        "run baseline --no-export --compress-predictions --plan plan --engine local",
        "evaluate baseline --model latest --eval DATA",
    ] {
        let test = protea_e2e::test().into_os_string().into_string().unwrap();
        let arguments = arguments.split(' ').map(|word| match word {
            "DATA" => test.as_str(),
            word => word,
        });
        let ran = place.protea(arguments);
        assert_eq!(ran.code, Some(0), "{ran:#?}");
    }
    let workspace = place.join("protea-workspace/workspace");
    let (mut plain, mut packed) = (Vec::new(), Vec::new());
    named(&workspace, "predictions.tsv", &mut plain);
    named(&workspace, "predictions.tsv.gz", &mut packed);
    assert_eq!(plain, Vec::<PathBuf>::new());
    assert_eq!(packed.len(), 6, "{packed:?}");
    let ran = place.protea(["report", "latest", "-o", "report.html"]);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
}
