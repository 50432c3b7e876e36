//! The labels of a training protein do not leak into its features.

use std::{collections::HashMap, fmt::Write, fs, path::Path};

use protea_cafa::{
    assessment::open_dataset,
    dataset::{EmbeddingSource, FreezeRequest, freeze, unwatched},
    ontology::Term,
};
use protea_contracts::Emitter;

use super::calls::{example, fit, lightgbm, quick};
use crate::{
    folds::Folds,
    labelled::{Labelled, TrainingSet},
    references::References,
    spec::LightGbmSpec,
    statistics::Statistics,
};

/// Settings that use every protein.
fn unlimited() -> LightGbmSpec {
    LightGbmSpec {
        maximum_rows: 100_000_000,
        ..quick()
    }
}

/// By training protein, the terms that are suggested for it.
fn suggested(training_set: &TrainingSet<'_>) -> Vec<Vec<Term>> {
    let (references, folds) = (&training_set.references, &training_set.folds);
    let dataset = references.dataset();
    let labeller = training_set.labeller(&Emitter::silent()).unwrap();
    let mut suggested = vec![Vec::new(); dataset.len()];
    for namespace in 0..references.ontology().namespaces().len() {
        for protein in 0..dataset.len() {
            let list = training_set.neighbours.list(protein, namespace);
            assert!(!list.is_empty());
            for neighbour in list {
                let other = neighbour.row as usize;
                assert_ne!(other, protein);
                assert_ne!(folds.fold[other], folds.fold[protein]);
                assert!(
                    dataset.sequence(protein).is_none()
                        || dataset.sequence(protein) != dataset.sequence(other)
                );
            }
        }
        for held_out in [false, true] {
            let labelled = labeller.labelled(namespace, held_out, |_| Ok(()));
            let Labelled {
                proteins,
                candidates,
                ..
            } = labelled.unwrap();
            for (protein, candidates) in proteins.into_iter().zip(candidates) {
                suggested[protein].extend(candidates.terms);
            }
        }
    }
    suggested
}

/// By term, the number of proteins that have it.
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
fn a_term_of_one_protein_is_never_suggested_for_it() {
    let dataset = open_dataset(&example("train")).unwrap();
    let spec = unlimited();
    let training_set = TrainingSet::prepare(&dataset, &spec, 1, &Emitter::silent()).unwrap();
    let references = &training_set.references;
    let counts = counts(references);
    let mut unique = 0;
    for (protein, suggested) in suggested(&training_set).iter().enumerate() {
        assert!(!suggested.is_empty());
        for (term, _) in references.terms(protein) {
            if counts[&term] == 1 {
                unique += 1;
                assert!(!suggested.contains(&term));
            }
        }
    }
    assert!(unique > 100, "{unique} terms of one protein");
}

/// Forty pairs of twins: two accessions with the same sequence, and a term that only they have.
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
fn no_protein_votes_for_its_own_sequence() {
    let place = tempfile::tempdir().unwrap();
    let directory = freeze(&twins(place.path()), &mut unwatched)
        .unwrap()
        .directory;
    let dataset = open_dataset(&directory).unwrap();
    let spec = LightGbmSpec {
        folds: 7,
        held_out: 0.3,
        ..unlimited()
    };
    for seed in 0..5 {
        let training_set = TrainingSet::prepare(&dataset, &spec, seed, &Emitter::silent()).unwrap();
        let (references, folds) = (&training_set.references, &training_set.folds);
        for pair in 0..40 {
            assert_eq!(folds.fold[2 * pair], folds.fold[2 * pair + 1]);
            assert_eq!(folds.half[2 * pair], folds.half[2 * pair + 1]);
            assert_eq!(folds.held_out[2 * pair], folds.held_out[2 * pair + 1]);
        }
        let held_out = folds.held_out.iter().filter(|held_out| **held_out).count();
        assert_eq!(held_out, 24);
        for (protein, suggested) in suggested(&training_set).iter().enumerate() {
            let own = references
                .terms(protein)
                .find(|(term, _)| !references.ontology().is_root(*term));
            assert!(suggested.len() > 1);
            assert!(!suggested.contains(&own.unwrap().0));
        }
    }
}

