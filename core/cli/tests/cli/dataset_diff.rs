//! `protea dataset diff`, and versions of a dataset.

use crate::place::{Place, TERMS};

#[test]
fn the_exit_code_tells_whether_datasets_differ() {
    let place = Place::new();
    place.freeze("").ok();
    let same = place.run("dataset diff frozen frozen").ok();
    assert!(same.stdout.ends_with("\nno differences\n"), "{same:#?}");
    let same = place.run("dataset diff frozen frozen --json").ok().json();
    assert_eq!(same["same"], true);

    place.write("terms.tsv", format!("{TERMS}P00003\tGO:0005634\tC\n"));
    let line = "dataset freeze second --name small --ontology go.obo --fasta proteins.fasta --annotations terms.tsv";
    place
        .run(&format!("{line} --parent frozen --version 2"))
        .ok();
    let ran = place.run("dataset diff frozen second");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    assert!(!ran.stderr.contains("error"), "{ran:#?}");
    for part in [
        "counts.annotated_proteins: 2 → 3\n",
        "version: 1 → 2\n",
        "parent: none → ",
        "annotations  evidence  added  removed\n",
        "CCO          -             1        0\n",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is not in {ran:#?}");
    }
    let ran = place.run("dataset diff frozen second --json");
    assert_eq!(ran.code, Some(1), "{ran:#?}");
    let json = ran.json();
    assert_eq!(json["same"], false);
    assert_eq!(json["annotations"]["added"][0][0], "P00003");
    assert!(json.get("error").is_none());
}

#[test]
fn a_new_version_has_the_hash_of_the_one_before() {
    let place = Place::new();
    let first = place.freeze("--json").ok().json();
    let line = "dataset freeze second --name small --ontology go.obo --fasta proteins.fasta --annotations terms.tsv --version 2";
    let second = place
        .run(&format!("{line} --parent frozen --json"))
        .ok()
        .json();
    assert_eq!(second["manifest"]["parent"], first["sha256"]);
    let error = place
        .run(
            &line
                .replace("second", "third")
                .replace("--version 2", "--parent bin"),
        )
        .error(3);
    assert!(error.contains("bin: not a frozen dataset"), "{error}");
    assert!(!place.join("third").exists());
}

#[test]
fn only_datasets_can_be_compared() {
    let place = Place::new();
    place.freeze("").ok();
    for (line, code) in [
        ("dataset diff frozen bin", 3),
        ("dataset diff nowhere frozen", 3),
        ("dataset diff frozen", 2),
    ] {
        place.run(line).error(code);
    }
}
