//! Taxa and clades that suggest no terms.

use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

use protea_cafa::{
    assessment::open_dataset,
    dataset::{EmbeddingSource, FreezeRequest, freeze, unwatched},
};
use protea_contracts::{Emitter, RunnerError};

use super::calls::{evaluate, explain, fit, lightgbm, predictions, quick};
use crate::{
    labelled::TrainingSet,
    references::References,
    spec::{LightGbmSpec, Rerank},
};

/// Genera 10, 20 and 30 below the family 1; two species in each.
const LINEAGES: &str = "taxon\tparent\trank\n1\t1\tfamily\n10\t1\tgenus\n20\t1\tgenus\n\
    30\t1\tgenus\n11\t10\tspecies\n12\t10\tspecies\n21\t20\tspecies\n22\t20\tspecies\n\
    31\t30\tspecies\n32\t30\tspecies\n";
const TAXA: [u32; 6] = [11, 12, 21, 22, 31, 32];
/// Proteins of the training set.
const PROTEINS: usize = 240;

fn genus(taxon: u32) -> u32 {
    taxon / 10 * 10
}

/// The term that the proteins of a genus have, and the one that those of a taxon have.
fn terms(taxon: u32) -> [String; 2] {
    [genus(taxon), taxon].map(|number| format!("GO:90000{number}"))
}

/// Random sequences of the six taxa in turn. Each protein has the terms of its taxon and its genus.
fn frozen(place: &Path, name: &str, proteins: usize, with_taxa: bool) -> std::path::PathBuf {
    let mut random = fastrand::Rng::with_seed(5);
    let mut obo = "[Term]\nid: GO:0003674\nname: root\nnamespace: molecular_function\n".to_owned();
    for taxon in TAXA {
        for (id, parent) in [
            (genus(taxon), "GO:0003674".to_owned()),
            (taxon, terms(taxon)[0].clone()),
        ] {
            let id = format!("GO:90000{id}");
            if !obo.contains(&id) {
                write!(
                    obo,
                    "\n[Term]\nid: {id}\nname: t\nnamespace: molecular_function\nis_a: {parent}\n"
                )
                .unwrap();
            }
        }
    }
    let (mut fasta, mut annotations) = (String::new(), String::new());
    for number in 0..proteins {
        let taxon = TAXA[number % TAXA.len()];
        let sequence: String = (0..60)
            .map(|_| b"ARNDCQEGHILKMFPSTWYV"[random.usize(..20)] as char)
            .collect();
        let ox = if with_taxa {
            format!(" OX={taxon}")
        } else {
            String::new()
        };
        writeln!(fasta, ">{name}{number}{ox}\n{sequence}").unwrap();
        writeln!(annotations, "{name}{number}\t{}\tF", terms(taxon)[1]).unwrap();
    }
    let write = |ending: &str, text: &str| {
        let path = place.join(format!("{name}.{ending}"));
        fs::write(&path, text).unwrap();
        path
    };
    let mut request = FreezeRequest::new(
        place.join(name),
        name,
        write("obo", &obo),
        write("fasta", &fasta),
        write("tsv", &annotations),
    );
    request.embeddings = EmbeddingSource::Kmer;
    request.lineages = with_taxa.then(|| write("lineages", LINEAGES));
    freeze(&request, &mut unwatched).unwrap().directory
}

/// Settings with which the votes are the predictions.
fn votes() -> LightGbmSpec {
    LightGbmSpec {
        rerank: Rerank::WhereItWins,
        trees: 1,
        learning_rate: 0.001,
        minimum_in_leaf: 5,
        ..quick()
    }
}

#[test]
fn training_proteins_have_no_neighbours_of_their_clade() {
    let place = tempfile::tempdir().unwrap();
    let dataset = open_dataset(&frozen(place.path(), "train", PROTEINS, true)).unwrap();
    let spec = LightGbmSpec {
        exclude_same_clade: Some("genus".to_owned()),
        ..quick()
    };
    let training_set = TrainingSet::prepare(&dataset, &spec, 1, &Emitter::silent()).unwrap();
    let taxon = |protein: usize| dataset.taxon(protein).unwrap();
    for protein in 0..PROTEINS {
        let list = training_set.neighbours.list(protein, 0);
        assert_eq!(list.len(), spec.k as usize);
        for neighbour in list {
            let other = neighbour.row as usize;
            assert_ne!(genus(taxon(protein)), genus(taxon(other)));
            assert_ne!(
                training_set.folds.fold[protein],
                training_set.folds.fold[other]
            );
        }
    }
}