#[test]
fn counts_are_those_of_the_other_half() {
    let dataset = open_dataset(&example("train")).unwrap();
    let references =
        References::open(&dataset, &LightGbmSpec::default(), &Emitter::silent()).unwrap();
    let ontology = references.ontology();
    let folds = Folds::assign(&dataset, 3, 0.2, 9).unwrap();
    let in_half = |half| folds.half.iter().filter(|other| **other == half).count();
    assert!(in_half(0).abs_diff(in_half(1)) * 10 < dataset.len());
    let (of_trained, all) = (
        Statistics::of_trained(&references, &folds),
        Statistics::of_all(&references),
    );
    let terms: Vec<Term> = counts(&references).into_keys().collect();
    let all_proteins = |_: usize| true;
    let trained = |protein: usize| !folds.held_out[protein];
    let other_half = |protein: usize| !folds.held_out[protein] && folds.half[protein] == 1;
    let cases: [(_, &dyn Fn(usize) -> bool); 3] = [
        (all.view(None, None), &all_proteins),
        (of_trained.view(None, None), &trained),
        (of_trained.view(Some(0), None), &other_half),
    ];
    for (view, counts) in cases {
        let count = |has: &dyn Fn(usize) -> bool| {
            (0..dataset.len()).filter(|&p| counts(p) && has(p)).count() as f64
        };
        for &term in terms.iter().step_by(17) {
            let namespace = ontology.namespace_of(term);
            let parents = ontology.parents(term);
            let with = count(&|p| references.has(p, term));
            let of = count(&|p| references.is_in(p, namespace));
            let with_parents = count(&|p| parents.iter().all(|&parent| references.has(p, parent)));
            assert_eq!(view.frequency(ontology, term), (with + 1.0) / (of + 1.0));
            let expected = if parents.is_empty() {
                0.0
            } else {
                ((with_parents + 1.0) / (with + 1.0)).log2()
            };
            assert_eq!(view.information_accretion(ontology, term), expected);
            assert!(view.frequency_in_taxon(ontology, term).is_nan());
        }
    }
}

#[test]
fn training_and_validation_are_disjoint_and_complete() {
    let dataset = open_dataset(&example("train")).unwrap();
    let spec = unlimited();
    let training_set = TrainingSet::prepare(&dataset, &spec, 5, &Emitter::silent()).unwrap();
    let labeller = training_set.labeller(&Emitter::silent()).unwrap();
    let (references, folds) = (&training_set.references, &training_set.folds);
    let ontology = references.ontology();
    let features = &training_set.schema.features;
    let column = features.iter().position(|name| name == "term_frequency");
    let column = column.unwrap();
    // Of the training proteins, by half: how many have a term, how many are in a namespace.
    let (mut with, mut of) = (
        HashMap::<_, f32>::new(),
        vec![[0.0_f32; 2]; ontology.namespaces().len()],
    );
    for protein in (0..dataset.len()).filter(|&protein| !folds.held_out[protein]) {
        let half = usize::from(folds.half[protein]);
        for (term, _) in references.terms(protein) {
            *with.entry((term, half)).or_default() += 1.0;
        }
        for (namespace, of) in of.iter_mut().enumerate() {
            of[half] += f32::from(u8::from(references.is_in(protein, namespace)));
        }
    }
    for (namespace, of) in of.iter().enumerate() {
        let mut proteins = Vec::new();
        for held_out in [false, true] {
            let labelled = labeller.labelled(namespace, held_out, |_| Ok(()));
            let labelled = labelled.unwrap();
            assert!(labelled.both_labels());
            assert_eq!(labelled.labels.len(), labelled.features.rows());
            let mut row = 0;
            for (&protein, candidates) in labelled.proteins.iter().zip(&labelled.candidates) {
                assert_eq!(folds.held_out[protein], held_out);
                let other = 1 - usize::from(folds.half[protein]);
                let seen: &[usize] = if held_out { &[0, 1] } else { &[other] };
                for &term in &candidates.terms {
                    let has = |half| with.get(&(term, half)).copied().unwrap_or_default();
                    let with: f32 = seen.iter().map(|&half| has(half)).sum();
                    let of: f32 = seen.iter().map(|&half| of[half]).sum();
                    let found = labelled.features.row(row)[column];
                    let expected = (with + 1.0) / (of + 1.0);
                    assert!((found - expected).abs() <= f32::EPSILON * expected);
                    let label = f32::from(u8::from(references.has(protein, term)));
                    assert_eq!(labelled.labels[row], label);
                    row += 1;
                }
            }
            assert_eq!(row, labelled.labels.len());
            proteins.extend(labelled.proteins);
        }
        proteins.sort_unstable();
        let annotated = (0..dataset.len()).filter(|&protein| references.is_in(protein, namespace));
        assert!(proteins.into_iter().eq(annotated));
    }
}

