//! Where a score comes from.
//!
//! An explanation is of one protein: the terms that are predicted for it, and for each of them what
//! contributed to its score. What contributes depends on the method: neighbours that vote, features
//! that move a prediction, frequencies in a training set. As JSON:
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
//! A field added later has a default, and a field that a host does not know is passed over.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Where the scores of a protein come from: the result of
/// [`ExperimentRunner::explain`](crate::ExperimentRunner::explain).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Explanation {
    /// The protein.
    pub accession: String,
    /// What contributes, in the singular, as a table's heading: `neighbour`, `feature`.
    pub contributors: String,
    /// How many terms are predicted for the protein, whether explained here or not.
    pub predicted: usize,
    /// The terms that are explained, by falling score; of one score, the most telling first.
    pub terms: Vec<TermExplanation>,
    /// How many decimals the scores are rounded to, where the method rounds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimals: Option<u8>,
    /// Whatever else is worth knowing.
    #[serde(default)]
    pub extras: Map<String, Value>,
}

/// Where the score of a term comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TermExplanation {
    /// The term's id.
    pub term: String,
    /// Its name, where the ontology gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The aspect or namespace that it is in, as metrics name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aspect: Option<String>,
    /// The score, as `evaluate` gives it before it is rounded for a file.
    pub score: f64,
    /// Whether `evaluate` predicts the term; it may leave out what scores low or follows from another.
    #[serde(default = "yes")]
    pub predicted: bool,
    /// How the contributions make up the score.
    #[serde(default)]
    pub combination: Combination,
    /// What the score would be made of without any contribution: 0 for votes, the expected value for
    /// features.
    #[serde(default)]
    pub base: f64,
    /// What made up the score, the largest amount first. Nothing that counts is left out.
    #[serde(default)]
    pub contributions: Vec<Contribution>,
}

/// What contributed to a score, and how much.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contribution {
    /// Who or what: a neighbour's accession, a feature's name.
    pub source: String,
    /// How much: the part of the score, on the scale of the term's [`Combination`].
    pub amount: f64,
    /// Place among those that were asked, the first being 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rank: Option<usize>,
    /// Distance from the protein, in the method's measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<f64>,
    /// Similarity to the protein, in the method's measure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similarity: Option<f64>,
    /// What its vote counts, before all votes are brought to scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// A feature's value for the protein.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// The source's most specific terms that imply this one; none where it has the term itself and
    /// nothing below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<String>,
}

/// How contributions make up a score.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Combination {
    /// The base plus all amounts.
    #[default]
    Sum,
    /// The largest of the base and the amounts.
    Max,
    /// 1 / (1 + exp(−x)), where x is the base plus all amounts: they are logarithms of odds.
    LogisticSum,
    /// One that only a newer contract knows.
    #[serde(other)]
    Other,
}

fn yes() -> bool {
    true
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

    /// Takes the terms of which the protein's scores consist: sorts them by score, those of one score
    /// as they come, counts those that are predicted, and keeps the first `limit`, or all where that
    /// is 0.
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
    /// A predicted term whose score is a sum of contributions yet to come.
    pub fn new(term: impl Into<String>, score: f64) -> Self {
        Self {
            term: term.into(),
            score,
            predicted: true,
            ..Self::default()
        }
    }

    /// What base and contributions make up: the score but for rounding. `None` for a combination
    /// that this contract does not know.
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
        match self.combination {
            Combination::Sum => Some(sum()),
            Combination::Max => Some(amounts().fold(self.base, f64::max)),
            Combination::LogisticSum => Some(1.0 / (1.0 + (-sum()).exp())),
            Combination::Other => None,
        }
    }
}

impl Contribution {
    /// A contribution of which only source and amount are known.
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
    fn contributions_make_up_the_score_in_each_known_way() {
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
    fn what_an_older_or_a_newer_contract_writes_is_read() {
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
    fn terms_are_sorted_counted_and_cut() {
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
