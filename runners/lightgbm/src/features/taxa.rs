//! The distance between the taxon of a protein and those of its neighbours.

use std::collections::HashMap;

use protea_cafa::formats::Lineages;

/// The distances from one taxon. Each is computed once.
pub(super) struct TaxonDistances<'l> {
    lineages: Option<&'l Lineages>,
    own: Option<u32>,
    known: HashMap<u32, f64>,
}

impl<'l> TaxonDistances<'l> {
    pub(super) fn new(own: Option<u32>, lineages: Option<&'l Lineages>) -> Self {
        Self {
            lineages,
            own,
            known: HashMap::new(),
        }
    }

    /// The distance to another taxon, in [0, 1]: d / (1 + d) for d steps through the lowest common
    /// ancestor. It is 0 for the same taxon, and 1 for another one without a common lineage; `None`
    /// if a taxon is not known.
    pub(super) fn to(&mut self, other: Option<u32>) -> Option<f64> {
        let (own, other) = self.own.zip(other)?;
        if own == other {
            return Some(0.0);
        }
        let lineages = self.lineages;
        Some(*self.known.entry(other).or_insert_with(|| {
            let steps = lineages.and_then(|lineages| lineages.distance(own, other));
            steps.map_or(1.0, |steps| f64::from(steps) / (1.0 + f64::from(steps)))
        }))
    }
}
