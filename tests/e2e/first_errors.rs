//! The errors that a newcomer meets: each names the value, what is allowed, and the next command.

use std::{fs, path::Path};

use protea_e2e::{Place, train};

/// Writes the sequences, annotations and ontology of three proteins.
fn raw_files(place: &Place) {
    place.write(
        "train.fasta",
        ">P1\nMKVLAAGIVG\n>P2\nMSTNPKPQRK\n>P3\nMKWVTFISLL\n",
    );
    place.write(
        "terms.tsv",
        "P1\tGO:0005524\nP2\tGO:0005524\nP3\tGO:0005737\n",
    );
    fs::copy(train().join("ontology.obo"), place.join("go.obo")).unwrap();
}

/// Freezes the three proteins with embeddings of a width, or without any.
fn frozen(place: &Place, name: &str, vectors: Option<(usize, &str)>) -> String {
    let mut arguments = vec!["dataset", "freeze", name, "--name", name];
    arguments.extend([
        "--ontology",
        "go.obo",
        "--fasta",
        "train.fasta",
        "--annotations",
        "terms.tsv",
    ]);
    let csv = format!("{name}.csv");
    if let Some((width, source)) = vectors {
        let row = |protein: &str, value: usize| {
            let numbers: Vec<String> = (0..width)
                .map(|at| format!("{}.5", value + at % 3))
                .collect();
            format!("{protein},{}\n", numbers.join(","))
        };
        place.write(&csv, [row("P1", 1), row("P2", 2), row("P3", 4)].concat());
        arguments.extend(["--embeddings", &csv, "--source", source]);
    }
    let made = place.protea(&arguments);
    assert_eq!(made.code, Some(0), "{made:#?}");
    name.to_owned()
}

#[test]
fn a_choice_setting_lists_the_allowed_values_and_the_nearest() {
    let place = Place::new();
    for (arguments, parts) in [
        (
            "run knn --set metric=euclid",
            ["\"euclid\" is not one of \"cosine\", \"l2\"", ""],
        ),
        (
            "run knn --set metric=L2",
            ["not one of", "did you mean \"l2\"?"],
        ),
        (
            "run knn --set preset=fantasy",
            ["\"gopredsim\", \"fantasia\"", "did you mean \"fantasia\"?"],
        ),
        (
            "run baseline --set method=blastp",
            ["\"naive\", \"blast\"", "did you mean \"blast\"?"],
        ),
        (
            "benchmark --runners knn --set knn.vote=maximum",
            ["not one of", "did you mean \"max\"?"],
        ),
        (
            "search knn --grid metric=cosin,l2",
            ["not one of", "did you mean \"cosine\"?"],
        ),
    ] {
        place.protea(arguments.split(' ')).fails_with(3, &parts);
    }
}

#[test]
fn an_option_that_is_a_setting_suggests_set() {
    let place = Place::new();
    for (arguments, tip) in [
        (
            "run knn --k 10",
            "'k' is a setting of knn: write '--set k=10'",
        ),
        ("fit knn --train x --k=10", "write '--set k=10'"),
        ("run knn -k 10", "write '--set k=10'"),
        (
            "cv knn --minimum-score 0.1",
            "write '--set minimum_score=0.1'",
        ),
        (
            "run knn --weights.identity_nw 2",
            "write '--set weights.identity_nw=2'",
        ),
        (
            "search knn --grid metric=l2 --k 3",
            "or '--grid k=3,…' to search it",
        ),
        (
            "benchmark --runners naive,knn@a --k 3",
            "write '--set knn@a.k=3'",
        ),
    ] {
        let ran = place.protea(arguments.split(' '));
        ran.fails_with(2, &[tip, "[OPTIONS]"]);
        assert!(!ran.stderr.contains("--lock-file"), "{ran:#?}");
    }
    // An option that is no setting is refused as before, and so is one of an unknown runner.
    let ran = place.protea(["run", "knn", "--no-such-thing", "1"]);
    ran.fails_with(2, &["unexpected argument '--no-such-thing'"]);
    place
        .protea(["run", "nobody", "--k", "1"])
        .fails_with(2, &["unexpected argument '--k'"]);
}

