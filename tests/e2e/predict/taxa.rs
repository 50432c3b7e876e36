//! Taxa and lineages of new proteins, for models that use them; folds by clade.

use std::collections::BTreeSet;

use protea_e2e::{Place, Ran};

const ONTOLOGY: &str = "format-version: 1.2\n
[Term]\nid: GO:0003674\nname: molecular_function\nnamespace: molecular_function\n
[Term]\nid: GO:0005524\nname: ATP binding\nnamespace: molecular_function\nis_a: GO:0003674\n
[Term]\nid: GO:0003677\nname: DNA binding\nnamespace: molecular_function\nis_a: GO:0003674\n";

/// The genera 10 and 20 below the family 1, with the species 11, 12 and 21; 13 is of the genus 10.
const TRAINED: &str =
    "1\t1\tfamily\n10\t1\tgenus\n20\t1\tgenus\n11\t10\tspecies\n12\t10\tspecies\n21\t20\tspecies\n";
const ALL: &str = "1\t1\tfamily\n10\t1\tgenus\n13\t10\tspecies\n";

/// A place with a dataset: proteins of the genus 10 bind ATP, those of 20 bind DNA.
fn place() -> Place {
    let place = Place::new();
    let (mut fasta, mut terms) = (String::new(), String::new());
    for (number, taxon) in [11, 12, 21, 11, 12, 21].into_iter().enumerate() {
        let end = ["WWWW", "FFFF", "YYYY"][number % 3];
        fasta += &format!(">P0000{number} OX={taxon}\nMKTAYIAKQRQISFVKSHFSRQ{end}\n");
        let term = if taxon == 21 {
            "GO:0003677"
        } else {
            "GO:0005524"
        };
        terms += &format!("P0000{number}\t{term}\tF\n");
    }
    place.write("go.obo", ONTOLOGY);
    place.write("train.fasta", fasta);
    place.write("terms.tsv", terms);
    place.write("trained.tsv", TRAINED);
    place.write("all.tsv", ALL);
    place.write("taxa.tsv", "new\t13\n");
    place.write("new.fasta", ">new\nMKTAYIAKQRQISFVKSHFSRQWWWW\n");
    let frozen = ok(
        &place,
        "dataset freeze train --name train --ontology go.obo --fasta train.fasta \
         --annotations terms.tsv --features kmer --lineages trained.tsv",
    );
    assert!(frozen.stdout.contains("lineages"), "{frozen:#?}");
    place
}

fn protea(place: &Place, arguments: &str) -> Ran {
    place.protea(arguments.split_whitespace())
}

fn ok(place: &Place, arguments: &str) -> Ran {
    let ran = protea(place, arguments);
    assert_eq!(ran.code, Some(0), "{ran:#?}");
    ran
}

/// The terms that are predicted for the new protein.
fn terms(ran: &Ran) -> BTreeSet<String> {
    let lines = ran.stdout.lines().filter(|line| line.starts_with("new\t"));
    lines
        .map(|line| line.split('\t').nth(1).unwrap().to_owned())
        .collect()
}

#[test]
fn new_proteins_have_taxa_and_lineages() {
    let place = place();
    let model =
        "predict knn --train train --set k=2 --set exclude_same_clade=genus --fasta new.fasta";
    protea(&place, model).fails_with(
        3,
        &[
            "exclude_same_clade",
            "have none; give them with --taxonomy, or as OX=",
        ],
    );
    // The training set has no lineage of the taxon 13, so no clade is left out.
    let ran = ok(&place, &format!("{model} --taxonomy taxa.tsv"));
    assert!(
        ran.stderr
            .contains("1 taxa of the proteins have no lineage"),
        "{ran:#?}"
    );
    assert!(
        ran.stderr.contains("(13)") && ran.stderr.contains("--lineages"),
        "{ran:#?}"
    );
    assert_eq!(terms(&ran), ["GO:0005524".to_owned()].into());
    // With it, only proteins of the other genus vote.
    let ran = ok(
        &place,
        &format!("{model} --taxonomy taxa.tsv --lineages all.tsv"),
    );
    assert!(!ran.stderr.contains("no lineage"), "{ran:#?}");
    assert_eq!(terms(&ran), ["GO:0003677".to_owned()].into());
    // The header of FASTA can name the taxon.
    place.write("new.fasta", ">new OX=21\nMKTAYIAKQRQISFVKSHFSRQYYYY\n");
    assert_eq!(terms(&ok(&place, model)), ["GO:0005524".to_owned()].into());
    // Both options are for --fasta.
    protea(&place, "predict latest --dataset train --taxonomy taxa.tsv")
        .fails_with(2, &["--fasta"]);
}

#[test]
fn folds_hold_out_clades() {
    let place = place();
    let cv =
        |more: &str| format!("cv knn --data train --folds 2 --set k=1 --group-by clade {more}");
    let ran = ok(&place, &cv("--rank genus --json"));
    let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(found["groups"], 2);
    assert_eq!(found["without_rank"]["count"], 0);
    let table = std::path::Path::new(found["datasets"].as_str().unwrap()).join("folds.tsv");
    let folds = std::fs::read_to_string(table).unwrap();
    let fold = |protein: usize| {
        let line = folds
            .lines()
            .find(|line| line.starts_with(&format!("P0000{protein}\t")));
        line.unwrap().split('\t').nth(1).unwrap().to_owned()
    };
    for protein in [1, 3, 4] {
        assert_eq!(fold(protein), fold(0));
    }
    assert_eq!(fold(5), fold(2));
    assert_ne!(fold(0), fold(2));
    protea(&place, &cv("")).fails_with(2, &["--rank family"]);
    protea(&place, &cv("--rank order")).fails_with(3, &["the ranks are family, genus, species"]);
    protea(&place, "cv knn --data train --group-by taxon --rank genus")
        .fails_with(2, &["--rank is only"]);
}
