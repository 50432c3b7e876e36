//! What `explain` does for every runner of this field: finding the protein and the term that are asked
//! about, and telling of a term as people know it.

use protea_contracts::{RunnerError, explanation::TermExplanation};

use crate::{
    dataset::FrozenDataset,
    ontology::{Ontology, Term},
    scoring::round_score,
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
            "the ontology of the references ({version}) has no term {id:?}, or has made it obsolete; terms are given by id, as GO:0005524"
        ))
    })
}

/// A term with this score, named, and without contributions so far. It is predicted where the
/// score is at least `minimum` and not written as 0.
#[must_use]
pub fn term_of(ontology: &Ontology, term: Term, score: f64, minimum: f64) -> TermExplanation {
    let namespace = &ontology.namespaces()[ontology.namespace_of(term)];
    let aspect = namespace.aspect();
    let aspect = aspect.map_or(namespace.name(), |aspect| aspect.name());
    let name = ontology.name(term);
    let mut explained = TermExplanation::new(ontology.id(term), score);
    explained.name = (!name.is_empty()).then(|| name.to_owned());
    explained.aspect = Some(aspect.to_owned());
    explained.predicted = score >= minimum && round_score(score) > 0.0;
    explained
}