#[test]
fn a_file_in_place_of_a_dataset_is_named_with_the_remedy() {
    let place = Place::new();
    raw_files(&place);
    for (file, parts) in [
        (
            "train.fasta",
            [
                "sequences in FASTA",
                "freeze train --name train",
                "--fasta train.fasta --annotations TERMS.tsv`; if the runner needs embeddings, add \
                 --embeddings FILE or --features kmer",
            ],
        ),
        (
            "terms.tsv",
            [
                "annotations",
                "protea dataset freeze terms",
                "--annotations terms.tsv",
            ],
        ),
        (
            "go.obo",
            [
                "an ontology in OBO",
                "protea dataset freeze go",
                "--ontology go.obo",
            ],
        ),
    ] {
        let ran = place.protea(["run", "knn", "--train", file, "--eval", file]);
        ran.fails_with(3, &["is a file, not a frozen dataset"]);
        ran.fails_with(3, &parts);
        place
            .protea(["cv", "knn", "--data", file])
            .fails_with(3, &parts);
        place
            .protea(["dataset", "show", file])
            .fails_with(3, &parts);
    }
    let manifest = train().join("dataset.json");
    let ran = place.protea(["dataset".as_ref(), "show".as_ref(), manifest.as_os_str()]);
    ran.fails_with(3, &["give the dataset's directory", "examples/data/train"]);
    place.write(
        "notes.txt",
        "Dear diary, today it rained.\n\nThe rain is of no use\n",
    );
    let ran = place.protea(["run", "knn", "--train", "notes.txt", "--eval", "notes.txt"]);
    ran.fails_with(3, &["it holds ", "protea dataset freeze"]);
}

#[test]
fn embeddings_are_compared_before_anything_is_trained() {
    let place = Place::new();
    raw_files(&place);
    let narrow = frozen(&place, "narrow", Some((4, "model A")));
    let wide = frozen(&place, "wide", Some((6, "model A")));
    let other = frozen(&place, "other", Some((4, "model B")));
    let none = frozen(&place, "none", None);
    let runs = |train: &str, eval: &str, runner: &str| {
        place.protea(["run", runner, "--train", train, "--eval", eval])
    };
    for runner in ["knn", "lightgbm"] {
        let ran = runs(&narrow, &wide, runner);
        ran.fails_with(
            3,
            &["needs the same embeddings", "are 4 wide", "are 6 wide"],
        );
        runs(&narrow, &none, runner).fails_with(3, &["needs embeddings, and none (none) has none"]);
        runs(&none, &narrow, runner).fails_with(3, &["needs embeddings", "--features kmer"]);
        assert!(
            !Path::new(&place.join("protea-workspace")).exists(),
            "{runner} was run"
        );
    }
    for runner in ["knn", "lightgbm"] {
        let ran = runs(&narrow, &other, runner);
        ran.fails_with(3, &["are from \"model A\"", "are from \"model B\""]);
    }
    // A baseline needs no embeddings; in a benchmark, only the others have no scores.
    let both = ["benchmark", "--runners", "naive,knn", "--bootstrap", "0"];
    let ran = place.protea(both.iter().chain(&["--train", &narrow, "--eval", &wide]));
    ran.fails_with(1, &["no scores for knn", "needs the same embeddings"]);
    assert!(ran.stdout.contains("naive"), "{ran:#?}");
}

#[test]
fn the_first_line_says_which_data_is_used() {
    let place = Place::new();
    let train = train().into_os_string().into_string().unwrap();
    let search = ["search", "baseline", "--grid", "method=naive"];
    let benchmark = ["benchmark", "--runners", "naive", "--bootstrap", "0"];
    for command in [&["run", "toy"][..], &search, &benchmark] {
        let ran = place.protea(command);
        let first = ran.stdout.lines().next().unwrap_or_default();
        assert!(first.contains("(the example data)"), "{ran:#?}");
        let half = command.iter().copied().chain(["--train", &train]);
        place
            .protea(half)
            .fails_with(2, &["--train is given without --eval"]);
    }
    let given = ["run", "toy", "--train", &train, "--eval", &train];
    let ran = place.protea(given);
    let first = ran.stdout.lines().next().unwrap_or_default();
    assert!(
        first.contains("scored on swissprot-2014-small-train"),
        "{ran:#?}"
    );
    assert!(!first.contains("example"), "{ran:#?}");
}