/// Proteins with random sequences. Each has term number t with probability `probabilities[t]`,
/// independently of its neighbours.
pub fn random_annotations(place: &Path, proteins: usize, probabilities: &[f64]) -> FreezeRequest {
    let mut random = fastrand::Rng::with_seed(11);
    let (mut obo, mut fasta, mut terms) = (
        "[Term]\nid: GO:0003674\nname: root\nnamespace: molecular_function\n".to_owned(),
        String::new(),
        String::new(),
    );
    for at in 0..probabilities.len() {
        write!(
            obo,
            "\n[Term]\nid: GO:90000{at:02}\nname: t\nnamespace: molecular_function\nis_a: GO:0003674\n"
        )
        .unwrap();
    }
    for protein in 0..proteins {
        let sequence: String = (0..80)
            .map(|_| char::from(b"ACDEFGHIKLMNPQRSTVWY"[random.usize(..20)]))
            .collect();
        writeln!(fasta, ">P{protein:04}\n{sequence}").unwrap();
        writeln!(terms, "P{protein:04}\tGO:0003674\tF").unwrap();
        for (at, probability) in probabilities.iter().enumerate() {
            if random.f64() < *probability {
                writeln!(terms, "P{protein:04}\tGO:90000{at:02}\tF").unwrap();
            }
        }
    }
    let file = |name: &str, content: String| {
        let path = place.join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let mut request = FreezeRequest::new(
        place.join("chance"),
        "by chance",
        file("chance.obo", obo),
        file("chance.fasta", fasta),
        file("chance.tsv", terms),
    );
    request.embeddings = EmbeddingSource::Kmer;
    request
}

#[test]
fn random_annotations_cannot_be_predicted() {
    let Some(_) = lightgbm() else { return };
    let place = tempfile::tempdir().unwrap();
    let probabilities: Vec<f64> = (0..11).map(|at| 0.25 + 0.05 * f64::from(at)).collect();
    let request = random_annotations(place.path(), 1_000, &probabilities);
    let directory = freeze(&request, &mut unwatched).unwrap().directory;
    let dataset = open_dataset(&directory).unwrap();
    let references =
        References::open(&dataset, &LightGbmSpec::default(), &Emitter::silent()).unwrap();
    let spec = LightGbmSpec {
        k: 50,
        aligned: 0,
        components: 0,
        folds: 100,
        trees: 500,
        patience: 20,
        learning_rate: 0.1,
        ..quick()
    };
    let result = fit(&spec, &directory, &place.path().join("model")).unwrap();
    let found = result.metrics["MFO"]["logloss"].as_f64().unwrap();
    // With fifty neighbours, every term is suggested for every protein. The best possible
    // prediction is its probability.
    let folds = Folds::assign(&dataset, 100, spec.held_out, 42).unwrap();
    let (mut loss, mut rows) = (0.0, 0.0);
    for protein in (0..dataset.len()).filter(|&protein| folds.held_out[protein]) {
        rows += 1.0;
        for (at, probability) in probabilities.iter().enumerate() {
            let term = references.ontology().primary(&format!("GO:90000{at:02}"));
            let has = references.has(protein, term.unwrap());
            loss -= if has { *probability } else { 1.0 - probability }.ln();
            rows += 1.0;
        }
    }
    let optimum = loss / rows;
    assert!((found - optimum).abs() < 0.01, "{found}, at best {optimum}");
    assert!(found > optimum - 0.002, "{found}, at best {optimum}");
}
