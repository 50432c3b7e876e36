//! The content of the tables and of `--json`.

use protea_cafa::scoring::Bootstrap;
use protea_core::{
    Dataset,
    contracts::metrics::{AUC_PR, COVERAGE, F_MICRO_W, FMAX, SMIN, WFMAX},
    experiment::{BenchmarkLine, BenchmarkResult, GroupScores},
};
use serde::Serialize;
use serde_json::{Map, Value, json};

/// The inputs and the result of a benchmark.
pub struct BenchmarkReport<'b> {
    /// Name of the dataset that contenders trained on.
    pub train: &'b str,
    /// Name of the dataset that contenders were scored on.
    pub eval: &'b str,
    /// What follows the names of the datasets in the text.
    pub remark: &'b str,
    /// The bootstrap of Fmax, if there was one.
    pub bootstrap: Option<Bootstrap>,
    /// The result.
    pub found: &'b BenchmarkResult,
}

/// A row of the table as `--json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row<'b> {
    pub runner: &'b str,
    pub aspect: &'b str,
    pub fmax: f64,
    pub fmax_ci: Option<[f64; 2]>,
    pub auc_pr: f64,
    pub coverage: f64,
    pub wfmax: Option<f64>,
    pub smin: Option<f64>,
    pub f_micro_w: Option<f64>,
    pub seconds: f64,
}

impl<'b> Row<'b> {
    fn new(name: &'b str, scores: &'b GroupScores, seconds: f64) -> Self {
        let value = |metric: &str| scores.value(metric).unwrap_or(f64::NAN);
        Self {
            runner: name,
            aspect: &scores.group,
            fmax: value(FMAX),
            fmax_ci: scores.principal().and_then(|fmax| fmax.interval),
            auc_pr: value(AUC_PR),
            coverage: value(COVERAGE),
            wfmax: scores.value(WFMAX),
            smin: scores.value(SMIN),
            f_micro_w: scores.value(F_MICRO_W),
            seconds,
        }
    }

    /// The row of a contender in an aspect.
    pub fn from_line(line: &'b BenchmarkLine) -> Self {
        Self::new(&line.name, &line.scores, line.seconds)
    }
}

/// The rows for `--json`, by contender and aspect.
pub fn rows(found: &BenchmarkResult) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    for (name, scored) in found.scored() {
        let groups = scored.groups.iter();
        rows.extend(groups.map(|scores| Row::new(name, scores, scored.seconds)));
    }
    rows
}

/// The contenders without scores, for `--json`.
pub fn failed(found: &BenchmarkResult) -> Value {
    found
        .failed()
        .map(|(runner, reason)| json!({ "runner": runner, "reason": reason }))
        .collect()
}

impl<'b> BenchmarkReport<'b> {
    /// The report of a benchmark on these datasets.
    pub fn new(
        train: &'b Dataset,
        eval: &'b Dataset,
        bootstrap: Option<Bootstrap>,
        found: &'b BenchmarkResult,
    ) -> Self {
        Self {
            train: &train.name,
            eval: &eval.name,
            remark: "",
            bootstrap,
            found,
        }
    }

    /// The report with a remark after the names of the datasets.
    pub fn with_remark(mut self, remark: &'b str) -> Self {
        self.remark = remark;
        self
    }

    /// The fields for `--json`.
    pub fn json(&self) -> Map<String, Value> {
        let mut differences = Vec::new();
        for group in &self.found.groups {
            let Some(best) = group.lines.iter().find(|line| line.best) else {
                continue;
            };
            for line in &group.lines {
                if let Some(to_best) = line.to_best {
                    differences.push(json!({
                        "aspect": group.group,
                        "runner": line.name,
                        "best": best.name,
                        "difference": to_best.difference,
                        "difference_ci": to_best.interval,
                        "p_value": to_best.p_value,
                    }));
                }
            }
        }
        let runs = self.found.scored();
        let runs = runs.map(|(name, scored)| (name.to_owned(), json!(scored.run_id)));
        Map::from_iter([
            ("rows".to_owned(), json!(rows(self.found))),
            ("failed".to_owned(), failed(self.found)),
            ("differences".to_owned(), Value::Array(differences)),
            ("bootstrap".to_owned(), json!(self.bootstrap)),
            ("runs".to_owned(), Value::Object(runs.collect())),
            ("taken_over".to_owned(), json!(self.found.taken_over())),
        ])
    }
}