#[test]
fn an_excluded_clade_is_not_trained_on() {
    let place = tempfile::tempdir().unwrap();
    let dataset = open_dataset(&frozen(place.path(), "train", PROTEINS, true)).unwrap();
    let spec = LightGbmSpec {
        exclude_clades: vec![10],
        exclude_taxa: vec![21],
        ..quick()
    };
    let silent = Emitter::silent();
    let references = References::open(&dataset, &spec, &silent).unwrap();
    let training_set = TrainingSet::prepare(&dataset, &spec, 1, &silent).unwrap();
    let labeller = training_set.labeller(&silent).unwrap();
    let is_excluded = |protein: usize| [11, 12, 21].contains(&dataset.taxon(protein).unwrap());
    let mut used = 0;
    for held_out in [false, true] {
        for &protein in &labeller.chosen(0, held_out).proteins {
            used += 1;
            assert!(!is_excluded(protein));
            let list = training_set.neighbours.list(protein, 0);
            assert!(list.iter().all(|other| !is_excluded(other.row as usize)));
        }
    }
    assert_eq!(used, PROTEINS / 2);
    let with_terms = |protein: &usize| references.terms(*protein).count() > 0;
    assert_eq!((0..PROTEINS).filter(with_terms).count(), PROTEINS / 2);
}

#[test]
fn queries_get_no_terms_of_excluded_references() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let train = frozen(place.path(), "train", PROTEINS, true);
    let test = frozen(place.path(), "test", 12, true);
    let predicted = |spec: &LightGbmSpec, name: &str| {
        let (model, output) = (place.path().join(name), place.path().join("predicted"));
        fit(spec, &train, &model).unwrap();
        evaluate(&model, &test, &output, 2).unwrap();
        let mut by_protein: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (protein, term, _) in predictions(&output) {
            by_protein.entry(protein).or_default().push(term);
        }
        assert_eq!(by_protein.len(), 12);
        by_protein
    };
    let taxon = |protein: &str| {
        let number: usize = protein.trim_start_matches("test").parse().unwrap();
        TAXA[number % TAXA.len()]
    };
    let same = LightGbmSpec {
        exclude_same_clade: Some("genus".to_owned()),
        ..votes()
    };
    for (protein, found) in predicted(&same, "same") {
        for term in terms(taxon(&protein)) {
            assert!(!found.contains(&term), "{protein} {found:?}");
        }
    }
    let own = LightGbmSpec {
        exclude_same_taxon: true,
        ..votes()
    };
    for (protein, found) in predicted(&own, "own") {
        assert!(
            !found.contains(&terms(taxon(&protein))[1]),
            "{protein} {found:?}"
        );
    }
    let clade = LightGbmSpec {
        exclude_clades: vec![30],
        ..votes()
    };
    for (protein, found) in predicted(&clade, "clade") {
        assert!(!found.contains(&terms(31)[0]), "{protein} {found:?}");
    }
    // An explanation comes from the same search.
    let explained = explain(&place.path().join("same"), &test, "test0", None).unwrap();
    for term in explained.terms.iter().filter(|term| term.predicted) {
        assert!(!terms(11).contains(&term.term), "{term:?}");
    }
}

#[test]
fn missing_taxa_and_unknown_ranks_are_named() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let train = frozen(place.path(), "train", PROTEINS, true);
    let without = frozen(place.path(), "without", 12, false);
    let output = place.path().join("model");
    let same = |rank: &str| LightGbmSpec {
        exclude_same_clade: Some(rank.to_owned()),
        ..votes()
    };
    let error = fit(&same("genus"), &without, &output).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, RunnerError::Dataset { .. }), "{error}");
    assert!(
        text.contains("exclude_same_clade") && text.contains("--lineages"),
        "{text}"
    );
    let error = fit(&same("order"), &train, &output).unwrap_err();
    assert!(
        error.to_string().contains("family, genus, species"),
        "{error}"
    );
    fit(&same("genus"), &train, &output).unwrap();
    let error = evaluate(&output, &without, &place.path().join("predicted"), 2).unwrap_err();
    assert!(error.to_string().contains("--taxonomy"), "{error}");
}
