//! Shared code of `explain` for the runners of this field: it finds the requested protein and term
//! and describes a term by name and aspect.
//!
//! It knows datasets, the ontology and the contract. It must not know how a runner computes scores.

use std::cmp::Reverse;

use protea_contracts::{RunnerError, explanation::TermExplanation};

use crate::{
    dataset::FrozenDataset,
    ontology::{Ontology, Term},
};

/// The most accessions that an error suggests.
const SUGGESTED: usize = 3;

/// Finds a protein by accession and returns its number in the dataset.
///
/// # Errors
///
/// [`RunnerError::NotFound`] if the dataset has no such protein. The message suggests similar
/// accessions.
pub fn find_protein(dataset: &FrozenDataset, accession: &str) -> Result<usize, RunnerError> {
    dataset.index_of(accession).ok_or_else(|| {
        let name = &dataset.manifest().name;
        RunnerError::not_found(match similar_accessions(dataset, accession).as_slice() {
            [] => {
                format!("the dataset {name} has no protein {accession:?} and no similar accession")
            }
            similar => format!(
                "the dataset {name} has no protein {accession:?}; did you mean {}?",
                similar.join(" or ")
            ),
        })
    })
}

fn similar_accessions<'d>(dataset: &'d FrozenDataset, accession: &str) -> Vec<&'d str> {
    let wanted = accession.to_ascii_uppercase();
    let mut similar: Vec<(f64, &str)> = (0..dataset.len())
        .map(|protein| dataset.accession(protein))
        .map(|known| {
            let similarity = strsim::jaro_winkler(&wanted, &known.to_ascii_uppercase());
            (similarity, known)
        })
        .filter(|(similarity, _)| *similarity > 0.8)
        .collect();
    similar.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    similar.truncate(SUGGESTED);
    similar.into_iter().map(|(_, known)| known).collect()
}

/// Finds a term by its primary id or an alternative id.
///
/// # Errors
///
/// [`RunnerError::NotFound`] if the ontology has no such term or the term is obsolete.
pub fn find_term(ontology: &Ontology, id: &str) -> Result<Term, RunnerError> {
    ontology.resolve(id).first().copied().ok_or_else(|| {
        let version = ontology.version().unwrap_or("without a version");
        RunnerError::not_found(format!(
            "the ontology ({version}) has no term {id:?}, or the term is obsolete; give an id such as GO:0005524"
        ))
    })
}

/// An explanation of a predicted term with its score, name and aspect. The caller adds the
/// contributions.
#[must_use]
pub fn describe(ontology: &Ontology, term: Term, score: f64) -> TermExplanation {
    let namespace = &ontology.namespaces()[ontology.namespace_of(term)];
    let aspect = namespace.aspect();
    let aspect = aspect.map_or(namespace.name(), |aspect| aspect.name());
    let name = ontology.name(term);
    let mut explained = TermExplanation::new(ontology.id(term), score);
    explained.name = (!name.is_empty()).then(|| name.to_owned());
    explained.aspect = Some(aspect.to_owned());
    explained
}

/// Sorts terms by descending depth (the distance from a root), then by id. Among terms with the
/// same score, deep terms are the most informative.
pub fn specific_first(ontology: &Ontology, terms: &mut [TermExplanation]) {
    let depth = |id: &str| ontology.primary(id).map_or(0, |term| ontology.depth(term));
    terms.sort_by_cached_key(|term| (Reverse(depth(&term.term)), term.term.clone()));
}