#[test]
fn a_failed_run_names_the_command_that_prints_its_log() {
    let place = Place::new();
    raw_files(&place);
    let none = frozen(&place, "none", Some((4, "m")));
    // No other dataset has taxa, so this fails in the runner.
    let arguments = [
        "run",
        "knn",
        "--set",
        "exclude_same_taxon=true",
        "--train",
        &none,
        "--eval",
        &none,
    ];
    let ran = place.protea(arguments);
    ran.fails_with(3, &["note: `protea runs log ", "prints the run's log"]);
    let command = ran
        .stderr
        .split("note: `protea ")
        .nth(1)
        .unwrap()
        .split('`')
        .next()
        .unwrap();
    let log = place.protea(command.split(' '));
    assert!(log.stdout.contains("taxa"), "{log:#?}");
    // In another workspace, the command names it.
    let elsewhere = arguments
        .iter()
        .copied()
        .chain(["--workspace", "other/place"]);
    let ran = place.protea(elsewhere);
    let command = ran
        .stderr
        .split("note: `protea ")
        .nth(1)
        .unwrap()
        .split('`')
        .next()
        .unwrap();
    assert!(command.ends_with("--workspace other/place"), "{ran:#?}");
    let log = place.protea(command.split(' '));
    assert!(log.stdout.contains("taxa"), "{log:#?}");
}

#[test]
fn the_summary_has_the_id_of_the_run_and_the_number_of_proteins() {
    let place = Place::new();
    let ran = place.protea(["run", "knn"]);
    let id = ran
        .stdout
        .lines()
        .find_map(|line| line.strip_prefix("run "))
        .unwrap()
        .trim();
    assert_eq!(place.protea(["runs", "show", id]).code, Some(0), "{ran:#?}");
    let heading = ran
        .stdout
        .lines()
        .find(|line| line.contains("fmax"))
        .unwrap();
    let columns: Vec<&str> = heading.split_whitespace().collect();
    assert_eq!(columns[..2], ["fmax", "tau"], "{ran:#?}");
    assert_eq!(columns.last(), Some(&"proteins"), "{ran:#?}");
}

#[test]
fn a_word_of_another_place_says_where_it_belongs() {
    let place = Place::new();
    raw_files(&place);
    for (code, arguments, part) in [
        (
            4,
            "run naive",
            "naive is a method of the runner baseline: use baseline with --set method=naive",
        ),
        (
            2,
            "cv knn --train data/train",
            "the option of 'protea cv' is '--data'",
        ),
        (
            2,
            "freeze data/train --name x",
            "there is 'protea dataset freeze'",
        ),
        (
            2,
            "run knn --spec {\"k\":3}",
            "--spec takes a file, not settings: {\"k\":3}; write settings with --set",
        ),
        // The FASTA file first, then the other dataset.
        (
            3,
            "run knn --train train.fasta",
            "protea dataset freeze train --name train",
        ),
        (
            2,
            "run knn --train data/train",
            "--train is given without --eval",
        ),
        (
            2,
            "runners check nobody",
            "there is no file \"nobody\", and no runner of this name",
        ),
    ] {
        place.protea(arguments.split(' ')).fails_with(code, &[part]);
    }
    let checked = place.protea(["runners", "check", "toy", "--test", "lifecycle/fit"]);
    assert_eq!(checked.code, Some(0), "{checked:#?}");
    assert!(
        checked.stderr.contains("checking the runner toy, "),
        "{checked:#?}"
    );
}

#[test]
fn electronic_annotations_are_told_and_can_be_left_out() {
    let place = Place::new();
    raw_files(&place);
    let mut gaf = String::from("!gaf-version: 2.2\n");
    for (protein, code) in [("P1", "IDA"), ("P2", "IEA"), ("P3", "EXP")] {
        gaf.push_str(&format!(
            "UniProtKB\t{protein}\t{protein}\tenables\tGO:0005524\tPMID:1\t{code}\t\tF\t\t\tprotein\ttaxon:9606\t20250101\tUniProt\t\t\n"
        ));
    }
    place.write("goa.gaf", gaf);
    let freeze = |out: &str, more: &[&str]| {
        let mut arguments = vec![
            "dataset",
            "freeze",
            out,
            "--name",
            out,
            "--ontology",
            "go.obo",
        ];
        arguments.extend(["--fasta", "train.fasta", "--annotations", "goa.gaf"]);
        let made = place.protea(arguments.iter().chain(more));
        assert_eq!(made.code, Some(0), "{made:#?}");
        made
    };
    let all = freeze("all", &[]);
    assert!(
        all.stderr.contains(
            "1 of 3 annotations have evidence that CAFA does not take as true (1 IEA); `--evidence \
             experimental` leaves them out"
        ),
        "{all:#?}"
    );
    assert!(all.stdout.contains("1 EXP, 1 IDA, 1 IEA"), "{all:#?}");
    let kept = freeze("kept", &["--evidence", "experimental"]);
    assert!(
        kept.stdout
            .contains("1 annotations with other evidence codes"),
        "{kept:#?}"
    );
    assert!(!kept.stderr.contains("CAFA does not take"), "{kept:#?}");
}
