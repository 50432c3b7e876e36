//! Annotations with the qualifier `NOT`: a protein that does not have a term does not have the terms
//! below it either.

use std::collections::HashMap;

use protea_ontology::{Ontology, Term};

/// Says of a protein and the number of a term whether an annotation with it is denied: the protein
/// has `NOT` for the term or for an ancestor of it. `negated` has the proteins and terms with `NOT`,
/// and `names` the id of each number of a term.
pub(super) fn contradicted<'a>(
    negated: impl Iterator<Item = (u32, u32)>,
    names: &'a [&'a str],
    ontology: &'a Ontology,
) -> impl Fn(u32, u32) -> bool + 'a {
    let mut denied: HashMap<u32, Vec<Term>> = HashMap::new();
    for (protein, term) in negated {
        let terms = ontology.resolve(names[term as usize]);
        denied.entry(protein).or_default().extend(terms);
    }
    move |protein, term| {
        let Some(denied) = denied.get(&protein) else {
            return false;
        };
        let terms = ontology.resolve(names[term as usize]);
        let mut lineage = ontology.propagate(terms).into_iter();
        lineage.any(|term| denied.contains(&term))
    }
}
