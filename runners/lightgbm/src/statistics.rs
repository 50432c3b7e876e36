//! How often terms occur among the references, with and without a fold.

use std::collections::HashMap;

use protea_cafa::ontology::{Ontology, Term};

use crate::references::References;

/// What is known of a taxon without any reference of it counts as much as so many references.
const PRIOR: f64 = 10.0;

/// Counts of terms, of all references and of each fold.
///
/// What is asked on behalf of a training protein leaves out its own fold: a count in which the protein
/// itself is in would tell a tree what it has to learn.
pub struct Statistics {
    terms: usize,
    namespaces: usize,
    /// All references first, then each fold: by term, how many have it.
    with_term: Vec<u32>,
    /// Likewise, how many have all of its parents.
    with_parents: Vec<u32>,
    /// Likewise, by namespace, how many are annotated in it.
    annotated: Vec<u32>,
    /// By taxon, namespace (as a number behind the last term) or term, and part: how many have it.
    of_taxon: HashMap<(u32, u32, u32), u32>,
}

/// The counts as one protein may see them.
#[derive(Clone, Copy)]
pub struct View<'s> {
    statistics: &'s Statistics,
    /// The part that is taken off, 0 for none.
    without: usize,
    taxon: Option<u32>,
}

impl Statistics {
    /// Counts, for the references as a whole and for each of `count` folds. `fold` gives the fold of a
    /// reference, where there are some.
    #[must_use]
    pub fn count(references: &References<'_>, count: usize, fold: impl Fn(usize) -> u32) -> Self {
        let ontology = references.ontology();
        let (terms, namespaces) = (ontology.len(), ontology.namespaces().len());
        let parts = 1 + count;
        let mut statistics = Self {
            terms,
            namespaces,
            with_term: vec![0; parts * terms],
            with_parents: vec![0; parts * terms],
            annotated: vec![0; parts * namespaces],
            of_taxon: HashMap::new(),
        };
        let dataset = references.dataset();
        // By term: the last protein that has it, and the last that has been asked about it.
        let mut has = vec![usize::MAX; terms];
        let mut asked = vec![usize::MAX; terms];
        for protein in 0..dataset.len() {
            let parts: &[usize] = match count {
                0 => &[0],
                _ => &[0, 1 + fold(protein) as usize],
            };
            let taxon = dataset.taxon(protein);
            for (term, _) in references.terms(protein) {
                has[term.index()] = protein;
                statistics.add_term(parts, term, taxon);
            }
            for namespace in (0..namespaces).filter(|&n| references.is_in(protein, n)) {
                for part in parts {
                    statistics.annotated[part * namespaces + namespace] += 1;
                }
                if let Some(taxon) = taxon {
                    statistics.add_taxon(parts, taxon, terms + namespace);
                }
            }
            for (term, _) in references.terms(protein) {
                for &child in ontology.children(term) {
                    if asked[child.index()] == protein {
                        continue;
                    }
                    asked[child.index()] = protein;
                    let parents = ontology.parents(child);
                    if parents.iter().all(|parent| has[parent.index()] == protein) {
                        for part in parts {
                            statistics.with_parents[part * terms + child.index()] += 1;
                        }
                    }
                }
            }
        }
        statistics
    }

    fn add_term(&mut self, parts: &[usize], term: Term, taxon: Option<u32>) {
        for part in parts {
            self.with_term[part * self.terms + term.index()] += 1;
        }
        if let Some(taxon) = taxon {
            self.add_taxon(parts, taxon, term.index());
        }
    }

    fn add_taxon(&mut self, parts: &[usize], taxon: u32, what: usize) {
        for &part in parts {
            *self
                .of_taxon
                .entry((taxon, what as u32, part as u32))
                .or_default() += 1;
        }
    }

    /// The counts for a protein of this taxon; without those of its fold, if it is a training protein.
    #[must_use]
    pub fn view(&self, fold: Option<u32>, taxon: Option<u32>) -> View<'_> {
        View {
            statistics: self,
            without: fold.map_or(0, |fold| 1 + fold as usize),
            taxon,
        }
    }
}

impl View<'_> {
    fn counted(&self, counts: &[u32], size: usize, at: usize) -> f64 {
        let taken_off = match self.without {
            0 => 0,
            part => counts[part * size + at],
        };
        f64::from(counts[at] - taken_off)
    }

    /// The fraction of the references of the term's aspect that have it.
    #[must_use]
    pub fn frequency(&self, ontology: &Ontology, term: Term) -> f64 {
        let s = self.statistics;
        let with = self.counted(&s.with_term, s.terms, term.index());
        let of = self.counted(&s.annotated, s.namespaces, ontology.namespace_of(term));
        with / of.max(1.0)
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
        let taxon = self.taxon?;
        let of = |part: usize| {
            let key = (taxon, what as u32, part as u32);
            self.statistics.of_taxon.get(&key).copied().unwrap_or(0)
        };
        let taken_off = match self.without {
            0 => 0,
            part => of(part),
        };
        Some(f64::from(of(0) - taken_off))
    }
}
