//! `protea cafa` replaces cafaeval.

use std::fs;

use crate::place::Place;

const TRUTH: &str = "P00001\tGO:0005488\nP00002\tGO:0003824\nP00001\tGO:0005634\n";
const GOOD: &str = "\
P00001\tGO:0005489\t0.9
P00002\tGO:0003824\t0.4
P00001\tGO:9999999\t0.9
P00007\tGO:0003824\t0.9
P00001\tGO:0005634\t0.5
short line
";

fn place() -> Place {
    let place = Place::new();
    place.write("truth.tsv", TRUTH);
    place.write("predictions/good.tsv", GOOD);
    place
}

#[test]
fn the_table_the_files_and_the_warnings() {
    let place = place();
    let ran = place.run("cafa go.obo predictions truth.tsv").ok();
    insta::assert_snapshot!(ran.stdout, @r"
    file      aspect  proteins   Fmax  at tau  wFmax  Smin  AuPRC  coverage
    good.tsv  MFO            2  1.000   0.010      -     -  1.000     1.000
    good.tsv  CCO            1  1.000   0.010      -     -  1.000     1.000

    4 tables in results
    ");
    insta::assert_snapshot!(ran.stderr, @r"
    scoring …
    warning: good.tsv: skipped terms that are obsolete or not in the ontology: 1 term on 1 line (GO:9999999)
    warning: good.tsv: skipped lines with fewer than three columns: 1
    good.tsv: skipped proteins that are not in the ground truth: 1 protein on 1 line (P00007)
    ");
    let all = fs::read_to_string(place.join("results/evaluation_all.tsv")).unwrap();
    assert!(all.starts_with("filename\tns\ttau\tn\ttp\tfp\tfn\tpr\trc\tcov\tmi\tru\tf\ts\t"));
    assert!(all.contains("\ngood.tsv\tmolecular_function\t0.010\t2.000\t"));
}

#[test]
fn the_spellings_of_cafaeval_are_accepted() {
    let place = place();
    place.write("ia.tsv", "GO:0005488\t1.5\nGO:0003824\t2\nGO:0005634\t1\n");
    let ran = place
        .run("cafa go.obo predictions truth.tsv -ia ia.tsv -out_dir scores -th_step=0.05 -no_orphans -norm gt -prop fill -max_terms 10 -threads 1 -log_level error --json")
        .ok();
    assert_eq!(ran.stderr, "");
    let json = ran.json();
    assert_eq!(json["options"]["th_step"], 0.05);
    assert_eq!(json["options"]["no_orphans"], true);
    assert_eq!(json["options"]["norm"], "gt");
    assert_eq!(json["options"]["prop"], "fill");
    assert_eq!(json["options"]["max_terms"], 10);
    assert_eq!(json["files"][0]["name"], "good.tsv");
    assert_eq!(json["files"][0]["metrics"]["CCO"]["wfmax"], 1.0);
    assert_eq!(json["files"][0]["skipped"]["unknown_terms"]["lines"], 1);
    assert_eq!(json["tables"].as_array().unwrap().len(), 6);
    assert!(place.join("scores/evaluation_best_f_micro_w.tsv").is_file());
}

#[test]
fn a_file_with_nothing_to_score_does_not_stop_the_others() {
    let place = place();
    place.write("predictions/other.tsv", "Q1\tGO:0003824\t0.5\n");
    let ran = place.run("cafa go.obo predictions truth.tsv --json").ok();
    assert!(
        ran.stderr
            .contains("warning: other.tsv is not scored: no prediction in other.tsv")
    );
    assert_eq!(ran.json()["failed"][0]["name"], "other.tsv");
    assert_eq!(ran.json()["files"].as_array().unwrap().len(), 1);
}

#[test]
fn without_anything_to_score_nothing_is_written() {
    let place = place();
    place.write("predictions/good.tsv", "Q1\tGO:0003824\t0.5\n");
    let error = place.run("cafa go.obo predictions truth.tsv").error(3);
    assert!(
        error.contains("no prediction in good.tsv matches a protein"),
        "{error}"
    );
    place.run("cafa terms.tsv predictions truth.tsv").error(3);
    place.run("cafa go.obo nowhere truth.tsv").error(3);
    assert!(!place.join("results").exists());
}

#[test]
fn an_unwritable_directory_is_named() {
    let place = place();
    let error = place
        .run("cafa go.obo predictions truth.tsv --out-dir go.obo/results")
        .error(5);
    assert!(error.contains("cannot write go.obo/results"), "{error}");
}

#[test]
#[cfg(unix)]
fn a_pipe_is_refused_without_waiting_for_it() {
    let place = place();
    let pipe = place.join("predictions/pipe.tsv");
    let made = std::process::Command::new("mkfifo").arg(pipe).status();
    assert!(made.unwrap().success());
    let error = place.run("cafa go.obo predictions truth.tsv").error(3);
    assert!(error.contains("pipe.tsv"), "{error}");
    assert!(error.contains("give a regular file"), "{error}");
}

#[test]
fn an_impossible_number_of_threads_is_refused() {
    for threads in ["1025", "99999", "-1", "many"] {
        let line = format!("cafa go.obo predictions truth.tsv --threads={threads}");
        let error = place().run(&line).error(2);
        assert!(error.contains("a number from 0 to 1024"), "{error}");
    }
}

#[test]
fn known_terms_select_the_rules_of_cafa_evaluator_pk() {
    let place = place();
    place.write(
        "known.tsv",
        "EntryID\tterm\nP00001\tGO:0005488\nP00009\tGO:7777777\n",
    );
    place.write(
        "toi.txt",
        "GO:0005489\nGO:0003824\nGO:0005634\nGO:8888888\n",
    );
    let ran = place
        .run("cafa go.obo predictions truth.tsv -known known.tsv -toi toi.txt --json")
        .ok();
    let json = ran.json();
    assert_eq!(json["evaluator"], "pk");
    assert_eq!(json["known"], "known.tsv");
    assert_eq!(json["toi"], "toi.txt");
    // P00001 has nothing left in MFO, where P00002 alone counts; its root is not of interest.
    assert_eq!(json["files"][0]["proteins"]["MFO"], 1);
    assert_eq!(json["files"][0]["metrics"]["MFO"]["fmax"], 1.0);
    for part in [
        "warning: known annotations known.tsv: skipped terms that are obsolete or not in the ontology: 1 term on 1 line (GO:7777777)",
        "warning: known annotations known.tsv: no annotations in cellular_component for the proteins of the ground truth, so all of their terms count there",
        "warning: terms of interest toi.txt: skipped terms that are obsolete or not in the ontology: 1 term on 1 line (GO:8888888)",
    ] {
        assert!(ran.stderr.contains(part), "{part:?} is not in {ran:#?}");
    }

    place.write("known.tsv", "P00001\tGO:0005634\nP00001\tGO:0005488\n");
    let ran = place
        .run("cafa go.obo predictions truth.tsv --known known.tsv --json")
        .ok();
    assert!(ran.json()["files"][0]["metrics"].get("CCO").is_none());
    assert!(ran.stderr.contains(
        "cellular_component is not scored: none of the 1 proteins of the ground truth there has a term"
    ));

    let plain = place.run("cafa go.obo predictions truth.tsv --json").ok();
    assert_eq!(plain.json()["evaluator"], "cafaeval");
    let pk = place
        .run("cafa go.obo predictions truth.tsv --evaluator pk --json")
        .ok();
    assert_eq!(pk.json()["evaluator"], "pk");
    assert_eq!(
        pk.json()["files"][0]["metrics"],
        plain.json()["files"][0]["metrics"]
    );
}

#[test]
fn unusable_known_terms_are_refused() {
    let place = place();
    place.write("none.tsv", "P00001\tGO:7777777\n");
    place.write(
        "all.tsv",
        "P00001\tGO:0005488\nP00001\tGO:0005634\nP00002\tGO:0003824\n",
    );
    for (options, code, part) in [
        (
            "--known none.tsv",
            3,
            "the known annotations none.tsv has no annotation",
        ),
        (
            "--toi none.tsv",
            3,
            "the terms of interest none.tsv have no term of the ontology",
        ),
        (
            "--known nowhere.tsv",
            3,
            "cannot read the known annotations nowhere.tsv",
        ),
        (
            "--toi predictions",
            3,
            "the terms of interest predictions is a directory",
        ),
        (
            "--known all.tsv",
            3,
            "no protein of the ground truth truth.tsv has a term left to predict",
        ),
        (
            "--known all.tsv --evaluator cafaeval",
            2,
            "leave out --evaluator cafaeval",
        ),
        ("--evaluator other", 2, "possible values: cafaeval, pk"),
    ] {
        let error = place
            .run(&format!("cafa go.obo predictions truth.tsv {options}"))
            .error(code);
        assert!(error.contains(part), "{options}: {error}");
    }
    assert!(!place.join("results").exists());
}

#[test]
fn a_bootstrap_adds_the_interval_of_fmax() {
    let place = Place::new();
    let (mut truth, mut predictions) = (String::new(), String::new());
    for protein in 0..40 {
        truth.push_str(&format!("P{protein:05}\tGO:0005488\n"));
        let term = if protein % 4 == 0 {
            "GO:0003824"
        } else {
            "GO:0005488"
        };
        predictions.push_str(&format!("P{protein:05}\t{term}\t0.5\n"));
    }
    place.write("truth.tsv", &truth);
    place.write("predictions/three_quarters.tsv", &predictions);
    let scored = |more: &str| {
        let ran = place.run(&format!("cafa go.obo predictions truth.tsv {more}"));
        ran.ok()
    };
    let json = |more: &str| scored(&format!("--json {more}")).json();
    let with = json("--bootstrap 500 --confidence 0.9 --seed 3");
    assert_eq!(
        with["bootstrap"],
        serde_json::json!({ "resamples": 500, "confidence": 0.9, "seed": 3 })
    );
    let file = &with["files"][0];
    let end = |place: usize| file["fmax_ci"]["MFO"][place].as_f64().unwrap();
    let fmax = file["metrics"]["MFO"]["fmax"].as_f64().unwrap();
    assert!(
        0.5 < end(0) && end(0) < fmax && fmax < end(1) && end(1) < 1.0,
        "{file}"
    );
    assert_eq!(
        with,
        json("--bootstrap 500 --confidence 0.9 --seed 3 --threads 1")
    );
    assert_ne!(
        file["fmax_ci"],
        json("--bootstrap 500 --confidence 0.9")["files"][0]["fmax_ci"]
    );
    let without = json("");
    assert!(without["bootstrap"].is_null() && without["files"][0].get("fmax_ci").is_none());
    assert_eq!(without["files"][0]["metrics"], file["metrics"]);
    assert!(scored("--bootstrap 20").stdout.contains("95 % CI"));
    let pk = json("--bootstrap 20 --evaluator pk");
    assert!(
        pk["files"][0]["fmax_ci"]["MFO"][1].as_f64().unwrap() > 0.5,
        "{pk}"
    );

    for (option, part) in [
        ("--bootstrap 1000001", "from 0 to 1000000"),
        ("--bootstrap 10 --confidence 1", "between 0 and 1"),
    ] {
        let ran = place.run(&format!("cafa go.obo predictions truth.tsv {option}"));
        let message = ran.error(2);
        assert!(message.contains(part), "{message}");
    }
}
