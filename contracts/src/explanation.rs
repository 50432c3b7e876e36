//! Explanations: where a score comes from.
//!
//! An explanation covers one protein: the terms that are predicted for it, and what contributed to
//! the score of each. The contributors depend on the method: neighbours that vote, features that
//! shift a prediction, frequencies in a training set. As JSON:
//!
//! ```json
//! {
//!   "accession": "P12345",
//!   "contributors": "neighbour",
//!   "predicted": 38,
//!   "terms": [
//!     {
//!       "term": "GO:0005524",
//!       "name": "ATP binding",
//!       "aspect": "MFO",
//!       "score": 0.75,
//!       "predicted": true,
//!       "combination": "sum",
//!       "base": 0.0,
//!       "contributions": [
//!         {"source": "Q9Y2H1", "amount": 0.5, "rank": 1, "distance": 0.1, "similarity": 0.9, "weight": 0.9},
//!         {"source": "O95835", "amount": 0.25, "rank": 3, "distance": 0.55, "similarity": 0.45,
//!          "weight": 0.45, "through": ["GO:0005525"]}
//!       ]
//!     }
//!   ],
//!   "extras": {}
//! }
//! ```
//!
//! A field added later has a default, and a host ignores a field that it does not know.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where the scores of a protein come from: the result of
/// [`ExperimentRunner::explain`](crate::ExperimentRunner::explain).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Explanation {
    /// The protein.
    pub accession: String,
    /// The kind of contributor, in the singular, as the heading of a table: `neighbour`, `feature`.
    pub contributors: String,
    /// The number of terms predicted for the protein, explained here or not.
    pub predicted: usize,
    /// The explained terms by descending score; of equal scores, the most informative first.
    pub terms: Vec<TermExplanation>,
    /// The number of decimals that the method rounds scores to, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// Anything else worth showing.
    #[serde(default)]
    pub extras: Map<String, Value>,
}

/// Where the score of a term comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TermExplanation {
    /// The term's id.
    pub term: String,
    /// Its name, if the ontology has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its aspect or namespace, as in metrics.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aspect: Option<String>,
    /// The score that `evaluate` computes, before it is rounded for a file.
    pub score: f64,
    /// The score before calibration, if scores are calibrated. Then base and contributions combine to
    /// this value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uncalibrated: Option<f64>,
    /// Whether `evaluate` predicts the term. It may omit terms that score low or follow from another.
    #[serde(default = "yes")]
    pub predicted: bool,
    /// How the contributions combine to the score.
    #[serde(default)]
    pub combination: Combination,
    /// The value without any contribution: 0 for votes, the expected value for features.
    #[serde(default)]
    pub base: f64,
    /// The contributions, the largest amount first. None that changes the score is omitted, unless
    /// the request limits them.
    #[serde(default)]
    pub contributions: Vec<Contribution>,
    /// How many more contributions there are, because the request limits them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub omitted: usize,
}

/// One contributor to a score, and its amount.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Contribution {
    /// The contributor: a neighbour's accession, a feature's name.
    pub source: String,
    /// Its part of the score, on the scale of the term's [`Combination`].
    pub amount: f64,
    /// Its rank among the neighbours, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// Distance from the protein, in the method's metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<f64>,
    /// Similarity to the protein, in the method's metric.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f64>,
    /// The weight of its vote, before votes are normalised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// A feature's value for the protein.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The source's most specific terms that imply this one; empty if it has the term itself and
    /// none of its descendants.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
}

/// How contributions combine to a score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Combination {
    /// The base plus all amounts.
    #[default]
    Sum,
    /// The largest of the base and the amounts.
    Max,
    /// 1 / (1 + exp(−x)), where x is the base plus all amounts, which are log-odds.
    LogisticSum,
    /// A combination that only a newer contract has.
    #[serde(other)]
    Other,
}

fn yes() -> bool {
    true
}

// Serde passes a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Explanation {
    /// An explanation without terms.
    pub fn new(accession: impl Into<String>, contributors: impl Into<String>) -> Self {
        Self {
            accession: accession.into(),
            contributors: contributors.into(),
            ..Self::default()
        }
    }

    /// Sets the terms: sorts them by descending score (a stable sort), counts the predicted ones, and
    /// keeps the first `limit`, or all if that is 0.
    #[must_use]
    pub fn with_terms(mut self, mut terms: Vec<TermExplanation>, limit: usize) -> Self {
        terms.sort_by(|a, b| b.score.total_cmp(&a.score));
        self.predicted = terms.iter().filter(|term| term.predicted).count();
        if limit > 0 {
            terms.truncate(limit);
        }
        self.terms = terms;
        self
    }

    /// Adds an extra.
    #[must_use]
    pub fn with_extra(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extras.insert(name.to_owned(), value.into());
        self
    }
}

