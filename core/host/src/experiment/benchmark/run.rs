//! A benchmark in a run: every entrant in a child run, scored, then ranked.

use serde_json::{Map, Value, json};

use super::{
    contend::Contender,
    entrant::Entrant,
    result::{BenchmarkResult, Outcome, Scored},
    scorer::{Scorer, ScorerError},
};
use crate::{
    Dataset,
    experiment::{
        context::{GroupedRun, RunContext, RunOptions},
        error::ExperimentError,
        observer::BenchmarkEvent,
        setup::{Experiment, Reuse},
    },
    store::write_atomic,
};

/// How far a metric that a runner returned may be from the scorer's.
const TOLERANCE: f64 = 1e-6;

/// Makes the text of a table.
type Table = Box<dyn Fn(&BenchmarkResult) -> String + Send + Sync>;

/// Several runners, to be fitted and evaluated on the same data and scored alike.
pub struct Benchmark {
    entrants: Vec<Entrant>,
    reuse: Reuse,
    tables: Vec<(String, Table)>,
}

/// A benchmark that has ended, successfully or not.
#[derive(Debug)]
#[non_exhaustive]
pub struct FinishedBenchmark {
    /// What was found, also if the run failed.
    pub result: BenchmarkResult,
    /// The run.
    pub run: Result<GroupedRun<()>, ExperimentError>,
}

impl Benchmark {
    /// A benchmark of these entrants, in this order.
    #[must_use]
    pub fn new(entrants: Vec<Entrant>) -> Self {
        Self {
            entrants,
            reuse: Reuse::Nothing,
            tables: Vec::new(),
        }
    }

    /// Whether the runs of an earlier benchmark are reused, as by [`RunContext::contend`];
    /// [`Reuse::Nothing`] unless set.
    #[must_use]
    pub fn with_reuse(mut self, reuse: Reuse) -> Self {
        self.reuse = reuse;
        self
    }

    /// Writes what was found to a file of this name in the benchmark's directory.
    #[must_use]
    pub fn with_table(
        mut self,
        file: impl Into<String>,
        table: impl Fn(&BenchmarkResult) -> String + Send + Sync + 'static,
    ) -> Self {
        self.tables.push((file.into(), Box::new(table)));
        self
    }
}

impl Experiment {
    /// Fits every entrant on `train` and evaluates it on `eval`, each in a child run
    /// `<run>/<entrant>`, and has `scorer` score it. The runner of the experiment itself does not
    /// take part.
    ///
    /// The run's settings say what was compared and how it was scored; its metrics are the scores.
    /// That an entrant fails does not end the benchmark. The run ends `failed` if no entrant has
    /// scores.
    ///
    /// ```no_run
    /// # use protea_core::{Dataset, Experiment, ExperimentError, Runner, experiment::Scorer};
    /// use protea_core::experiment::{Benchmark, Entrant};
    ///
    /// # fn example(experiment: &Experiment, knn: &Runner, mine: &Runner, train: &Dataset, test: &Dataset, scorer: &mut dyn Scorer) -> Result<(), ExperimentError> {
    /// let benchmark = Benchmark::new(vec![
    ///     Entrant::new("knn", knn, serde_json::json!({})),
    ///     Entrant::new("mine", mine, serde_json::json!({ "layers": 2 })),
    /// ]);
    /// let finished = experiment.benchmark("benchmark", &benchmark, train, test, scorer);
    /// for group in &finished.result.groups {
    ///     for line in group.lines.iter().filter(|line| line.best) {
    ///         println!("{}: {}", group.group, line.name);
    ///     }
    /// }
    /// println!("written to {}", finished.run?.directory.display());
    /// # Ok(()) }
    /// ```
    pub fn benchmark(
        &self,
        name: impl Into<String>,
        benchmark: &Benchmark,
        train: &Dataset,
        eval: &Dataset,
        scorer: &mut dyn Scorer,
    ) -> FinishedBenchmark {
        let mut result = BenchmarkResult::default();
        let run = self.run(RunOptions::benchmark(name), |run| {
            benchmark.record(run, train, eval, scorer)?;
            benchmark.score(run, train, eval, scorer, &mut result)?;
            result.rank(scorer);
            benchmark.write(run, &result)?;
            match result.scored().next() {
                Some(_) => Ok(()),
                None => Err(ExperimentError::NoScores),
            }
        });
        FinishedBenchmark { result, run }
    }
}

