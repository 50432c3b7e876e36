//! What a benchmark found.

use protea_tracking::RunId;

use super::scorer::{Comparison, GroupScores, MetricScore, Scorer};

/// What a benchmark found, in the order of its entrants.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct BenchmarkResult {
    /// What became of each entrant, as far as the benchmark came.
    pub outcomes: Vec<Outcome>,
    /// The same by group, ranked; empty until all entrants are through.
    pub groups: Vec<BenchmarkGroup>,
}

/// What became of an entrant.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Its scores, or why it has none.
    pub scored: Result<Scored, String>,
}

/// The scores of an entrant.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Scored {
    /// One entry per group.
    pub groups: Vec<GroupScores>,
    /// Whether the runner says that its scores mean nothing.
    pub placeholder: bool,
    /// Wall time of fit and evaluate.
    pub seconds: f64,
    /// Its run.
    pub run_id: RunId,
    /// Whether that run was there already.
    pub taken_over: bool,
}

/// A group of the result: its entrants, and how each differs from the best.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BenchmarkGroup {
    /// The group's name.
    pub group: String,
    /// How many items of it were scored.
    pub items: usize,
    /// The entrants that have scores.
    pub lines: Vec<BenchmarkLine>,
}

/// An entrant in a group.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct BenchmarkLine {
    /// Its name.
    pub name: String,
    /// Its scores in the group.
    pub scores: GroupScores,
    /// Wall time of fit and evaluate.
    pub seconds: f64,
    /// Its run.
    pub run_id: RunId,
    /// Whether no other has a higher principal metric; the first of several, and never a
    /// placeholder.
    pub best: bool,
    /// How it differs from the best. None of the best itself, of a placeholder, and if the scorer
    /// does not know.
    pub to_best: Option<Comparison>,
}

impl Outcome {
    /// An entrant without scores.
    #[must_use]
    pub fn failed(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            scored: Err(reason.into()),
        }
    }

    /// Why it has no scores.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        self.scored.as_ref().err().map(String::as_str)
    }
}

impl BenchmarkResult {
    /// A result with these outcomes and no groups.
    #[must_use]
    pub fn from_outcomes(outcomes: Vec<Outcome>) -> Self {
        Self {
            outcomes,
            groups: Vec::new(),
        }
    }

    /// The entrants that have scores.
    pub fn scored(&self) -> impl Iterator<Item = (&str, &Scored)> {
        self.outcomes
            .iter()
            .filter_map(|outcome| Some((&*outcome.name, outcome.scored.as_ref().ok()?)))
    }

