//! Counts what a file has.

use std::collections::{BTreeMap, HashSet};

use ahash::RandomState;
use protea_ontology::{Aspect, Ontology};
use serde::Serialize;

use crate::{
    examples::Examples,
    names::{Scored, TermKey, Terms},
    resolver::Resolver,
};

const MILLION: usize = 1_000_000;
/// The shares of the values that quantiles are given for, with their names.
const SHARES: [f64; 7] = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0];

/// The lowest value, quantiles and the highest value of a distribution. A quantile is a value of the
/// distribution: the lowest one that at least this share of the values does not exceed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// The lowest value.
    pub lowest: f64,
    /// The value that 5 % do not exceed.
    pub p5: f64,
    /// The value that a quarter does not exceed.
    pub p25: f64,
    /// The median.
    pub median: f64,
    /// The value that three quarters do not exceed.
    pub p75: f64,
    /// The value that 95 % do not exceed.
    pub p95: f64,
    /// The highest value.
    pub highest: f64,
}

impl Quantiles {
    /// Of a histogram: pairs of value and count, in rising order of the values.
    fn of(histogram: impl Iterator<Item = (f64, u64)> + Clone) -> Self {
        let total: u64 = histogram.clone().map(|(_, count)| count).sum();
        let at = |share: f64| {
            let wanted = ((share * total as f64).ceil() as u64).max(1);
            let mut seen = 0;
            let mut found = histogram.clone().filter(|(_, count)| {
                seen += count;
                *count > 0 && seen >= wanted
            });
            found.next().map_or(0.0, |(value, _)| value)
        };
        let [lowest, p5, p25, median, p75, p95, highest] = SHARES.map(at);
        Self {
            lowest,
            p5,
            p25,
            median,
            p75,
            p95,
            highest,
        }
    }
}

/// The predictions of one aspect.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AspectStatistics {
    /// Predictions.
    pub predictions: u64,
    /// Proteins with a prediction.
    pub proteins: u64,
    /// Different terms.
    pub terms: u64,
}

/// Counts the predictions of one protein after the other.
pub struct Statistics<'o> {
    resolver: Option<Resolver<'o>>,
    proteins: u64,
    predictions: u64,
    /// Predictions by score in millionths; higher scores than 1 are in the last place.
    scores: Vec<u64>,
    lowest: f64,
    highest: f64,
    /// Proteins by number of terms.
    sizes: BTreeMap<u64, u64>,
    /// Terms that were seen.
    terms: HashSet<TermKey, RandomState>,
    aspects: [AspectStatistics; 3],
    unknown: Examples,
}

impl<'o> Statistics<'o> {
    /// Counts by aspect too if there is an ontology.
    #[must_use]
    pub fn new(ontology: Option<&'o Ontology>) -> Self {
        Self {
            resolver: ontology.map(Resolver::new),
            proteins: 0,
            predictions: 0,
            scores: vec![0; MILLION + 1],
            lowest: f64::INFINITY,
            highest: 0.0,
            sizes: BTreeMap::new(),
            terms: HashSet::default(),
            aspects: Default::default(),
            unknown: Examples::default(),
        }
    }

    /// Adds the terms of a protein.
    pub fn add(&mut self, rows: &[Scored], terms: &Terms) {
        self.proteins += 1;
        self.predictions += rows.len() as u64;
        *self.sizes.entry(rows.len() as u64).or_default() += 1;
        let mut seen = [false; 3];
        for row in rows {
            self.scores[((row.score * 1e6).round() as usize).min(MILLION)] += 1;
            self.lowest = self.lowest.min(row.score);
            self.highest = self.highest.max(row.score);
            let is_new = self.terms.insert(row.term);
            let Some(resolver) = &mut self.resolver else {
                continue;
            };
            if resolver.first(row.term, terms).is_none() {
                self.unknown.add(|| terms.id(row.term).into_owned());
            } else if let Some(aspect) = resolver.aspect(row.term, terms) {
                let counts = &mut self.aspects[aspect as usize];
                counts.predictions += 1;
                counts.terms += u64::from(is_new);
                counts.proteins += u64::from(!std::mem::replace(&mut seen[aspect as usize], true));
            }
        }
    }

    /// Proteins with a prediction.
    #[must_use]
    pub fn proteins(&self) -> u64 {
        self.proteins
    }

    /// Pairs of protein and term.
    #[must_use]
    pub fn predictions(&self) -> u64 {
        self.predictions
    }

    /// Different terms.
    #[must_use]
    pub fn terms(&self) -> u64 {
        self.terms.len() as u64
    }

    /// The scores. The quantiles are rounded to six decimals, the lowest and the highest value are
    /// exact.
    #[must_use]
    pub fn scores(&self) -> Quantiles {
        let histogram = self.scores.iter().enumerate();
        let values = histogram.map(|(place, &count)| (place as f64 / MILLION as f64, count));
        Quantiles {
            lowest: if self.predictions == 0 {
                0.0
            } else {
                self.lowest
            },
            highest: self.highest,
            ..Quantiles::of(values)
        }
    }

    /// The numbers of terms of the proteins.
    #[must_use]
    pub fn terms_per_protein(&self) -> Quantiles {
        let sizes = self.sizes.iter();
        Quantiles::of(sizes.map(|(&size, &proteins)| (size as f64, proteins)))
    }

    /// The predictions of each aspect; `None` without an ontology.
    #[must_use]
    pub fn aspects(&self) -> Option<[(Aspect, &AspectStatistics); 3]> {
        self.resolver.as_ref()?;
        Some(Aspect::ALL.map(|aspect| (aspect, &self.aspects[aspect as usize])))
    }

    /// Predictions whose term is obsolete or not in the ontology.
    #[must_use]
    pub fn unknown(&self) -> &Examples {
        &self.unknown
    }
}
