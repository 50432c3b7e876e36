//! One contender of a benchmark, fitted and evaluated in a child run.

use serde_json::Value;

use crate::{
    Dataset, Runner,
    experiment::{
        context::RunContext, error::ExperimentError, finished_run::FinishedRun,
        run_reuse::ReusableRuns, setup::Reuse, work::Work,
    },
};

/// A runner with settings, to be compared with others.
#[derive(Clone)]
pub struct Contender {
    /// What it is called in the comparison; also the name of its run below that of the comparison.
    pub name: String,
    /// The runner.
    pub runner: Runner,
    /// Its settings; what is not there has the runner's default.
    pub spec: Value,
}

impl RunContext<'_> {
    /// Fits `contender` on `train` and evaluates it on `eval`, in a child run `<run>/<contender>`,
    /// also with a flat layout or another runner.
    ///
    /// ```no_run
    /// # use protea_core::{Dataset, Experiment, ExperimentError, Runner, Workspace, dataset};
    /// # fn example(knn: &Runner, baseline: &Runner, workspace: &Workspace) -> Result<(), Box<dyn std::error::Error>> {
    /// use protea_core::experiment::{Contender, Reuse, RunOptions};
    ///
    /// let (train, test) = (dataset::stage("data/train")?, dataset::stage("data/test")?);
    /// let contenders = [("knn", knn), ("naive", baseline)].map(|(name, runner)| Contender {
    ///     name: name.to_owned(),
    ///     runner: runner.clone(),
    ///     spec: serde_json::json!({}),
    /// });
    /// Experiment::new(knn, workspace).run(RunOptions::benchmark("benchmark"), |run| {
    ///     for contender in &contenders {
    ///         match run.contend(contender, &train, &test, Reuse::Nothing) {
    ///             Ok(done) => println!("{}: {:?}", contender.name, done.metric("MFO", "fmax")),
    ///             Err(error) if error.ends_all() => return Err(error),
    ///             Err(error) => println!("{}: {error}", contender.name),
    ///         }
    ///     }
    ///     Ok(())
    /// })?;
    /// # Ok(()) }
    /// ```
    ///
    /// With [`Reuse::FinishedRuns`], a run that finished earlier as a contender with the same
    /// runner file, settings, seed, datasets, threads and isolation is reused. It stays the child
    /// of the run that it was computed for.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Spec`] when the runner refuses the settings;
    /// [`ExperimentError::Step`] when a step fails; errors of recording a run.
    /// [`ends_all`](ExperimentError::ends_all) says whether others can still contend.
    pub fn contend(
        &mut self,
        contender: &Contender,
        train: &Dataset,
        eval: &Dataset,
        reuse: Reuse,
    ) -> Result<FinishedRun, ExperimentError> {
        let mut experiment = self.steps.experiment.with_runner(&contender.runner);
        experiment.reuse = reuse;
        let work = Work {
            pipeline: "contender",
            name: contender.name.clone(),
            spec: experiment.resolve(&contender.spec)?,
            train,
            eval,
        };
        let worked = experiment.work(&self.parent, &ReusableRuns::alike(), &work);
        self.child(&contender.name, worked.map(|worked| worked.run))
    }
}
