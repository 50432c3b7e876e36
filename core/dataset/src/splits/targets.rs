//! Finds the proteins that gained annotations between two releases.

use protea_ontology::{Aspect, Ontology, Term};

use super::knowledge::Knowledge;
use crate::{Annotation, DatasetError, FrozenDataset, Tally, evidence::Evidence};

const PROTEIN_BINDING: &str = "GO:0005515";

/// A protein that gained annotations in a namespace.
pub(super) struct Target {
    /// Index of the protein in the later dataset.
    pub(super) protein: usize,
    /// Index of the protein in the earlier dataset, if it is there.
    pub(super) before: Option<usize>,
    pub(super) namespace: usize,
    pub(super) knowledge: Knowledge,
    /// Rows of the later annotations that are the ground truth of the target.
    pub(super) rows: Vec<usize>,
}

/// The result of the comparison.
#[derive(Default)]
pub(super) struct Found {
    /// Sorted by protein, then namespace.
    pub(super) targets: Vec<Target>,
    pub(super) protein_binding_only: usize,
    pub(super) unknown_terms: Tally,
    pub(super) other_evidence: u64,
}

/// An annotation that counts: its row, and the terms that it refers to.
struct Row<'o> {
    row: usize,
    namespace: usize,
    terms: &'o [Term],
}

/// The annotations that count, by protein.
struct Counting<'o> {
    of_protein: Vec<Vec<Row<'o>>>,
    unknown_terms: Tally,
    other_evidence: u64,
}

impl<'o> Counting<'o> {
    fn read(
        dataset: &FrozenDataset,
        ontology: &'o Ontology,
        evidence: &Evidence,
    ) -> Result<Self, DatasetError> {
        let mut this = Self {
            of_protein: Vec::new(),
            unknown_terms: Tally::default(),
            other_evidence: 0,
        };
        this.of_protein.resize_with(dataset.len(), Vec::new);
        for (row, annotation) in dataset.annotations()?.enumerate() {
            if !evidence.counts(annotation.evidence) {
                this.other_evidence += 1;
                continue;
            }
            match counting_terms(annotation, ontology) {
                Some((namespace, terms)) => this.of_protein[annotation.protein].push(Row {
                    row,
                    namespace,
                    terms,
                }),
                None if ontology.resolve(annotation.term).is_empty() => {
                    this.unknown_terms.add(annotation.term);
                }
                None => {}
            }
        }
        Ok(this)
    }

    fn terms_in(&self, protein: Option<usize>, namespace: usize) -> Vec<Term> {
        protein
            .map_or(&[][..], |protein| &self.of_protein[protein])
            .iter()
            .filter(|row| row.namespace == namespace)
            .flat_map(|row| row.terms)
            .copied()
            .collect()
    }
}

/// The namespace and the terms of an annotation. `None` if the ontology does not have the term, or
/// if it is a root, which carries no information.
pub(super) fn counting_terms<'o>(
    annotation: Annotation<'_>,
    ontology: &'o Ontology,
) -> Option<(usize, &'o [Term])> {
    let terms = ontology.resolve(annotation.term);
    let first = *terms.first()?;
    let is_informative = terms.iter().any(|&term| !ontology.is_root(term));
    is_informative.then(|| (ontology.namespace_of(first), terms))
}

/// Compares the annotations of two releases.
pub(super) fn find(
    earlier: &FrozenDataset,
    later: &FrozenDataset,
    ontology: &Ontology,
    evidence: &Evidence,
    protein_binding_counts: bool,
) -> Result<Found, DatasetError> {
    let before = Counting::read(earlier, ontology, evidence)?;
    let after = Counting::read(later, ontology, evidence)?;
    let binding = ontology.resolve(PROTEIN_BINDING);
    let mut found = Found {
        unknown_terms: after.unknown_terms,
        other_evidence: after.other_evidence,
        ..Found::default()
    };
    for (protein, rows) in after.of_protein.iter().enumerate() {
        let earlier_index = earlier.index_of(later.accession(protein));
        let was_annotated = earlier_index.is_some_and(|p| !before.of_protein[p].is_empty());
        for namespace in 0..ontology.namespaces().len() {
            let rows = rows.iter().filter(|row| row.namespace == namespace);
            if rows.clone().next().is_none() {
                continue;
            }
            let known = before.terms_in(earlier_index, namespace);
            let knowledge = if !known.is_empty() {
                Knowledge::Partial
            } else if was_annotated {
                Knowledge::Limited
            } else {
                Knowledge::No
            };
            let known = if known.is_empty() {
                known
            } else {
                ontology.propagate(&known)
            };
            let is_new =
                |term: &Term| known.binary_search(term).is_err() && !ontology.is_root(*term);
            let gained: Vec<&Row<'_>> = rows.filter(|row| row.terms.iter().any(is_new)).collect();
            if gained.is_empty() {
                continue;
            }
            let is_function = ontology.namespace_of_aspect(Aspect::Mfo) == Some(namespace);
            let binds_only = gained.iter().all(|row| row.terms == binding);
            if !protein_binding_counts && is_function && binds_only {
                found.protein_binding_only += 1;
                continue;
            }
            found.targets.push(Target {
                protein,
                before: earlier_index,
                namespace,
                knowledge,
                rows: gained.iter().map(|row| row.row).collect(),
            });
        }
    }
    Ok(found)
}
