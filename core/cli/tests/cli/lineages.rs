//! `--lineages` of `protea dataset freeze`, and `protea dataset split --by clade`.

use std::fs;

use serde_json::{Value, json};

use crate::place::{Place, Ran};

/// Two families: 10 with the genera 11 and 12, 20 with the genus 21; 30 has no family.
const NODES: &str = "\
1\t|\t1\t|\tno rank\t|\n\
10\t|\t1\t|\tfamily\t|\n\
11\t|\t10\t|\tgenus\t|\n\
12\t|\t10\t|\tgenus\t|\n\
20\t|\t1\t|\tfamily\t|\n\
21\t|\t20\t|\tgenus\t|\n\
30\t|\t1\t|\tspecies\t|\n\
40\t|\t1\t|\tspecies\t|\n";

/// Five proteins; the taxon 13 was merged into 12.
const TAXA: [u32; 5] = [11, 11, 13, 21, 30];

fn place() -> Place {
    let place = Place::new();
    let (mut fasta, mut terms) = (String::new(), String::new());
    for (number, taxon) in TAXA.iter().enumerate() {
        fasta += &format!(">P0000{number} OX={taxon}\nMKTAYIAKQRQISFVKSHFSRQ\n");
        terms += &format!("P0000{number}\tGO:0005488\tF\n");
    }
    place.write("proteins.fasta", fasta);
    place.write("terms.tsv", terms);
    place.write("nodes.dmp", NODES);
    place.write("merged.dmp", "13\t|\t12\t|\n");
    place
}

fn parts(place: &Place, more: &str) -> Value {
    let _ = fs::remove_dir_all(place.join("parts"));
    place
        .run(&format!(
            "dataset split frozen parts --by clade {more} --json"
        ))
        .ok()
        .json()
}

/// The accessions of a part, by its last digits.
fn members(place: &Place, part: &str) -> Vec<String> {
    let text = fs::read_to_string(place.join("parts/split.tsv")).unwrap();
    let rows = text.lines().skip(1).filter_map(|line| {
        let mut columns = line.split('\t');
        let (accession, of) = (columns.next().unwrap(), columns.next().unwrap());
        (of == part).then(|| accession[5..].to_owned())
    });
    rows.collect()
}

#[test]
fn lineages_are_frozen_with_what_is_missing() {
    let place = place();
    let ran = place.freeze("--lineages nodes.dmp").ok();
    for part in [
        "lineages        of 4 taxa\n",
        "1 of these were merged into others (13 -> 12)\n",
    ] {
        assert!(ran.stdout.contains(part), "{part:?} is not in {ran:#?}");
    }
    let table = fs::read_to_string(place.join("frozen/lineages.tsv")).unwrap();
    assert!(table.contains("13\t12\tmerged\n"), "{table}");
    assert!(!table.contains("40\t"), "{table}");
    place.run("dataset verify frozen").ok();
    // Nothing else of the dataset depends on them.
    let with = place.run("dataset show frozen --json").ok().json();
    fs::rename(place.join("frozen"), place.join("with")).unwrap();
    place.freeze("").ok();
    let without = place.run("dataset show frozen --json").ok().json();
    assert_eq!(with["manifest"]["counts"], without["manifest"]["counts"]);
    let names = |manifest: &Value| -> Vec<String> {
        let files = manifest["manifest"]["files"].as_array().unwrap();
        files.iter().map(|file| file["path"].to_string()).collect()
    };
    let added: Vec<String> = names(&with)
        .into_iter()
        .filter(|name| !names(&without).contains(name))
        .collect();
    assert_eq!(added, ["\"lineages.tsv\""]);
    fs::remove_dir_all(place.join("frozen")).unwrap();

    // Deleted taxa and those that the file does not have are told apart.
    place.write(
        "nodes.dmp",
        NODES
            .replace("30\t|", "31\t|")
            .replace("21\t|\t20", "22\t|\t20"),
    );
    place.write("delnodes.dmp", "30\t|\n");
    let report = place.freeze("--lineages nodes.dmp --json").ok().json();
    assert_eq!(
        report["lineages"]["deleted"],
        json!({"count": 1, "examples": ["30"]})
    );
    assert_eq!(
        report["lineages"]["unknown"],
        json!({"count": 1, "examples": ["21"]})
    );
    let error = place
        .run("dataset split frozen parts --by clade --test-clades 10")
        .error(3);
    assert!(error.contains("2 of 5 proteins have no lineage"), "{error}");
}

#[test]
fn clades_are_held_out_whole() {
    let place = place();
    place.freeze("--lineages nodes.dmp").ok();
    parts(&place, "--test-clades 10");
    assert_eq!(members(&place, "test"), ["0", "1", "2"]);
    parts(&place, "--test-clades 13 --validation-clades 20");
    assert_eq!(members(&place, "test"), ["2"]);
    assert_eq!(members(&place, "validation"), ["3"]);
    assert_eq!(members(&place, "train"), ["0", "1", "4"]);
    // The parts have the lineages too.
    assert!(place.join("parts/train/lineages.tsv").is_file());

    // At random, by rank: each family is whole, and 30 has none.
    let made = parts(&place, "--rank family --test 0.4 --seed 1");
    assert_eq!(made["groups"], 3);
    assert_eq!(
        made["without_rank"],
        json!({"count": 1, "examples": ["30"]})
    );
    let test = members(&place, "test");
    let together = ["0", "1", "2"].map(|member| test.contains(&member.to_owned()));
    assert!(together == [true; 3] || together == [false; 3], "{test:?}");
}

