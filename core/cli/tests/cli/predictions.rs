//! `protea predictions`.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
};
#[cfg(unix)]
use std::{
    fs::File,
    io::{BufRead, BufReader},
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
    insta::assert_snapshot!(ran.stdout, @r"
    read         first.tsv: 3 predictions of 2 proteins, 2 in no other file, weight 0.750
    read         second.tsv: 2 predictions of 2 proteins, 1 in no other file, weight 0.250
    merged       4 predictions of 3 proteins, 1 in all files
    predictions  both.tsv
    ");
    insta::assert_snapshot!(ran.stderr, @r"
    warning: first.tsv: left out 1 row with a score that is zero, negative or not a number (0)
    warning: first.tsv: 1 row repeats a term of the protein; the highest score counts
    ");
    assert_eq!(
        read(&place, "both.tsv"),
        "P00001\tGO:0003674\t0.7125\nP00001\tGO:0005488\t0.675\n\
         P00002\tGO:0003824\t0.5\nP00003\tGO:0000001\t0.125\n"
    );
    let json = place
        .run("predictions merge first.tsv second.tsv --by rank -o ranks.tsv.gz --json")
        .ok()
        .json();
    assert_eq!(json["by"], "rank");
    assert_eq!(json["in_all_files"], 1);
    assert_eq!(json["files"][0]["repeated"], 1);
    place.write("other.tsv", "P00001\tHP:0000001\t0.5\n");
    for (absent, warns) in [("zero", true), ("ignore", false)] {
        let ran = place
            .run(&format!(
                "predictions merge second.tsv other.tsv --absent {absent}"
            ))
            .ok();
        let warning = "no protein has the same term in all files";
        assert_eq!(ran.stderr.contains(warning), warns, "{ran:#?}");
    }
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
    assert_eq!(
        ran.stdout,
        "P00001\tGO:0003674\t0.95\nP00001\tGO:0005488\t0.9\n\
         P00002\tGO:0003824\t0.8\nP00003\tGO:0000001\t0.5\n"
    );
    insta::assert_snapshot!(ran.stderr, @r"
    warning: standard input: left out 1 row with a score that is zero, negative or not a number (0)
    warning: standard input: 1 row repeats a term of the protein; the highest score counts
    read    standard input: 3 predictions of 2 proteins, 2 in no other file, weight 0.500
    read    second.tsv: 2 predictions of 2 proteins, 1 in no other file, weight 0.500
    merged  4 predictions of 3 proteins, 1 in all files
    ");
    let names = place.new_names();
    assert_eq!(names, ["first.tsv", "second.tsv"]);
}

#[test]
fn propagate_cut_and_convert_write_what_they_say() {
    let place = place();
    let ran = place
        .run("predictions propagate second.tsv --ontology go.obo -o propagated.tsv")
        .ok();
    insta::assert_snapshot!(ran.stdout, @r"
    propagated   2 predictions of 2 proteins to 2
    raised       0 predictions to the score of a child
    predictions  propagated.tsv
    ");
    insta::assert_snapshot!(ran.stderr, @"warning: 1 prediction has a term that is obsolete or not in the ontology (GO:0000001); left out");
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
    assert_eq!(
        read(&place, "cafa.txt"),
        "AUTHOR\tteam\nMODEL\t1\nP00001\tGO:0003674\t0.95\nP00001\tGO:0005488\t0.90\n\
         P00002\tGO:0003824\t0.40\nEND\n"
    );
    place
        .run("predictions convert first.tsv --format json --ontology go.obo -o terms.jsonl -q")
        .ok();
    let back = place.run("predictions diff terms.jsonl first.tsv -q").ok();
    insta::assert_snapshot!(back.stdout, @r"
    proteins     2 in both
    predictions  3 with equal scores
    ");
}

#[test]
fn validate_refuses_with_lines_and_examples() {
    let place = place();
    let ran = place.run("predictions validate first.tsv second.tsv --rules kaggle --proteins proteins.fasta --ontology go.obo");
    assert_eq!(ran.code, Some(3));
    let shown = ran.stdout.replace('\t', " ");
    insta::assert_snapshot!(shown, @r"
    first.tsv: 5 lines, 4 predictions of 2 proteins: the rules of Kaggle refuse it
      refused: a score must be above 0 and at most 1 (1 time)
        line 5: P00002 GO:0005634 0
      warning: a protein should have each term once; the highest score counts (1 time)
        P00002 repeats 1
      warning: targets without a prediction count as predicted with 0 (1 time)
        P00003
    second.tsv: 2 lines, 2 predictions of 2 proteins: the rules of Kaggle accept it
      warning: terms that are obsolete or not in the ontology do not count (1 time)
        GO:0000001
      warning: targets without a prediction count as predicted with 0 (1 time)
        P00001
    ");
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
    insta::assert_snapshot!(ran.stdout, @r"
    proteins     1 in both
                 1 in first.tsv only: P00001
                 1 in second.tsv only: P00003
    predictions  0 with equal scores
                 2 in first.tsv only: P00001 GO:0003674 0.95, P00001 GO:0005488 0.9
                 1 in second.tsv only: P00003 GO:0000001 0.5
                 1 with different scores: P00002 GO:0003824 0.4 and 0.8
    largest      a score differs by 0.4

    aspect  equal  changed  only first  only second
    MFO         0        1           2            0
    BPO         0        0           0            0
    CCO         0        0           0            0
    1 prediction of terms that are not in the ontology
    ");
    let ran = place
        .run("predictions stats first.tsv --ontology go.obo")
        .ok();
    insta::assert_snapshot!(ran.stdout, @r"
    format       a table `accession term score`
    predictions  3
    proteins     2
    terms        3

                       lowest  5 %  25 %  median  75 %  95 %  highest
    score                 0.4  0.4   0.4     0.9  0.95  0.95     0.95
    terms per protein       1    1     1       1     2     2        2

    aspect  predictions  proteins  terms
    MFO               3         2      3
    BPO               0         0      0
    CCO               0         0      0
    ");
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
    insta::assert_snapshot!(messages, @r"
    merge first.tsv short.tsv -o new.tsv
      short.tsv:2: the line has 2 of the three columns; write accession, term and score, separated by tabs
    merge first.tsv missing.tsv -o new.tsv
      cannot read the predictions missing.tsv: No such file or directory (os error 2); give a file or a directory; `protea runs show RUN` prints where the predictions of a run are
    merge first.tsv second.tsv --weights 1 -o new.tsv
      --weights has 1 numbers for 2 files; give one for each file
    merge first.tsv second.tsv --by max --weights 1,2
      the highest score has no weights; leave out --weights
    merge - - -o new.tsv
      standard input can be read once; name other files
    merge first.tsv second.tsv -o taken.tsv
      taken.tsv exists; give another name, or replace it with --force
    merge first.tsv second.tsv --json
      --json prints a summary on standard output, where the predictions would go; name a file for them with --output
    convert first.tsv --format table -o new.tsv
      this format needs the ontology for names or to leave out its roots; give it with --ontology
    convert first.tsv --format cafa -o new.tsv
      the format of CAFA begins with the name of the team; give it in one word with --author
    convert go.obo -o new.tsv
      go.obo:1: the line has 2 of the three columns; write accession, term and score, separated by tabs
    ");
    for line in ["cut first.tsv", "show first.tsv --ontology go.obo"] {
        for score in ["nan", "inf", "much"] {
            let ran = place.run(&format!("predictions {line} --minimum-score {score}"));
            let message = ran.error(2);
            assert!(message.contains("give a number"), "{message}");
        }
    }
    assert_eq!(read(&place, "taken.tsv"), "mine");
    assert!(!place.join("new.tsv").exists());
    place
        .run("predictions merge first.tsv second.tsv -o taken.tsv --force")
        .ok();
    assert_ne!(read(&place, "taken.tsv"), "mine");
}

#[test]
fn the_format_of_kaggle_is_accepted_by_its_rules() {
    let place = place();
    let mut rows = String::new();
    for term in 1..=1600 {
        rows += &format!("P1\tGO:{term:07}\t0.{:06}\n", 123_456 + term);
    }
    rows += "P2\tGO:0000001\t0.000123456\nP2\tGO:0000002\t1\nP2\tGO:0000003\t0.99961\n";
    rows += "P2\tGO:0000004\t0.5\n";
    place.write("long.tsv", rows);
    for command in ["cut", "convert", "merge"] {
        let ran = place.run(&format!(
            "predictions {command} long.tsv --format kaggle -o {command}.tsv"
        ));
        assert!(ran.ok().stdout.contains("100 predictions beyond the 1,500"));
        let text = read(&place, &format!("{command}.tsv"));
        assert_eq!(text.lines().count(), 1504);
        for line in [
            "P1\tGO:0001600\t0.125",
            "P2\tGO:0000001\t0.000123",
            "P2\tGO:0000002\t1",
            "P2\tGO:0000003\t1",
            "P2\tGO:0000004\t0.5",
        ] {
            // `merge` rounds to six decimals first, which gives the same figures here.
            assert!(text.lines().any(|it| it == line), "{command}: {line}");
        }
        place
            .run(&format!(
                "predictions validate {command}.tsv --rules kaggle"
            ))
            .ok();
    }
}

/// The pipe stays open until the signal has been received, so the command cannot end before.
#[cfg(unix)]
#[test]
fn a_signal_leaves_nothing_behind() {
    let place = place();
    let succeeds = |command: &mut Command| assert!(command.status().unwrap().success());
    succeeds(Command::new("mkfifo").arg(place.join("pipe")));
    let temporary = place.join("bin/temporary");
    fs::create_dir(&temporary).unwrap();
    let mut child = place
        .command()
        .args("predictions merge pipe first.tsv -o both.tsv".split(' '))
        .env("TMPDIR", &temporary)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = File::options()
        .write(true)
        .open(place.join("pipe"))
        .unwrap();
    pipe.write_all(FIRST.as_bytes()).unwrap();
    succeeds(Command::new("kill").args(["-INT", &child.id().to_string()]));
    let stderr = BufReader::new(child.stderr.take().unwrap());
    let mut lines = stderr.lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("cancelling")));
    drop(pipe);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(place.new_names(), ["first.tsv", "pipe", "second.tsv"]);
    assert_eq!(fs::read_dir(&temporary).unwrap().count(), 0);
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
