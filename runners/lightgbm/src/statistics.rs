//! How often terms occur among the references, for who is new and for who is trained on.

use std::collections::HashMap;

use protea_cafa::ontology::{Ontology, Term};

use crate::{folds::Folds, references::References};

/// What is known of a taxon without any reference of it counts as much as so many references.
const PRIOR: f64 = 10.0;
/// The counts are kept in so many parts.
const HALVES: usize = 2;

/// Counts of terms, in two halves.
///
/// A count that a protein is in tells a tree the protein's labels, and so does one that only its fold is
/// left out of: of two counts of the same term the lower one is then that of the fold that has the term more often,
/// and the more folds, the more it tells. Hence in training
///
/// - proteins that are held out are not counted, so nothing that they are judged by is known of them;
/// - what trees are grown on is dealt to two halves, and each sees the counts of the other half, which its own
///   labels have no part in: a new protein beside half as many references would see the same.
pub struct Statistics {
    terms: usize,
    namespaces: usize,
    /// By half and term, how many have it.
    with_term: Vec<u32>,
    /// Likewise, how many have all of its parents.
    with_parents: Vec<u32>,
    /// By half and namespace, how many are annotated in it.
    annotated: Vec<u32>,
    /// By taxon and term, or namespace as a number behind the last term: how many of each half have it.
    of_taxon: HashMap<(u32, u32), [u32; HALVES]>,
}

/// The counts as one protein may see them.
#[derive(Clone, Copy)]
pub struct View<'s> {
    statistics: &'s Statistics,
    /// The half that is not seen.
    without: Option<u8>,
    taxon: Option<u32>,
}

impl Statistics {
    /// Counts all references, for proteins that are not among them.
    #[must_use]
    pub fn of_all(references: &References<'_>) -> Self {
        Self::count(references, |_| Some(0))
    }

    /// Counts those that trees are grown on.
    #[must_use]
    pub fn of_learnt(references: &References<'_>, folds: &Folds) -> Self {
        Self::count(references, |protein| folds.half_learnt(protein))
    }

    /// `half` gives the half of a reference, if it counts.
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
        // By term: the last protein that has it, and the last that has been asked about it.
        let mut has = vec![usize::MAX; terms];
        let mut asked = vec![usize::MAX; terms];
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
                    if asked[child.index()] == protein {
                        continue;
                    }
                    asked[child.index()] = protein;
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

    /// The counts for a protein of this taxon, but for those of a half.
    #[must_use]
    pub fn view(&self, without: Option<u8>, taxon: Option<u32>) -> View<'_> {
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

    /// The fraction of the references of the term's aspect that have it, one being added that does: a term that
    /// only a half that is not seen has is rare, not impossible.
    #[must_use]
    pub fn frequency(&self, ontology: &Ontology, term: Term) -> f64 {
        let s = self.statistics;
        let with = self.counted(&s.with_term, s.terms, term.index());
        let of = self.counted(&s.annotated, s.namespaces, ontology.namespace_of(term));
        (with + 1.0) / (of + 1.0)
    }

    /// The information accretion of the term in bits: how surprising it is in a protein that has all of its
    /// parents (W. Clark and P. Radivojac, Bioinformatics 29 (2013) i53), one protein being added to
    /// either count; 0 for a root.
    #[must_use]
    pub fn information_accretion(&self, ontology: &Ontology, term: Term) -> f64 {
        if ontology.is_root(term) {
            return 0.0;
        }
        let s = self.statistics;
        let with = self.counted(&s.with_term, s.terms, term.index());
        let parents = self.counted(&s.with_parents, s.terms, term.index());
        ((parents + 1.0) / (with + 1.0)).log2()
    }

    /// Likewise of the references of the protein's own taxon, to which ten more are added that have it
    /// as often as all references do; not a number where the taxon is not known.
    #[must_use]
    pub fn frequency_in_taxon(&self, ontology: &Ontology, term: Term) -> f64 {
        let of = self.in_taxon(self.statistics.terms + ontology.namespace_of(term));
        let with = self.in_taxon(term.index());
        match (with, of) {
            (Some(with), Some(of)) => {
                (with + PRIOR * self.frequency(ontology, term)) / (of + PRIOR)
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
