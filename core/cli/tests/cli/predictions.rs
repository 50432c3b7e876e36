//! `protea predictions`.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};

use crate::place::{Place, Ran};

const FIRST: &str = "\
P00001\tGO:0005488\t0.9
P00001\tGO:0003674\t0.95
P00002\tGO:0003824\t0.4
P00002\tGO:0003824\t0.3
P00002\tGO:0005634\t0
";
const SECOND: &str = "P00002\tGO:0003824\t0.8\nP00003\tGO:0000001\t0.5\n";

fn place() -> Place {
    let place = Place::new();
    place.write("first.tsv", FIRST);
    place.write("second.tsv", SECOND);
    place
}

fn read(place: &Place, name: &str) -> String {
    fs::read_to_string(place.join(name)).unwrap()
}

/// Runs a command with text on standard input.
fn piped(place: &Place, line: &str, input: &str) -> Ran {
    let mut command: Command = place.command();
    let mut child = command
        .args(line.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    Ran::from(child.wait_with_output().unwrap())
}

#[test]
fn merge_says_what_each_file_gave() {
    let place = place();
    let ran = place
        .run("predictions merge first.tsv second.tsv --weights 3,1 -o both.tsv")
        .ok();
    insta::assert_snapshot!(ran.stdout);
    insta::assert_snapshot!(ran.stderr);
    insta::assert_snapshot!(read(&place, "both.tsv"));
    let json = place
        .run("predictions merge first.tsv second.tsv --by rank -o ranks.tsv.gz --json")
        .ok()
        .json();
    assert_eq!(json["by"], "rank");
    assert_eq!(json["in_all_files"], 1);
    assert_eq!(json["files"][0]["repeated"], 1);
    // A compressed file can be read again.
    let stats = place
        .run("predictions stats ranks.tsv.gz --json")
        .ok()
        .json();
    assert_eq!(stats["predictions"], json["predictions"]);
}

#[test]
fn standard_input_and_output_are_files_too() {
    let place = place();
    let ran = piped(&place, "predictions merge - second.tsv --by max", FIRST).ok();
    insta::assert_snapshot!(ran.stdout);
    insta::assert_snapshot!(ran.stderr);
    let names = place.new_names();
    assert_eq!(names, ["first.tsv", "second.tsv"]);
}

#[test]
fn propagate_cut_and_convert_write_what_they_say() {
    let place = place();
    let ran = place
        .run("predictions propagate second.tsv --ontology go.obo -o propagated.tsv")
        .ok();
    insta::assert_snapshot!(ran.stdout);
    insta::assert_snapshot!(ran.stderr);
    assert_eq!(
        read(&place, "propagated.tsv"),
        "P00002\tGO:0003674\t0.8\nP00002\tGO:0003824\t0.8\n"
    );
    let ran = place
        .run("predictions cut first.tsv --ontology go.obo --most-specific --top 1 -q")
        .ok();
    assert_eq!(
        ran.stdout,
        "P00001\tGO:0005488\t0.9\nP00002\tGO:0003824\t0.4\n"
    );
    place
        .run("predictions convert first.tsv --format cafa --author team -o cafa.txt -q")
        .ok();
    insta::assert_snapshot!(read(&place, "cafa.txt"));
    place
        .run("predictions convert first.tsv --format json --ontology go.obo -o terms.jsonl -q")
        .ok();
    let back = place.run("predictions diff terms.jsonl first.tsv -q").ok();
    insta::assert_snapshot!(back.stdout);
}

#[test]
fn validate_refuses_with_lines_and_examples() {
    let place = place();
    let ran = place.run("predictions validate first.tsv second.tsv --rules kaggle --proteins proteins.fasta --ontology go.obo");
    assert_eq!(ran.code, Some(3));
    insta::assert_snapshot!(ran.stdout);
    let json = place
        .run("predictions validate second.tsv --rules lafa --json")
        .ok()
        .json();
    assert_eq!(json["refused"], false);
    assert_eq!(json["files"][0]["predictions"], 2);
}

#[test]
fn diff_and_stats_count() {
    let place = place();
    let ran = place.run("predictions diff first.tsv second.tsv --ontology go.obo");
    assert_eq!(ran.code, Some(1));
    insta::assert_snapshot!(ran.stdout);
    let ran = place
        .run("predictions stats first.tsv --ontology go.obo")
        .ok();
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn errors_name_the_place_and_the_remedy() {
    let place = place();
    place.write("short.tsv", "P00001\tGO:0005488\t0.5\nP00002\tGO:0005488\n");
    place.write("taken.tsv", "mine");
    let mut messages = String::new();
    for (line, code) in [
        ("merge first.tsv short.tsv -o new.tsv", 3),
        ("merge first.tsv missing.tsv -o new.tsv", 3),
        ("merge first.tsv second.tsv --weights 1 -o new.tsv", 2),
        ("merge first.tsv second.tsv --by max --weights 1,2", 2),
        ("merge - - -o new.tsv", 2),
        ("merge first.tsv second.tsv -o taken.tsv", 5),
        ("merge first.tsv second.tsv --json", 2),
        ("convert first.tsv --format table -o new.tsv", 2),
        ("convert first.tsv --format cafa -o new.tsv", 2),
        ("convert go.obo -o new.tsv", 3),
    ] {
        let message = place.run(&format!("predictions {line}")).error(code);
        messages.push_str(&format!("{line}\n  {message}\n"));
    }
    insta::assert_snapshot!(messages);
    assert_eq!(read(&place, "taken.tsv"), "mine");
    assert!(!place.join("new.tsv").exists());
    place
        .run("predictions merge first.tsv second.tsv -o taken.tsv --force")
        .ok();
    assert_ne!(read(&place, "taken.tsv"), "mine");
}

#[cfg(feature = "parquet")]
#[test]
fn parquet_is_written_and_read() {
    let place = place();
    place
        .run("predictions convert first.tsv --format parquet -o first.parquet -q")
        .ok();
    place
        .run("predictions convert first.tsv --format parquet --ontology go.obo -o names.parquet -q")
        .ok();
    place
        .run("predictions diff first.parquet first.tsv -q")
        .ok();
    place
        .run("predictions diff names.parquet first.tsv -q")
        .ok();
}

#[cfg(not(feature = "parquet"))]
#[test]
fn a_plain_build_says_how_to_write_parquet() {
    let place = place();
    let ran = place.run("predictions convert first.tsv --format parquet -o first.parquet");
    assert!(ran.error(2).contains("--features full"));
}
