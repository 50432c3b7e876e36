//! What a benchmark found.

use protea_cafa::scoring::{Bootstrap, Difference, Interval, Resampled};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What a benchmark found, in the order of `--runners`.
pub struct Benchmark {
    /// Name of the dataset learned from.
    pub train: String,
    /// Name of the dataset scored on.
    pub eval: String,
    /// How Fmax was resampled, if it was.
    pub bootstrap: Option<Bootstrap>,
    /// What became of each contender.
    pub outcomes: Vec<Outcome>,
}

/// What became of a contender.
pub struct Outcome {
    /// Its name.
    pub name: String,
    /// Its scores, or why it has none.
    pub scored: Result<Scored, String>,
}

/// The scores of a contender.
pub struct Scored {
    /// One per aspect in which the dataset has annotated proteins; MFO, BPO and CCO first.
    pub aspects: Vec<AspectScores>,
    /// Whether the runner says that its scores mean nothing.
    pub placeholder: bool,
    /// Wall time of fit and evaluate.
    pub seconds: f64,
    /// Its run.
    pub run_id: String,
    /// Whether that was there already.
    pub taken_over: bool,
}

/// The scores in one aspect.
pub struct AspectScores {
    /// `MFO`, `BPO`, `CCO`, or the name of another namespace.
    pub aspect: String,
    /// Proteins that are annotated in it.
    pub proteins: usize,
    pub fmax: f64,
    pub auc_pr: f64,
    pub coverage: f64,
    pub wfmax: Option<f64>,
    pub smin: Option<f64>,
    pub resampled: Option<Resampled>,
}

/// A row of the table as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row<'b> {
    pub runner: &'b str,
    pub aspect: &'b str,
    pub fmax: f64,
    pub fmax_ci: Option<Interval>,
    pub auc_pr: f64,
    pub coverage: f64,
    pub wfmax: Option<f64>,
    pub smin: Option<f64>,
    pub seconds: f64,
}

/// An aspect of the table: its contenders, and how each differs from the best.
pub struct AspectTable<'b> {
    pub aspect: &'b str,
    pub proteins: usize,
    pub lines: Vec<Line<'b>>,
}

/// A contender in an aspect.
pub struct Line<'b> {
    pub row: Row<'b>,
    /// Whether no other has a higher Fmax; the first of several, and never a placeholder.
    pub best: bool,
    /// Its Fmax less that of the best; none of the best itself, of a placeholder, and without a
    /// bootstrap.
    pub to_best: Option<Difference>,
    pub run_id: &'b str,
}

impl Outcome {
    pub fn scored(name: &str, scored: Scored) -> Self {
        Self {
            name: name.to_owned(),
            scored: Ok(scored),
        }
    }

    pub fn failed(name: &str, reason: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            scored: Err(reason.into()),
        }
    }

    /// Why it has no scores.
    pub fn reason(&self) -> Option<&str> {
        self.scored.as_ref().err().map(String::as_str)
    }
}

impl Benchmark {
    /// Contender by contender, and each aspect by aspect.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.there()
            .flat_map(|(name, scored)| scored.aspects.iter().map(move |of| row(name, scored, of)))
    }

    /// Aspect by aspect, and in each contender by contender.
    pub fn aspects(&self) -> Vec<AspectTable<'_>> {
        let mut tables: Vec<AspectTable<'_>> = Vec::new();
        // All were scored against the same annotations, so that all have the same aspects.
        let aspects = self.there().next().map(|(_, scored)| scored.aspects.len());
        for place in 0..aspects.unwrap_or(0) {
            let of: Vec<(&str, &Scored, &AspectScores)> = self
                .there()
                .map(|(name, scored)| (name, scored, &scored.aspects[place]))
                .collect();
            // What says nothing is not what others are held against.
            let mut best: Option<usize> = None;
            for (place, (_, scored, scores)) in of.iter().enumerate() {
                let higher = best.is_none_or(|best| scores.fmax > of[best].2.fmax);
                if higher && !scored.placeholder {
                    best = Some(place);
                }
            }
            let lines = of
                .iter()
                .enumerate()
                .map(|(place, &(name, scored, scores))| Line {
                    row: row(name, scored, scores),
                    best: best == Some(place),
                    to_best: match best {
                        Some(best) if best != place && !scored.placeholder => {
                            difference(scores, of[best].2)
                        }
                        _ => None,
                    },
                    run_id: &scored.run_id,
                })
                .collect();
            tables.push(AspectTable {
                aspect: &of[0].2.aspect,
                proteins: of[0].2.proteins,
                lines,
            });
        }
        tables
    }

    /// Who has no scores, and why.
    pub fn failed(&self) -> impl Iterator<Item = (&str, &str)> {
        self.outcomes
            .iter()
            .filter_map(|outcome| Some((&*outcome.name, outcome.reason()?)))
    }

    /// The same as `--json` prints it.
    pub fn failed_json(&self) -> Value {
        let one = |(runner, reason): (&str, &str)| json!({ "runner": runner, "reason": reason });
        self.failed().map(one).collect()
    }

    /// Whose scores mean nothing, as their runners say.
    pub fn placeholders(&self) -> Vec<&str> {
        self.there()
            .filter(|(_, scored)| scored.placeholder)
            .map(|(name, _)| name)
            .collect()
    }

    /// Whose runs were there already.
    pub fn taken_over(&self) -> Vec<&str> {
        self.there()
            .filter(|(_, scored)| scored.taken_over)
            .map(|(name, _)| name)
            .collect()
    }

    /// What `--json` prints of it.
    pub fn json(&self) -> Map<String, Value> {
        let mut differences = Vec::new();
        for table in self.aspects() {
            let best = table.lines.iter().find(|line| line.best);
            let Some(best) = best.map(|line| line.row.runner) else {
                continue;
            };
            for line in &table.lines {
                if let Some(to_best) = line.to_best {
                    differences.push(json!({
                        "aspect": table.aspect,
                        "runner": line.row.runner,
                        "best": best,
                        "difference": to_best.difference,
                        "difference_ci": to_best.interval,
                        "p_value": to_best.p_value,
                    }));
                }
            }
        }
        let runs = self
            .there()
            .map(|(name, scored)| (name.to_owned(), json!(scored.run_id)));
        Map::from_iter([
            ("rows".to_owned(), json!(self.rows().collect::<Vec<_>>())),
            ("failed".to_owned(), self.failed_json()),
            ("differences".to_owned(), Value::Array(differences)),
            ("bootstrap".to_owned(), json!(self.bootstrap)),
            ("runs".to_owned(), Value::Object(runs.collect())),
            ("taken_over".to_owned(), json!(self.taken_over())),
        ])
    }

    fn there(&self) -> impl Iterator<Item = (&str, &Scored)> {
        self.outcomes
            .iter()
            .filter_map(|outcome| Some((&*outcome.name, outcome.scored.as_ref().ok()?)))
    }
}

fn row<'b>(name: &'b str, scored: &Scored, scores: &'b AspectScores) -> Row<'b> {
    Row {
        runner: name,
        aspect: &scores.aspect,
        fmax: scores.fmax,
        fmax_ci: scores.resampled.as_ref().map(Resampled::interval),
        auc_pr: scores.auc_pr,
        coverage: scores.coverage,
        wfmax: scores.wfmax,
        smin: scores.smin,
        seconds: scored.seconds,
    }
}

/// Both were resampled alike, or neither.
fn difference(one: &AspectScores, other: &AspectScores) -> Option<Difference> {
    one.resampled
        .as_ref()?
        .minus(other.resampled.as_ref()?)
        .ok()
}
