//! How often terms occur among the references, for training proteins and for new ones.

use std::collections::HashMap;

use protea_cafa::ontology::{Ontology, Term};

use crate::{folds::Folds, references::References};

/// The frequency in all taxa counts as much as this many references of the protein's own taxon.
const PRIOR: f64 = 10.0;
const HALVES: usize = 2;

/// Counts of terms, in two halves.
///
/// A count that includes a protein tells a tree the protein's labels. A count without the protein's
/// fold tells them too: of two counts of a term, the lower is that of the fold in which more
/// proteins have the term. Therefore, in training,
///
/// - held-out proteins are not counted, so that nothing is known of them;
/// - the proteins that trees are trained on form two halves. Each sees the counts of the other half,
///   to which its own labels do not contribute, as a new protein would with half as many references.
pub(crate) struct Statistics {
    terms: usize,
    namespaces: usize,
    /// By half and term, how many proteins have the term.
    with_term: Vec<u32>,
    /// By half and term, how many proteins have all parents of the term.
    with_parents: Vec<u32>,
    /// By half and namespace, how many proteins are annotated in the namespace.
    annotated: Vec<u32>,
    /// By taxon and term: how many proteins of each half have the term. Namespaces have the numbers
    /// after the last term.
    of_taxon: HashMap<(u32, u32), [u32; HALVES]>,
}

/// The counts that one protein may see.
#[derive(Clone, Copy)]
pub(crate) struct View<'s> {
    statistics: &'s Statistics,
    /// The half that it does not see.
    without: Option<u8>,
    taxon: Option<u32>,
}

impl Statistics {
    /// Counts all references, for new proteins.
    pub(crate) fn of_all(references: &References<'_>) -> Self {
        Self::count(references, |_| Some(0))
    }

    /// Counts the proteins that trees are trained on.
    pub(crate) fn of_trained(references: &References<'_>, folds: &Folds) -> Self {
        Self::count(references, |protein| folds.trained_half(protein))
    }

    /// `half` returns the half of a reference; `None` if the reference does not count.
    fn count(references: &References<'_>, half: impl Fn(usize) -> Option<u8>) -> Self {
        let ontology = references.ontology();
        let (terms, namespaces) = (ontology.len(), ontology.namespaces().len());
        let mut statistics = Self {
            terms,
            namespaces,
            with_term: vec![0; HALVES * terms],
            with_parents: vec![0; HALVES * terms],
            annotated: vec![0; HALVES * namespaces],
            of_taxon: HashMap::new(),
        };
        let dataset = references.dataset();
        // By term: the last protein that has it, and the last protein whose parents were checked.
        let mut has = vec![usize::MAX; terms];
        let mut checked = vec![usize::MAX; terms];
        for protein in 0..dataset.len() {
            let Some(half) = half(protein).map(usize::from) else {
                continue;
            };
            let taxon = dataset.taxon(protein);
            for (term, _) in references.terms(protein) {
                has[term.index()] = protein;
                statistics.with_term[half * terms + term.index()] += 1;
                statistics.add_taxon(half, taxon, term.index());
            }
            for namespace in (0..namespaces).filter(|&n| references.is_in(protein, n)) {
                statistics.annotated[half * namespaces + namespace] += 1;
                statistics.add_taxon(half, taxon, terms + namespace);
            }
            for (term, _) in references.terms(protein) {
                for &child in ontology.children(term) {
                    if checked[child.index()] == protein {
                        continue;
                    }
                    checked[child.index()] = protein;
                    let parents = ontology.parents(child);
                    if parents.iter().all(|parent| has[parent.index()] == protein) {
                        statistics.with_parents[half * terms + child.index()] += 1;
                    }
                }
            }
        }
        statistics
    }

    fn add_taxon(&mut self, half: usize, taxon: Option<u32>, what: usize) {
        if let Some(taxon) = taxon {
            self.of_taxon.entry((taxon, what as u32)).or_default()[half] += 1;
        }
    }

    /// The counts for a protein of this taxon, except those of one half.
    pub(crate) fn view(&self, without: Option<u8>, taxon: Option<u32>) -> View<'_> {
        View {
            statistics: self,
            without,
            taxon,
        }
    }
}

impl View<'_> {
    fn halves(&self) -> impl Iterator<Item = usize> {
        let without = self.without.map(usize::from);
        (0..HALVES).filter(move |half| Some(*half) != without)
    }

    fn counted(&self, counts: &[u32], size: usize, at: usize) -> f64 {
        let counted: u32 = self.halves().map(|half| counts[half * size + at]).sum();
        f64::from(counted)
    }

    /// The fraction of the references in the term's aspect that have the term, plus one that has
    /// it: a term that occurs only in the half that is not seen is rare, not impossible.
    pub(crate) fn frequency(&self, ontology: &Ontology, term: Term) -> f64 {
        let s = self.statistics;
        let with = self.counted(&s.with_term, s.terms, term.index());
        let annotated = self.counted(&s.annotated, s.namespaces, ontology.namespace_of(term));
        (with + 1.0) / (annotated + 1.0)
    }

    /// The information accretion of the term in bits: how surprising it is in a protein that has
    /// all of its parents (W. Clark and P. Radivojac, Bioinformatics 29 (2013) i53). One protein is
    /// added to both counts. 0 for a root.
    pub(crate) fn information_accretion(&self, ontology: &Ontology, term: Term) -> f64 {
        if ontology.is_root(term) {
            return 0.0;
        }
        let s = self.statistics;
        let with = self.counted(&s.with_term, s.terms, term.index());
        let parents = self.counted(&s.with_parents, s.terms, term.index());
        ((parents + 1.0) / (with + 1.0)).log2()
    }

    /// The frequency among the references of the protein's own taxon, plus ten references that have
    /// the term as often as all references do. NaN if the taxon is unknown.
    pub(crate) fn frequency_in_taxon(&self, ontology: &Ontology, term: Term) -> f64 {
        let annotated = self.in_taxon(self.statistics.terms + ontology.namespace_of(term));
        let with = self.in_taxon(term.index());
        match (with, annotated) {
            (Some(with), Some(annotated)) => {
                (with + PRIOR * self.frequency(ontology, term)) / (annotated + PRIOR)
            }
            _ => f64::NAN,
        }
    }

    fn in_taxon(&self, what: usize) -> Option<f64> {
        let key = (self.taxon?, what as u32);
        let counts = self.statistics.of_taxon.get(&key);
        let counts = counts.copied().unwrap_or_default();
        Some(self.halves().map(|half| f64::from(counts[half])).sum())
    }
}