impl Benchmark {
    /// Records what is compared.
    fn record(
        &self,
        run: &mut RunContext<'_>,
        train: &Dataset,
        eval: &Dataset,
        scorer: &dyn Scorer,
    ) -> Result<(), ExperimentError> {
        let entrants = self.entrants.iter();
        let described = entrants.map(|entrant| (entrant.name.clone(), entrant.described()));
        let identity =
            |dataset: &Dataset| json!({ "name": dataset.name, "sha256": dataset.sha256 });
        let mut params =
            Map::from_iter([("contenders".to_owned(), Value::Object(described.collect()))]);
        params.extend(scorer.settings());
        params.insert("train_dataset".to_owned(), identity(train));
        params.insert("eval_dataset".to_owned(), identity(eval));
        run.log_dataset("train", train)?;
        run.log_dataset("eval", eval)?;
        run.log_params(params)
    }

    /// Runs and scores every entrant.
    fn score(
        &self,
        run: &mut RunContext<'_>,
        train: &Dataset,
        eval: &Dataset,
        scorer: &mut dyn Scorer,
        result: &mut BenchmarkResult,
    ) -> Result<(), ExperimentError> {
        let observer = run.observer();
        for (place, entrant) in self.entrants.iter().enumerate() {
            observer.benchmark(&BenchmarkEvent::Started {
                name: &entrant.name,
                place,
                total: self.entrants.len(),
            });
            let outcome = Outcome {
                name: entrant.name.clone(),
                scored: match self.score_one(run, entrant, train, eval, scorer) {
                    Ok(scored) => Ok(scored),
                    Err(NoScores::All(error)) => return Err(error),
                    Err(NoScores::This(reason)) => Err(reason),
                },
            };
            if let Some(reason) = outcome.reason() {
                observer.benchmark(&BenchmarkEvent::Failed {
                    name: &entrant.name,
                    reason,
                });
            }
            result.outcomes.push(outcome);
        }
        Ok(())
    }

    fn score_one(
        &self,
        run: &mut RunContext<'_>,
        entrant: &Entrant,
        train: &Dataset,
        eval: &Dataset,
        scorer: &mut dyn Scorer,
    ) -> Result<Scored, NoScores> {
        let runner = entrant.runner.clone().map_err(NoScores::This)?;
        if let Some(reason) = scorer.refusal(&runner) {
            return Err(NoScores::This(reason));
        }
        let contender = Contender {
            name: entrant.name.clone(),
            runner: runner.clone(),
            spec: entrant.spec.clone(),
        };
        let done = match run.contend(&contender, train, eval, self.reuse) {
            Ok(done) => done,
            Err(error) if error.ends_all() => return Err(NoScores::All(error)),
            Err(error) => return Err(NoScores::This(error.with_causes())),
        };
        let groups = match scorer.score(&entrant.name, &done) {
            Ok(groups) => groups,
            Err(ScorerError::Cancelled) => return Err(NoScores::All(ExperimentError::Cancelled)),
            Err(ScorerError::Failed(reason)) => return Err(NoScores::This(reason)),
        };
        for group in &groups {
            // The runner's own scores are not what is compared, but they should be the same.
            let Some(score) = group.principal() else {
                continue;
            };
            let returned = done.manifest.metrics.get(&group.group);
            let returned = returned.and_then(|group| group.get(&score.name)?.as_f64());
            if let Some(returned) = returned
                && (returned - score.value).abs() > TOLERANCE
            {
                run.observer().benchmark(&BenchmarkEvent::Differs {
                    name: &entrant.name,
                    group: &group.group,
                    metric: &score.name,
                    returned,
                    scored: score.value,
                });
            }
        }
        Ok(Scored {
            groups,
            placeholder: runner.capabilities().metrics.placeholder,
            seconds: done.manifest.steps.iter().map(|step| step.seconds).sum(),
            taken_over: done.manifest.parent.as_ref() != Some(run.id()),
            run_id: done.manifest.run_id,
        })
    }

    /// Writes the tables to the run's directory, and the scores into the run.
    fn write(
        &self,
        run: &mut RunContext<'_>,
        result: &BenchmarkResult,
    ) -> Result<(), ExperimentError> {
        for (file, table) in &self.tables {
            let path = run.directory().join(file);
            write_atomic(&path, table(result).as_bytes())?;
            run.log_artifact(&path)?;
        }
        let metrics = result.metrics();
        let metrics: Vec<(&str, f64)> = metrics.iter().map(|(name, v)| (&**name, *v)).collect();
        run.log_metrics(0, &metrics)
    }
}

/// Why there are no scores: of one entrant, or of all that follow.
enum NoScores {
    This(String),
    All(ExperimentError),
}
