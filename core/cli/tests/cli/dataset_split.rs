//! `protea dataset split`: parts are datasets, and invalid requests are refused.

use serde_json::json;

use crate::place::{Place, Ran};

const GAF: &str = "!gaf-version: 2.2\n";

fn row(accession: &str, term: &str, evidence: &str, aspect: &str) -> String {
    format!(
        "UniProtKB\t{accession}\tX\tenables\t{term}\tPMID:1\t{evidence}\t\t{aspect}\t\t\tprotein\ttaxon:9606\t20240101\tX\t\t\n"
    )
}

/// A dataset of two releases.
fn releases() -> Place {
    let place = Place::new();
    let earlier =
        row("P00001", "GO:0005634", "IDA", "C") + &row("P00002", "GO:0003674", "IDA", "F");
    let later = row("P00001", "GO:0005634", "IDA", "C")
        + &row("P00001", "GO:0003824", "IMP", "F")
        + &row("P00002", "GO:0005488", "IPI", "F")
        + &row("P00003", "GO:0005488", "IEA", "F");
    place.write("earlier.gaf", GAF.to_owned() + &earlier);
    place.write("later.gaf", GAF.to_owned() + &later);
    for name in ["earlier", "later"] {
        place
            .run(&format!(
                "dataset freeze {name} --name {name} --ontology go.obo --fasta proteins.fasta --annotations {name}.gaf"
            ))
            .ok();
    }
    place
}

