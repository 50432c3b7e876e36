//! What `explain` does for every runner of this field: finding the protein and the term that are asked
//! about, and telling of a term as people know it.

use std::cmp::Reverse;

use protea_contracts::{RunnerError, explanation::TermExplanation};

use crate::{
    dataset::FrozenDataset,
    ontology::{Ontology, Term},
};

/// How many accessions an error suggests.
const SUGGESTED: usize = 3;

/// The number of the protein with this accession.
///
/// # Errors
///
/// [`RunnerError::NotFound`], with accessions that resemble it.
pub fn find_protein(dataset: &FrozenDataset, accession: &str) -> Result<usize, RunnerError> {
    dataset.index_of(accession).ok_or_else(|| {
        let name = &dataset.manifest().name;
        RunnerError::not_found(match near(dataset, accession).as_slice() {
            [] => {
                format!("the dataset {name} has no protein {accession:?}, and none of a like name")
            }
            near => format!(
                "the dataset {name} has no protein {accession:?}; did you mean {}?",
                near.join(" or ")
            ),
        })
    })
}

fn near<'d>(dataset: &'d FrozenDataset, accession: &str) -> Vec<&'d str> {
    let wanted = accession.to_ascii_uppercase();
    let mut alike: Vec<(f64, &str)> = (0..dataset.len())
        .map(|protein| dataset.accession(protein))
        .map(|known| {
            let likeness = strsim::jaro_winkler(&wanted, &known.to_ascii_uppercase());
            (likeness, known)
        })
        .filter(|(likeness, _)| *likeness > 0.8)
        .collect();
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    alike.truncate(SUGGESTED);
    alike.into_iter().map(|(_, known)| known).collect()
}

/// The term with this id, primary or alternative.
///
/// # Errors
///
/// [`RunnerError::NotFound`].
pub fn find_term(ontology: &Ontology, id: &str) -> Result<Term, RunnerError> {
    ontology.resolve(id).first().copied().ok_or_else(|| {
        let version = ontology.version().unwrap_or("without a version");
        RunnerError::not_found(format!(
            "the ontology ({version}) has no term {id:?}, or has made it obsolete; terms are given by id, as GO:0005524"
        ))
    })
}

/// A predicted term with this score, with its name and aspect, and without contributions so far.
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

/// Puts the terms farthest from a root first, and those of one depth in the order of their ids: of
/// terms with one score, these tell most.
pub fn specific_first(ontology: &Ontology, terms: &mut [TermExplanation]) {
    let depth = |id: &str| ontology.primary(id).map_or(0, |term| ontology.depth(term));
    terms.sort_by_cached_key(|term| (Reverse(depth(&term.term)), term.term.clone()));
}