impl TermExplanation {
    /// A predicted term whose score is a sum of contributions that are to be added.
    pub fn new(term: impl Into<String>, score: f64) -> Self {
        Self {
            term: term.into(),
            score,
            predicted: true,
            ..Self::default()
        }
    }

    /// The score that base and contributions combine to: the one before calibration.
    #[must_use]
    pub fn raw_score(&self) -> f64 {
        self.uncalibrated.unwrap_or(self.score)
    }

    /// Keeps the first `most` contributions and counts the others as omitted.
    pub fn limit_contributions(&mut self, most: usize) {
        self.omitted += self.contributions.len().saturating_sub(most);
        self.contributions.truncate(most);
    }

    /// The score computed from base and contributions, equal to [`raw_score`](Self::raw_score) up to
    /// rounding. `None` for a combination that this contract does not know, and if contributions are
    /// omitted.
    ///
    /// ```
    /// use protea_contracts::explanation::{Contribution, TermExplanation};
    ///
    /// let mut term = TermExplanation::new("GO:0005524", 0.75);
    /// term.contributions = vec![Contribution::new("Q9Y2H1", 0.5), Contribution::new("O95835", 0.25)];
    /// assert_eq!(term.reproduced(), Some(0.75));
    /// ```
    #[must_use]
    pub fn reproduced(&self) -> Option<f64> {
        let amounts = || self.contributions.iter().map(|part| part.amount);
        let sum = || self.base + amounts().sum::<f64>();
        if self.omitted > 0 {
            return None;
        }
        match self.combination {
            Combination::Sum => Some(sum()),
            Combination::Max => Some(amounts().fold(self.base, f64::max)),
            Combination::LogisticSum => Some(1.0 / (1.0 + (-sum()).exp())),
            Combination::Other => None,
        }
    }
}

impl Contribution {
    /// A contribution with source and amount only.
    pub fn new(source: impl Into<String>, amount: f64) -> Self {
        Self {
            source: source.into(),
            amount,
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn term(combination: Combination, base: f64, amounts: &[f64]) -> TermExplanation {
        let part = |amount: &f64| Contribution::new("x", *amount);
        TermExplanation {
            combination,
            base,
            contributions: amounts.iter().map(part).collect(),
            ..TermExplanation::new("T:1", 0.0)
        }
    }

    #[test]
    fn contributions_combine_to_the_score() {
        let reproduced = |combination, base, amounts: &[f64]| {
            let term = term(combination, base, amounts);
            term.reproduced()
        };
        assert_eq!(reproduced(Combination::Sum, 0.5, &[0.25, -0.5]), Some(0.25));
        assert_eq!(reproduced(Combination::Max, 0.0, &[0.25, 0.75]), Some(0.75));
        assert_eq!(
            reproduced(Combination::LogisticSum, 1.0, &[-3.0, 2.0]),
            Some(0.5)
        );
        assert_eq!(reproduced(Combination::Other, 0.0, &[1.0]), None);
    }

    #[test]
    fn explanations_of_other_contracts_are_read() {
        let least: TermExplanation = serde_json::from_value(json!({
            "term": "T:1", "score": 0.5, "contributions": [{ "source": "x", "amount": 0.5 }],
        }))
        .unwrap();
        assert!(least.predicted);
        assert_eq!(least.reproduced(), Some(0.5));
        let newer: TermExplanation = serde_json::from_value(json!({
            "term": "T:1", "score": 0.5, "combination": "noisy_or", "unheard": [1],
        }))
        .unwrap();
        assert_eq!(newer.combination, Combination::Other);
    }

    #[test]
    fn terms_are_sorted_counted_and_truncated() {
        let score = |name: &str, score| TermExplanation::new(name, score);
        let low = TermExplanation {
            predicted: false,
            ..score("T:4", 0.001)
        };
        let terms = vec![
            low,
            score("T:1", 0.25),
            score("T:3", 0.5),
            score("T:2", 0.5),
        ];
        let explanation = Explanation::new("P1", "neighbour").with_terms(terms, 2);
        let names: Vec<&str> = explanation.terms.iter().map(|t| t.term.as_str()).collect();
        assert_eq!(names, ["T:3", "T:2"]);
        assert_eq!(explanation.predicted, 3);
    }
}