    /// The entrants that have none, and why.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.outcomes
            .iter()
            .filter_map(|outcome| Some((&*outcome.name, outcome.reason()?)))
    }

    /// The entrants whose scores mean nothing, as their runners say.
    #[must_use]
    pub fn placeholders(&self) -> Vec<&str> {
        let placeholders = self.scored().filter(|(_, scored)| scored.placeholder);
        placeholders.map(|(name, _)| name).collect()
    }

    /// The entrants whose runs were there already.
    #[must_use]
    pub fn taken_over(&self) -> Vec<&str> {
        let taken_over = self.scored().filter(|(_, scored)| scored.taken_over);
        taken_over.map(|(name, _)| name).collect()
    }

    /// The metrics of the benchmark's own run: `<entrant>.<group>.<metric>` with the ends of its
    /// interval, and `<entrant>.seconds`.
    pub(super) fn metrics(&self) -> Vec<(String, f64)> {
        let mut metrics = Vec::new();
        for (name, scored) in self.scored() {
            for group in &scored.groups {
                for score in &group.metrics {
                    let key = format!("{name}.{}.{}", group.group, score.name);
                    metrics.push((key.clone(), score.value));
                    if let Some([low, high]) = score.interval {
                        metrics.push((format!("{key}_low"), low));
                        metrics.push((format!("{key}_high"), high));
                    }
                }
            }
        }
        let seconds = self.scored().map(|(name, scored)| (name, scored.seconds));
        metrics.extend(seconds.map(|(name, seconds)| (format!("{name}.seconds"), seconds)));
        metrics
    }

    /// Fills in the groups from the outcomes.
    pub(super) fn rank(&mut self, scorer: &dyn Scorer) {
        // All were scored in the same groups.
        let first = self
            .scored()
            .next()
            .map(|(_, scored)| scored.groups.clone());
        let groups = first.unwrap_or_default();
        self.groups = groups
            .iter()
            .map(|first| BenchmarkGroup {
                group: first.group.clone(),
                items: first.items,
                lines: self.lines(&first.group, scorer),
            })
            .collect();
    }

    fn lines(&self, group: &str, scorer: &dyn Scorer) -> Vec<BenchmarkLine> {
        let mut best: Option<(f64, &str)> = None;
        let mut lines = Vec::new();
        let mut ranked = Vec::new();
        for (name, scored) in self.scored() {
            let Some(scores) = scored.groups.iter().find(|scores| scores.group == group) else {
                continue;
            };
            let value = scores.principal().map(|score: &MetricScore| score.value);
            // Nothing is compared with scores that mean nothing.
            if let Some(value) = value.filter(|_| !scored.placeholder) {
                ranked.push(name);
                if best.is_none_or(|(best, _)| value > best) {
                    best = Some((value, name));
                }
            }
            lines.push(BenchmarkLine {
                name: name.to_owned(),
                scores: scores.clone(),
                seconds: scored.seconds,
                run_id: scored.run_id.clone(),
                best: false,
                to_best: None,
            });
        }
        if let Some((_, best)) = best {
            for line in &mut lines {
                line.best = line.name == best;
                if !line.best && ranked.contains(&&*line.name) {
                    line.to_best = scorer.compare(group, &line.name, best);
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::{FinishedRun, benchmark::ScorerError};

    /// Compares by the length of the names.
    struct ByName;

    impl Scorer for ByName {
        fn score(&mut self, _: &str, _: &FinishedRun) -> Result<Vec<GroupScores>, ScorerError> {
            Ok(Vec::new())
        }

        fn compare(&self, _: &str, entrant: &str, best: &str) -> Option<Comparison> {
            Some(Comparison {
                difference: entrant.len() as f64 - best.len() as f64,
                interval: [0.0, 1.0],
                p_value: 0.5,
            })
        }
    }

    fn outcome(name: &str, value: f64, placeholder: bool) -> Outcome {
        let score = |name: &str, value| MetricScore {
            name: name.to_owned(),
            value,
            interval: Some([value - 0.1, value + 0.1]),
        };
        Outcome {
            name: name.to_owned(),
            scored: Ok(Scored {
                groups: vec![GroupScores {
                    group: "A".to_owned(),
                    items: 3,
                    metrics: vec![score("accuracy", value)],
                }],
                placeholder,
                seconds: 1.5,
                run_id: format!("run of {name}").into(),
                taken_over: false,
            }),
        }
    }

    #[test]
    fn the_first_of_the_best_is_what_others_are_compared_with() {
        let mut result = BenchmarkResult {
            outcomes: vec![
                outcome("placeholder", 1.0, true),
                Outcome::failed("gone", "it is not there"),
                outcome("first", 0.5, false),
                outcome("same", 0.5, false),
                outcome("less", 0.25, false),
            ],
            groups: Vec::new(),
        };
        result.rank(&ByName);
        let [group] = &result.groups[..] else {
            panic!("{:?}", result.groups);
        };
        assert_eq!((&*group.group, group.items), ("A", 3));
        let best: Vec<bool> = group.lines.iter().map(|line| line.best).collect();
        assert_eq!(best, [false, true, false, false]);
        let compared = group.lines.iter().map(|line| line.to_best.is_some());
        assert_eq!(compared.collect::<Vec<_>>(), [false, false, true, true]);
        assert_eq!(result.placeholders(), ["placeholder"]);
        assert_eq!(
            result.failed().collect::<Vec<_>>(),
            [("gone", "it is not there")]
        );
        let metrics = result.metrics();
        assert_eq!(metrics[3], ("first.A.accuracy".to_owned(), 0.5));
        assert_eq!(metrics[4].0, "first.A.accuracy_low");
        assert!(metrics.contains(&("less.seconds".to_owned(), 1.5)));
    }
}