#[test]
fn parts_are_datasets_that_record_their_parent() {
    let place = Place::new();
    let whole = place.freeze("--json").ok().json();
    let ran = place
        .run("dataset split frozen parts --by random --test 0.34 --seed 3")
        .ok();
    for part in [
        "part   proteins  annotated  annotations  dataset",
        "train         2",
        "parts/test",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is not in {ran:#?}");
    }
    let shown = place.run("dataset show parts/train").ok();
    let parent = format!("parent       {}\n", whole["sha256"].as_str().unwrap());
    assert!(shown.stdout.contains(&parent), "{shown:#?}");
    place.run("dataset verify parts/test").ok();

    let again = place
        .run("dataset split frozen again --by random --test 0.34 --seed 3 --json --quiet")
        .ok();
    assert_eq!(again.stderr, "");
    let json = again.json();
    assert_eq!(json["dataset"]["sha256"], whole["sha256"]);
    assert_eq!(json["groups"], 3);
    assert_eq!(json["parts"][1]["part"], "test");
    let test = place.run("dataset show parts/test --json").ok().json();
    assert_eq!(json["parts"][1]["sha256"], test["sha256"]);
    let error = place.run("dataset split frozen parts --by random").error(5);
    assert!(error.contains("parts: already exists"), "{error}");
}

#[test]
fn lists_clusters_and_known_taxa_split_a_dataset() {
    let place = Place::new();
    place.freeze("").ok();
    place.write("test.txt", "P00002\n");
    let given = place
        .run("dataset split frozen given --by given --test-ids test.txt --json")
        .ok();
    assert_eq!(given.json()["parts"][1]["counts"]["proteins"], 1);
    place.write(
        "clusters.tsv",
        "P00001\tP00001\nP00001\tP00002\nP00003\tP00003\n",
    );
    let clustered = place
        .run(
            "dataset split frozen clustered --by cluster --clusters clusters.tsv --test 0.3 --json",
        )
        .ok();
    assert_eq!(clustered.json()["groups"], 2);
    assert_eq!(clustered.json()["parts"][0]["counts"]["proteins"], 2);
    place.write("taxa.tsv", "P00002\t10090\nP00003\t9606\n");
    place
        .run("dataset freeze taxa --name taxa --ontology go.obo --fasta proteins.fasta --annotations terms.tsv --taxonomy taxa.tsv")
        .ok();
    let by_taxon = place
        .run("dataset split taxa by-taxon --by taxon --test-taxa 10090 --json")
        .ok();
    assert_eq!(by_taxon.json()["parts"][1]["counts"]["proteins"], 1);
    let error = place
        .run("dataset split frozen none --by taxon --test-taxa 9606")
        .error(3);
    assert!(error.contains("2 of 3 proteins have no taxon"), "{error}");
    assert!(!place.join("none").exists());
}

#[test]
fn invalid_values_and_combinations_are_refused() {
    let place = releases();
    place.write("test.txt", "P00002\n");
    place.write("unknown.txt", "P12345\n");
    place.write("clusters.tsv", "P00001\tc1\n");
    for (options, code, part) in [
        ("", 2, "--by"),
        (
            "--by chance",
            2,
            "possible values: given, random, cluster, taxon, clade, time",
        ),
        ("--by random --test 1", 2, "a fraction between 0 and 1"),
        (
            "--by random --test 0.5 --validation 0.5",
            3,
            "leave no training part",
        ),
        (
            "--by random --test 0.1",
            3,
            "the part test would have no protein",
        ),
        ("--by random --seed x", 2, "--seed"),
        (
            "--by random --clusters clusters.tsv",
            2,
            "--clusters cannot be used with --by random",
        ),
        (
            "--by random --test-taxa 9606",
            2,
            "--test-taxa cannot be used with --by random",
        ),
        (
            "--by random --no-protein-binding",
            2,
            "--no-protein-binding cannot be used with --by random",
        ),
        (
            "--by cluster --min-seq-id 1.5",
            2,
            "a fraction between 0 and 1",
        ),
        (
            "--by cluster --min-seq-id 0.5 --clusters clusters.tsv",
            2,
            "cannot be used with",
        ),
        (
            "--by random --min-seq-id 0.5",
            2,
            "--min-seq-id cannot be used with --by random",
        ),
        (
            "--by cluster --clusters nowhere.tsv",
            3,
            "nowhere.tsv: cannot be read",
        ),
        (
            "--by cluster --clusters clusters.tsv",
            3,
            "2 of 3 proteins (P00002, P00003) are not in the file of clusters",
        ),
        ("--by taxon --test-taxa human", 2, "--test-taxa"),
        (
            "--by taxon --test 0.5 --test-taxa 9606",
            2,
            "cannot be used with",
        ),
        ("--by taxon --validation-taxa 9606", 2, "--test-taxa"),
        ("--by given", 2, "--test-ids"),
        (
            "--by given --test-ids unknown.txt",
            3,
            "1 of the proteins in unknown.txt are not in the dataset (P12345)",
        ),
        (
            "--by given --test-ids test.txt --train-ids test.txt",
            3,
            "P00002 is both in test.txt and in test.txt",
        ),
        (
            "--by given --test-ids test.txt --validation-ids earlier.gaf",
            3,
            "earlier.gaf",
        ),
        (
            "--by given --test-ids test.txt --seed 1",
            2,
            "--seed cannot be used with --by given",
        ),
        ("--by time", 2, "--later"),
        ("--by time --later bin", 3, "bin: not a frozen dataset"),
        (
            "--by time --later later --test 0.1",
            2,
            "--test cannot be used with --by time",
        ),
        (
            "--by time --later later --evidence ida",
            2,
            "\"ida\" is not an evidence code",
        ),
        (
            "--by time --later later --evidence any,IDA",
            2,
            "or only `experimental` (with TAS and IC) or `any`",
        ),
        ("--by time --later later --evidence IBA", 3, "no protein of"),
        (
            "--by time --later earlier",
            3,
            "gained an annotation that counts (3 of its 3 proteins are in both",
        ),
    ] {
        let error = place
            .run(&format!("dataset split earlier out {options}"))
            .error(code);
        assert!(error.contains(part), "{options}: {error}");
        assert!(!place.join("out").exists(), "{options}");
    }
    let error = place.run("dataset split bin out --by random").error(3);
    assert!(error.contains("not a frozen dataset"), "{error}");
    let error = place
        .run("dataset split earlier clusters.tsv/out --by random --test 0.4")
        .error(5);
    assert!(error.contains("clusters.tsv"), "{error}");
}

#[test]
fn a_split_by_time_reports_targets_and_skipped_annotations() {
    let place = releases();
    let ran = place
        .run("dataset split earlier targets --by time --later later")
        .ok();
    insta::assert_snapshot!(ran.stdout, @r"
    targets  proteins  MFO  BPO  CCO  dataset
    NK              1    1    0    0  targets/no-knowledge
    LK              1    1    0    0  targets/limited-knowledge

    train on  earlier
    skipped   1 later annotation with other evidence codes
    ");
    let json = place
        .run("dataset split earlier again --by time --later later --evidence any --json")
        .ok()
        .json();
    assert_eq!(json["targets"][0]["knowledge"], "NK");
    assert_eq!(json["targets"][0]["aspects"], json!({"MFO": 2}));
    assert_eq!(json["known"], json!(null));
    let later = place.run("dataset show later --json").ok().json();
    assert_eq!(json["later"]["sha256"], later["sha256"]);
}

/// What MMseqs2 does itself is in the end-to-end tests.
#[test]
#[cfg(unix)]
fn clusters_are_computed_by_mmseqs_or_requested() {
    use std::os::unix::fs::PermissionsExt;

    let place = Place::new();
    place.freeze("").ok();
    let with = |directory: &str| {
        let mut command = place.command();
        let line = "dataset split frozen out --by cluster --test 0.3 --json";
        command.args(line.split(' ')).env(
            "PATH",
            format!("{}:/usr/bin:/bin", place.join(directory).display()),
        );
        command
    };
    let program = |directory: &str, text: &str| {
        let path = place.write(&format!("{directory}/mmseqs"), text);
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    // Two proteins in one cluster.
    program(
        "good",
        "#!/bin/sh\n[ $1 = version ] && echo 13-x && exit\n[ $6 = 0.3 ] && grep -c '>' $2 > work\n\
         printf 'P00001\\tP00001\\nP00003\\tP00002\\nP00003\\tP00003\\n' > clusters_cluster.tsv\n",
    );
    let ran = Ran::from(with("good").output().unwrap()).ok();
    assert_eq!(ran.json()["groups"], 2);
    assert_eq!(ran.json()["clustered_by"], "MMseqs2 13-x");
    std::fs::rename(place.join("out"), place.join("first")).unwrap();

    program(
        "bad",
        "#!/bin/sh\n[ $1 = version ] && exit\necho no luck >&2\nexit 3\n",
    );
    let error = Ran::from(with("bad").output().unwrap()).error(1);
    assert!(error.contains("exit status: 3: no luck"), "{error}");
    let error = Ran::from(
        with("none")
            .env("PATH", place.join("none"))
            .output()
            .unwrap(),
    )
    .error(3);
    assert!(
        error.contains("apt-get install mmseqs2") && error.contains("--clusters"),
        "{error}"
    );
    assert!(!place.join("out").exists());
}

/// What it started goes with it.
#[test]
#[cfg(unix)]
fn a_running_program_ends_with_the_command() {
    use std::os::unix::fs::PermissionsExt;
    use std::time::{Duration, Instant};

    let place = Place::new();
    place.freeze("").ok();
    let started = place.join("started");
    let text = format!(
        "#!/bin/sh\n[ $1 = version ] && exit\nsleep 300 &\necho $! > {0}.part\nmv {0}.part {0}\nwait\n",
        started.display()
    );
    let path = place.write("slow/mmseqs", text);
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = place.command();
    let child = command
        .args("dataset split frozen out --by cluster".split(' '))
        .env(
            "PATH",
            format!("{}:/usr/bin:/bin", place.join("slow").display()),
        )
        .stderr(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let until = |done: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !done() {
            assert!(
                began.elapsed() < Duration::from_secs(60),
                "nothing came of it"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    until(&|| started.exists());
    let id = std::fs::read_to_string(&started).unwrap();
    let signal = |what: &str, id: &str| {
        let mut kill = std::process::Command::new("kill");
        let kill = kill
            .args([what, id.trim()])
            .stderr(std::process::Stdio::null());
        kill.status().unwrap().success()
    };
    assert!(signal("-TERM", &child.id().to_string()));
    let ran = Ran::from(child.wait_with_output().unwrap());
    ran.error(143);
    // The process is gone, or a zombie until whoever adopted it looks.
    until(&|| {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", id.trim()));
        !signal("-0", &id) || state.is_ok_and(|text| text.contains(") Z "))
    });
    assert!(!place.join("out").exists());
}
