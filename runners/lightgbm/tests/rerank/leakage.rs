//! No training protein has a say in what is said of it.

use std::{collections::HashMap, fmt::Write, fs, path::Path};

use protea_cafa::{
    assessment::{embedding_rows, open_dataset},
    dataset::{EmbeddingSource, FreezeRequest, freeze, unwatched},
    ontology::Term,
};
use protea_contracts::Emitter;
use protea_lightgbm::{
    features::{Candidates, Extractor, Query, Schema},
    folds::Folds,
    neighbours::out_of_fold,
    principal::Principal,
    references::References,
    spec::LightGbmSpec,
    statistics::Statistics,
};

use crate::calls::{example, quick};

/// The candidates of every training protein, as they are trained on.
fn candidates(
    references: &References<'_>,
    folds: &Folds,
    spec: &LightGbmSpec,
) -> Vec<Vec<Candidates>> {
    let dataset = references.dataset();
    let neighbours = out_of_fold(references, folds, spec, &Emitter::silent()).unwrap();
    for protein in 0..dataset.len() {
        for namespace in 0..references.ontology().namespaces().len() {
            let list = neighbours.list(protein, namespace);
            assert!(!list.is_empty());
            for neighbour in list {
                let other = neighbour.row as usize;
                assert_ne!(other, protein);
                assert_ne!(folds.of[other], folds.of[protein]);
                assert!(
                    dataset.sequence(protein).is_none()
                        || dataset.sequence(protein) != dataset.sequence(other)
                );
            }
        }
    }
    let schema = Schema::of(dataset, 0, false);
    let principal = Principal::default();
    let statistics = Statistics::count(references, folds.count, |protein| folds.of[protein]);
    let extractor = Extractor::new(references, statistics, &schema, &principal, spec);
    let blocks = embedding_rows(dataset).unwrap();
    let namespaces = Vec::from_iter(0..references.ontology().namespaces().len());
    let mut tables = extractor.tables();
    let of = |protein| {
        let query = Query {
            dataset,
            blocks: &blocks,
            protein,
            fold: Some(folds.of[protein]),
        };
        let list = |namespace| neighbours.list(protein, namespace);
        extractor.candidates(&query, &namespaces, list, &mut tables)
    };
    (0..dataset.len()).map(of).collect()
}

/// How many proteins have each term.
fn counts(references: &References<'_>) -> HashMap<Term, usize> {
    let mut counts = HashMap::new();
    for protein in 0..references.dataset().len() {
        for (term, _) in references.terms(protein) {
            *counts.entry(term).or_default() += 1;
        }
    }
    counts
}

#[test]
fn a_term_that_only_one_protein_has_is_never_suggested_for_it() {
    let dataset = open_dataset(&example("train")).unwrap();
    let references = References::open(&dataset, &Emitter::silent()).unwrap();
    let spec = quick();
    let folds = Folds::deal(&dataset, spec.folds as usize, spec.held_out, 1).unwrap();
    let counts = counts(&references);
    let mut unique = 0;
    for (protein, of_protein) in candidates(&references, &folds, &spec).iter().enumerate() {
        let suggested: Vec<Term> = of_protein.iter().flat_map(|c| c.terms.clone()).collect();
        for (term, _) in references.terms(protein) {
            if counts[&term] == 1 {
                unique += 1;
                assert!(!suggested.contains(&term));
            }
        }
    }
    assert!(unique > 100, "{unique} terms that one protein has");
}

/// Forty pairs of twins: the same sequence and terms of their own under two accessions.
fn twins(place: &Path) -> FreezeRequest {
    let mut random = fastrand::Rng::with_seed(3);
    let (mut obo, mut fasta, mut terms) = (
        "[Term]\nid: GO:0003674\nname: root\nnamespace: molecular_function\n".to_owned(),
        String::new(),
        String::new(),
    );
    for pair in 0..40 {
        let term = format!("GO:90000{pair:02}");
        write!(
            obo,
            "\n[Term]\nid: {term}\nname: t\nnamespace: molecular_function\nis_a: GO:0003674\n"
        )
        .unwrap();
        let sequence: String = (0..80)
            .map(|_| char::from(b"ACDEFGHIKLMNPQRSTVWY"[random.usize(..20)]))
            .collect();
        for twin in ["A", "B"] {
            writeln!(fasta, ">P{pair:02}{twin}\n{sequence}").unwrap();
            writeln!(terms, "P{pair:02}{twin}\t{term}\tF").unwrap();
        }
    }
    let file = |name: &str, content: String| {
        let path = place.join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let mut request = FreezeRequest::new(
        place.join("twins"),
        "twins",
        file("twins.obo", obo),
        file("twins.fasta", fasta),
        file("twins.tsv", terms),
    );
    request.embeddings = EmbeddingSource::Kmer;
    request
}

#[test]
fn a_protein_does_not_vote_for_itself_under_another_accession() {
    let place = tempfile::tempdir().unwrap();
    let directory = freeze(&twins(place.path()), &mut unwatched)
        .unwrap()
        .directory;
    let dataset = open_dataset(&directory).unwrap();
    let references = References::open(&dataset, &Emitter::silent()).unwrap();
    let spec = quick();
    for seed in 0..5 {
        let folds = Folds::deal(&dataset, 7, 0.3, seed).unwrap();
        for pair in 0..40 {
            assert_eq!(folds.of[2 * pair], folds.of[2 * pair + 1]);
            assert_eq!(folds.held_out[2 * pair], folds.held_out[2 * pair + 1]);
        }
        let held_out = folds.held_out.iter().filter(|held_out| **held_out).count();
        assert_eq!(held_out, 24);
        for (protein, of_protein) in candidates(&references, &folds, &spec).iter().enumerate() {
            let own = references
                .terms(protein)
                .find(|(term, _)| !references.ontology().is_root(*term));
            let suggested = &of_protein[0].terms;
            assert!(suggested.len() > 1);
            assert!(!suggested.contains(&own.unwrap().0));
        }
    }
}

#[test]
fn counts_for_a_training_protein_are_those_of_the_other_folds() {
    let dataset = open_dataset(&example("train")).unwrap();
    let references = References::open(&dataset, &Emitter::silent()).unwrap();
    let ontology = references.ontology();
    let folds = Folds::deal(&dataset, 3, 0.2, 9).unwrap();
    let statistics = Statistics::count(&references, 3, |protein| folds.of[protein]);
    let terms: Vec<Term> = counts(&references).into_keys().collect();
    for fold in [None, Some(0), Some(2)] {
        let others = || {
            (0..dataset.len()).filter(|&protein| fold.is_none_or(|fold| folds.of[protein] != fold))
        };
        let view = statistics.view(fold, None);
        for &term in terms.iter().step_by(17) {
            let with = others().filter(|&p| references.has(p, term)).count() as f64;
            let namespace = ontology.namespace_of(term);
            let of = others().filter(|&p| references.is_in(p, namespace)).count() as f64;
            let parents = ontology.parents(term);
            let with_parents = others()
                .filter(|&p| parents.iter().all(|&parent| references.has(p, parent)))
                .count() as f64;
            assert_eq!(view.frequency(ontology, term), with / of);
            let expected = match parents.is_empty() {
                true => 0.0,
                false => ((with_parents + 1.0) / (with + 1.0)).log2(),
            };
            assert_eq!(view.information_accretion(ontology, term), expected);
            assert!(view.frequency_in_taxon(ontology, term).is_nan());
        }
    }
}
