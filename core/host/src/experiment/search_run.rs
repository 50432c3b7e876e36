//! A search in a run: checked before, on record after.

use protea_contracts::metrics::flatten;
use serde_json::{Map, Value, json};

use super::{
    context::{GroupedRun, RunContext, RunOptions},
    error::ExperimentError,
    search_loop::Searching,
    search_table,
    setup::Experiment,
    trial_lines::TrialLines,
};
use crate::{
    Dataset,
    search::{Chooser, Search, SearchResult, described},
};

impl Experiment {
    /// Searches for the best settings in a new run: [`RunContext::search`] in a
    /// [`run`](Self::run).
    ///
    /// ```no_run
    /// # use protea_core::{Experiment, dataset};
    /// # fn example(experiment: &Experiment) -> Result<(), Box<dyn std::error::Error>> {
    /// use protea_core::experiment::{Search, Setting, Strategy};
    ///
    /// let (train, test) = (dataset::stage("data/train")?, dataset::stage("data/test")?);
    /// let search = Search::new(Strategy::tpe(40))
    ///     .with_setting(Setting::whole("k", 1..=30))
    ///     .with_metric("MFO.fmax");
    /// let found = experiment.search("knn/search", &search, &train, &test)?.value;
    /// println!("{:?} scores {:?}", found.best.params, found.best.score);
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`RunContext::search`]; a search that cannot be done at all writes nothing.
    pub fn search(
        &self,
        options: impl Into<RunOptions>,
        search: &Search,
        train: &Dataset,
        eval: &Dataset,
    ) -> Result<GroupedRun<SearchResult>, ExperimentError> {
        search.check(&self.runner)?;
        let mut options = options.into();
        options.pipeline = "search";
        self.run(options, |run| run.search(search, train, eval))
    }
}

impl RunContext<'_> {
    /// Fits on `train` and evaluates on `eval` with many settings, and says which were best. Each
    /// trial is a child run, `<run>/trial-003`, in the job of its own state point, also with a flat
    /// layout. Trials run in parallel if [`with_jobs`](Experiment::with_jobs) is more than 1; the
    /// trials and their scores do not depend on that.
    ///
    /// A finished run with the same runner file, settings, seed and datasets is reused as a trial.
    /// So an interrupted search resumes where it stopped.
    ///
    /// A trial that fails is recorded, and the search continues. The run's settings get what was
    /// searched and `best`, its metrics `best.<metric>` for all metrics of the best trial, its directory
    /// the table of all trials, `search.tsv`. While it runs, `trials.jsonl` has the trials that have ended.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Search`] when the search cannot be done, or no trial has a score;
    /// [`ExperimentError::Cancelled`] or [`ExperimentError::Step`] when the user cancels; errors
    /// of recording a run.
    pub fn search(
        &mut self,
        search: &Search,
        train: &Dataset,
        eval: &Dataset,
    ) -> Result<SearchResult, ExperimentError> {
        let experiment = self.steps.experiment;
        search.check(&experiment.runner)?;
        let objective = search.objective(&experiment.runner)?;
        let chooser = Chooser::new(&search.settings, search.strategy, experiment.seed)?;
        let mut what = described(search.strategy, &search.settings, chooser.total());
        what["metric"] = json!(objective.name);
        what["direction"] = json!(objective.direction);
        if !search.base.is_null() {
            what["base"] = search.base.clone();
        }
        self.log_dataset("train", train)?;
        self.log_dataset("eval", eval)?;
        let dataset = |dataset: &Dataset| json!({ "name": dataset.name, "sha256": dataset.sha256 });
        self.log_params(Map::from_iter([
            ("search".to_owned(), what),
            ("train_dataset".to_owned(), dataset(train)),
            ("eval_dataset".to_owned(), dataset(eval)),
        ]))?;

        if let Some(delegation) = &experiment.delegation {
            delegation.expect(chooser.total());
        }
        let directory = self.steps.recorder.directory().path();
        // A plan knows its trials before they have ended.
        let lines = match &experiment.delegation {
            Some(_) => None,
            None => Some(TrialLines::create(directory)?),
        };
        let mut searching = Searching::new(search, objective, chooser, (train, eval), lines);
        let ended = searching.run(self);
        let directory = self.steps.recorder.directory().path();
        // Also of a search that was ended, as far as it came.
        let table = search_table::write(directory, &search.settings, searching.trials())?;
        searching.is_written()?;
        self.steps.recorder.log_artifact(&table)?;
        ended?;
        let result = searching.result(experiment.seed, table)?;
        let score = result.best.score.unwrap_or(f64::NAN);
        let best = Value::Object(result.best.params.clone());
        self.log_params(Map::from_iter([("best".to_owned(), best)]))?;
        let others = flatten(&result.best.metrics).into_iter();
        let others = others.filter(|(name, _)| *name != result.metric);
        let scores: Vec<(String, f64)> = std::iter::once((result.metric.clone(), score))
            .chain(others)
            .map(|(name, value)| (format!("best.{name}"), value))
            .collect();
        let scores: Vec<(&str, f64)> = scores.iter().map(|(name, v)| (&**name, *v)).collect();
        self.log_metrics(0, &scores)?;
        Ok(result)
    }
}