fn refused(place: &Place, more: &str, code: i32, part: &str) {
    let error = place
        .run(&format!("dataset split frozen parts --by clade {more}"))
        .error(code);
    assert!(error.contains(part), "{error}");
    assert!(!place.join("parts").exists());
}

#[test]
fn what_cannot_be_split_by_clade_is_named() {
    let place = place();
    place.freeze("").ok();
    refused(&place, "--test-clades 10", 3, "--lineages");
    refused(&place, "--rank family", 3, "--lineages");
    refused(&place, "", 2, "--test-clades or --rank");
    refused(&place, "--test-clades 10 --rank family", 2, "--rank");
    fs::remove_dir_all(place.join("frozen")).unwrap();
    place.freeze("--lineages nodes.dmp").ok();
    refused(&place, "--test-clades 40", 3, "no protein of clade 40");
    refused(
        &place,
        "--test-clades 10 --validation-clades 11",
        3,
        "overlap",
    );
    refused(
        &place,
        "--rank order",
        3,
        "the ranks are no rank, family, genus",
    );
    let misplaced: Ran = place.run("dataset split frozen parts --by taxon --test-clades 10");
    assert_eq!(misplaced.code, Some(2), "{misplaced:#?}");

    let freeze = |more: &str| {
        place.run(&format!(
            "dataset freeze other --name o --ontology go.obo --fasta proteins.fasta --annotations terms.tsv {more}"
        ))
    };
    place.write("loop.tsv", "11\t13\n13\t11\n");
    let error = freeze("--lineages loop.tsv").error(3);
    assert!(
        error.contains("taxon 11 is its own ancestor, through 11, 13"),
        "{error}"
    );
    place.write("others.tsv", "5\t4\n");
    let error = freeze("--lineages others.tsv").error(3);
    assert!(
        error.contains("none of the 4 taxa of the dataset (11, 13, 21, …)"),
        "{error}"
    );
    place.write("bare.fasta", ">P00001\nMKTAYIAKQRQISFVKSHFSRQ\n");
    let error = place
        .run("dataset freeze other --name o --ontology go.obo --fasta bare.fasta --lineages nodes.dmp")
        .error(3);
    assert!(
        error.contains("no protein of the dataset has a taxon"),
        "{error}"
    );
}

#[test]
fn inspect_recognises_the_files_of_a_taxonomy() {
    let place = place();
    place.write("delnodes.dmp", "31\t|\n");
    place.write(
        "names.dmp",
        "1\t|\troot\t|\t\t|\tscientific name\t|\n1\t|\tall\t|\t\t|\tsynonym\t|\n",
    );
    place.write("parents.tsv", "9606\t9605\n9605\t207598\n");
    let inspected = |file: &str| {
        place
            .run(&format!("dataset inspect {file} --json"))
            .ok()
            .json()[0]
            .take()
    };
    let nodes = inspected("nodes.dmp");
    assert_eq!(nodes["kind"], "lineages of taxa (taxon, parent)");
    assert_eq!(nodes["rows"], 8);
    assert_eq!(nodes["ids"], json!(["1", "10", "11"]));
    assert_eq!(
        nodes["notes"],
        json!([
            "4 ranks: no rank, family, genus, species",
            "1 taxa that were merged into others",
            "1 taxa that were deleted"
        ])
    );
    let read_by = |value: &Value| value["read_by"].as_str().unwrap_or("-").to_owned();
    assert!(read_by(&nodes).contains("--lineages nodes.dmp"), "{nodes}");
    for (file, kind, rows, reader) in [
        ("merged.dmp", "merged.dmp", 1, "--lineages nodes.dmp, with"),
        (
            "delnodes.dmp",
            "delnodes.dmp",
            1,
            "--lineages nodes.dmp, with",
        ),
        ("names.dmp", "names.dmp", 2, "-"),
        ("parents.tsv", "taxon, parent", 2, "--lineages parents.tsv"),
    ] {
        let found = inspected(file);
        let is = found["kind"].as_str().unwrap();
        assert!(is.contains(kind), "{found}");
        assert_eq!(found["rows"], rows, "{found}");
        assert!(read_by(&found).contains(reader), "{found}");
    }
    let parents = inspected("parents.tsv");
    assert_eq!(parents["dropped"][0]["examples"], json!(["207598"]));
    // A cycle is told.
    place.write("cycle.tsv", "2\t3\n3\t2\n");
    let problem = inspected("cycle.tsv")["problem"].to_string();
    assert!(problem.contains("its own ancestor"), "{problem}");
}
