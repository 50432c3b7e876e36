//! Leaves out terms of a protein.

use std::collections::{BTreeMap, HashSet};

use protea_ontology::{Aspect, Ontology};
use serde::Serialize;

use crate::{
    examples::Examples,
    names::{Scored, Terms},
    resolver::Resolver,
    write::sort_for_output,
};

/// Which predictions to keep. The filters apply in the order of the fields.
#[derive(Default)]
pub struct CutOptions<'c> {
    /// Only these proteins.
    pub proteins: Option<HashSet<String>>,
    /// Only these terms.
    pub terms: Option<HashSet<String>>,
    /// Only terms of these aspects; empty for all. Needs the ontology.
    pub aspects: Vec<Aspect>,
    /// Only scores of at least this.
    pub minimum_score: f64,
    /// Leave out terms that have a descendant among the remaining terms of the protein. Needs the
    /// ontology.
    pub most_specific: bool,
    /// At most this many terms per protein and aspect, highest scores first; 0 for all. Needs the
    /// ontology.
    pub top_per_aspect: usize,
    /// At most this many terms per protein, highest scores first; 0 for all.
    pub top: usize,
    /// The ontology, for the filters that need it.
    pub ontology: Option<&'c Ontology>,
}

/// What was left out, by filter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CutCounts {
    /// Proteins that keep a prediction.
    pub proteins: u64,
    /// Predictions that remain.
    pub predictions: u64,
    /// Predictions of other proteins.
    pub other_proteins: u64,
    /// Predictions of other terms.
    pub other_terms: u64,
    /// Predictions of other aspects.
    pub other_aspects: u64,
    /// Predictions with a lower score.
    pub lower_scores: u64,
    /// Predictions of terms that have a descendant among the protein's terms.
    pub ancestors: u64,
    /// Predictions beyond the number of terms.
    pub beyond_top: u64,
    /// Predictions whose term is not in the ontology, if a filter needs it.
    pub unknown: Examples,
}

/// Cuts one protein after the other.
pub struct Cutter<'c> {
    options: CutOptions<'c>,
    /// If a filter needs the ontology.
    resolver: Option<Resolver<'c>>,
    counts: CutCounts,
}

impl<'c> Cutter<'c> {
    /// With these options.
    #[must_use]
    pub fn new(options: CutOptions<'c>) -> Self {
        let needed =
            !options.aspects.is_empty() || options.most_specific || options.top_per_aspect > 0;
        Self {
            resolver: options.ontology.filter(|_| needed).map(Resolver::new),
            options,
            counts: CutCounts::default(),
        }
    }

    /// Leaves out terms of a protein and sorts the others by falling score.
    pub fn cut(&mut self, accession: &str, rows: &mut Vec<Scored>, terms: &Terms) {
        let options = &self.options;
        let counts = &mut self.counts;
        let is_other = |all: &HashSet<String>| !all.contains(accession);
        if options.proteins.as_ref().is_some_and(is_other) {
            counts.other_proteins += rows.len() as u64;
            rows.clear();
            return;
        }
        if let Some(wanted) = &options.terms {
            counts.other_terms += retain(rows, |row| wanted.contains(&*terms.id(row.term)));
        }
        let resolver = self.resolver.as_mut();
        if let Some(resolver) = resolver {
            for row in rows.iter() {
                if resolver.first(row.term, terms).is_none() {
                    counts.unknown.add(|| terms.id(row.term).into_owned());
                }
            }
            if !options.aspects.is_empty() {
                counts.other_aspects += retain(rows, |row| {
                    let aspect = resolver.aspect(row.term, terms);
                    aspect.is_some_and(|aspect| options.aspects.contains(&aspect))
                });
            }
        }
        counts.lower_scores += retain(rows, |row| row.score >= options.minimum_score);
        if let (Some(resolver), Some(ontology), true) = (
            self.resolver.as_mut(),
            options.ontology,
            options.most_specific,
        ) {
            let mut parents = Vec::new();
            for row in rows.iter() {
                if let Some(term) = resolver.first(row.term, terms) {
                    parents.extend_from_slice(ontology.parents(term));
                }
            }
            let ancestors = ontology.propagate(&parents);
            counts.ancestors += retain(rows, |row| {
                let term = resolver.first(row.term, terms);
                term.is_none_or(|term| ancestors.binary_search(&term).is_err())
            });
        }
        sort_for_output(rows, terms);
        if let (Some(resolver), 1..) = (self.resolver.as_mut(), options.top_per_aspect) {
            let mut kept = BTreeMap::<Option<Aspect>, usize>::new();
            counts.beyond_top += retain(rows, |row| {
                let kept = kept.entry(resolver.aspect(row.term, terms)).or_default();
                *kept += 1;
                *kept <= options.top_per_aspect
            });
        }
        if options.top > 0 && rows.len() > options.top {
            counts.beyond_top += (rows.len() - options.top) as u64;
            rows.truncate(options.top);
        }
        counts.proteins += u64::from(!rows.is_empty());
        counts.predictions += rows.len() as u64;
    }

    /// What was left out so far.
    #[must_use]
    pub fn counts(&self) -> &CutCounts {
        &self.counts
    }
}

/// Keeps rows and returns how many were left out.
fn retain(rows: &mut Vec<Scored>, keep: impl FnMut(&Scored) -> bool) -> u64 {
    let before = rows.len();
    rows.retain(keep);
    (before - rows.len()) as u64
}
