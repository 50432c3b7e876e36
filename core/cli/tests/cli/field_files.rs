//! What the command says of input files as people have them.

use std::fs;

use crate::place::Place;

const TRUTH: &str = "P00001\tGO:0005488\nP00002\tGO:0003824\nP00003\tGO:0003824\n";
const PREDICTIONS: &str =
    "P00001\tGO:0005488\t0.9\nP00002\tGO:0003824\t0.4\nP00003\tGO:0003824\t0.7\n";

fn place() -> Place {
    let place = Place::new();
    place.write("truth.tsv", TRUTH);
    place.write("predictions/m.tsv", PREDICTIONS);
    place
}

fn table(place: &Place, arguments: &str) -> (String, String) {
    let ran = place
        .run(&format!("cafa go.obo {arguments} --out-dir results"))
        .ok();
    let all = fs::read_to_string(place.join("results/evaluation_all.tsv")).unwrap();
    (all, ran.stderr)
}

#[test]
fn marks_and_spellings_change_no_score_and_are_told() {
    let place = place();
    let (plain, said) = table(&place, "predictions truth.tsv");
    assert_eq!(said, "scoring …\n");
    for (text, word) in [
        (format!("\u{feff}{PREDICTIONS}"), "byte-order mark"),
        (format!("{PREDICTIONS}\u{1a}"), "Ctrl-Z"),
        (
            PREDICTIONS.replace("GO:", "GO_"),
            "another form than GO:0008150",
        ),
    ] {
        place.write("predictions/m.tsv", &text);
        let (found, said) = table(&place, "predictions truth.tsv");
        assert_eq!(found, plain, "{word}");
        // A number that may differ from cafaeval's is never silent.
        let quiet = place.run("-q cafa go.obo predictions truth.tsv").ok();
        assert!(
            quiet.stderr.starts_with("warning: ") && quiet.stderr.contains(word),
            "{}",
            quiet.stderr
        );
        assert!(
            said.contains(word) && said.contains("--strict-cafaeval"),
            "{said}"
        );
    }
    place.write("predictions/m.tsv", format!("\u{feff}{PREDICTIONS}"));
    let (strict, said) = table(&place, "predictions truth.tsv --strict-cafaeval");
    assert_ne!(strict, plain);
    assert!(!said.contains("mark"), "{said}");
}

#[test]
fn hidden_files_are_not_scored_and_are_told() {
    let place = place();
    place.write("predictions/.DS_Store", "x");
    place.write("predictions/.ipynb_checkpoints/m.tsv", PREDICTIONS);
    let (found, said) = table(&place, "predictions truth.tsv");
    assert!(
        found
            .lines()
            .skip(1)
            .all(|line| line.starts_with("m.tsv\t")),
        "{found}"
    );
    assert!(
        said.contains("ignored hidden files and leftovers of editors: 2"),
        "{said}"
    );
}

#[test]
fn percentages_and_other_accessions_warn_also_when_quiet() {
    let place = place();
    place.write("predictions/m.tsv", PREDICTIONS.replace("\t0.", "\t"));
    let ran = place.run("-q cafa go.obo predictions truth.tsv").ok();
    assert!(
        ran.stderr
            .contains("warning: m.tsv: scores above 1: 3 of 3"),
        "{}",
        ran.stderr
    );
    place.write(
        "predictions/m.tsv",
        PREDICTIONS
            .replace("P00001", "sp|P00001|X")
            .replace("P00002", "sp|P00002|Y"),
    );
    let ran = place.run("-q cafa go.obo predictions truth.tsv").ok();
    let wanted = "2 of 3 proteins of the ground truth have no prediction";
    assert!(
        ran.stderr.contains(wanted) && ran.stderr.contains("sp|P00001|X for P00001"),
        "{}",
        ran.stderr
    );
    place.write(
        "predictions/m.tsv",
        &(PREDICTIONS.to_owned() + "Q9\tGO:0003824\t0.1\n"),
    );
    let ran = place.run("-q cafa go.obo predictions truth.tsv").ok();
    assert_eq!(ran.stderr, "");
}

#[test]
fn every_reader_points_to_the_command_that_inspects_files() {
    let place = place();
    place.write("bad.obo", "[Term]\nname: x\n");
    place.write("empty.obo", "nothing\n");
    place.write(
        "twice.obo",
        "[Term]\nid: GO:1\nnamespace: p\n\n[Term]\nid: GO:1\nnamespace: p\n",
    );
    place.write("none.tsv", "P1\twidget\n");
    place.write("bad.tsv", PREDICTIONS.replace("0.9", "high"));
    place.write("ia.tsv", "GO:0005488\tmuch\n");
    place.write("other.tsv", "X1\tGO:0005488\t0.9\n");
    place.write("page.tsv", "<!DOCTYPE html><html></html>\n");
    for (arguments, file) in [
        ("cafa bad.obo predictions truth.tsv", "bad.obo"),
        ("cafa empty.obo predictions truth.tsv", "empty.obo"),
        ("cafa twice.obo predictions truth.tsv", "twice.obo"),
        ("cafa go.obo predictions none.tsv", "none.tsv"),
        ("cafa go.obo predictions page.tsv", "page.tsv"),
        ("cafa go.obo bad.tsv truth.tsv", "bad.tsv"),
        ("cafa go.obo predictions truth.tsv --ia ia.tsv", "ia.tsv"),
        (
            "cafa go.obo predictions truth.tsv --known none.tsv",
            "none.tsv",
        ),
        (
            "cafa go.obo predictions truth.tsv --toi none.tsv",
            "none.tsv",
        ),
        ("cafa go.obo other.tsv truth.tsv", "FILE"),
    ] {
        let error = place.run(arguments).error(3);
        let wanted = format!("`protea dataset inspect {file}`");
        assert!(error.contains(&wanted), "{arguments}: {error}");
    }
}
