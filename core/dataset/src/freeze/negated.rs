//! Annotations with the qualifier `NOT`: a protein that does not have a term does not have the terms
//! below it either.

use std::collections::HashMap;

use protea_ontology::{Ontology, Term};

use super::annotations::Row;

/// Says of an annotation whether a row of `negated` denies it: the protein has `NOT` for its term or
/// for an ancestor of it. `names` has the id of each number of a term.
pub(super) fn contradicted<'a>(
    negated: &[Row],
    names: &'a [&'a str],
    ontology: &'a Ontology,
) -> impl Fn(&Row) -> bool + 'a {
    let mut denied: HashMap<u32, Vec<Term>> = HashMap::new();
    for row in negated {
        let terms = ontology.resolve(names[row.term as usize]);
        denied.entry(row.protein).or_default().extend(terms);
    }
    move |row| {
        let Some(denied) = denied.get(&row.protein) else {
            return false;
        };
        let terms = ontology.resolve(names[row.term as usize]);
        let mut lineage = ontology.propagate(terms).into_iter();
        lineage.any(|term| denied.contains(&term))
    }
}
