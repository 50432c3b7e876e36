//! The search itself: choose, try, learn, compare.

use std::{collections::HashMap, path::PathBuf, sync::Arc};

use super::{
    context::RunContext,
    error::ExperimentError,
    lifecycle::Steps,
    observer::Progress,
    parallel_runs::in_parallel,
    run_reuse::ReusableRuns,
    setup::Experiment,
    trial_lines::TrialLines,
    work::{Work, Worked},
};
use crate::{
    Dataset,
    search::{Chooser, Objective, Origin, Point, Search, SearchError, SearchResult, Trial},
    workspace::{RunManifest, Status},
};

/// A search under way.
pub(super) struct Searching<'s> {
    search: &'s Search,
    objective: Objective,
    chooser: Chooser<'s>,
    /// To fit on, and to evaluate on.
    datasets: (&'s Dataset, &'s Dataset),
    trials: Vec<Trial>,
    reusable: Arc<ReusableRuns>,
    /// The trial that had a spec first.
    seen: HashMap<String, usize>,
    /// Where trials are written as they end.
    lines: Option<TrialLines>,
    /// The loss of the best of those that ended so far, the number of its trial, and its score.
    best: Option<(f64, usize, f64)>,
}

/// Trials that run in parallel.
struct Generation<'s> {
    trials: Vec<Trial>,
    works: Vec<Work<'s>>,
    /// The places in `trials` that the works are of.
    places: Vec<usize>,
    /// Places in `trials`, with the number of the trial that had the same spec before.
    repeats: Vec<(usize, usize)>,
}

impl<'s> Searching<'s> {
    pub(super) fn new(
        search: &'s Search,
        objective: Objective,
        chooser: Chooser<'s>,
        datasets: (&'s Dataset, &'s Dataset),
        lines: Option<TrialLines>,
    ) -> Self {
        Self {
            search,
            objective,
            chooser,
            datasets,
            trials: Vec::new(),
            reusable: Arc::default(),
            seen: HashMap::new(),
            lines,
            best: None,
        }
    }

    /// The trials that were done, in their order.
    pub(super) fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// Does all trials.
    pub(super) fn run(&mut self, run: &mut RunContext<'_>) -> Result<(), ExperimentError> {
        let experiment = run.steps.experiment;
        self.tell(&run.steps, 0, None);
        loop {
            let points = self.chooser.next_generation();
            if points.is_empty() {
                return Ok(());
            }
            let generation = self.prepare(experiment, &points)?;
            let first = self.trials.len();
            let before = experiment.delegation.as_ref().map_or(0, |it| it.pending());
            self.work(run, generation)?;
            if experiment
                .delegation
                .as_ref()
                .is_some_and(|it| it.pending() > before)
            {
                // The next trials depend on results that there are not yet.
                return Ok(());
            }
            for (place, point) in points.iter().enumerate() {
                let number = first + place;
                if let Some(score) = self.trials[number].score {
                    let loss = self.objective.loss(score);
                    self.chooser.tell(number, point, loss);
                }
            }
        }
    }

    /// What is to be done for these points. A spec that the runner refuses is a trial that failed.
    fn prepare(
        &mut self,
        experiment: &Experiment,
        points: &[Point],
    ) -> Result<Generation<'s>, ExperimentError> {
        let mut generation = Generation {
            trials: Vec::new(),
            works: Vec::new(),
            places: Vec::new(),
            repeats: Vec::new(),
        };
        let (train, eval) = self.datasets;
        for (place, point) in points.iter().enumerate() {
            let number = self.trials.len() + place;
            let values = self.chooser.values(point);
            let mut trial = Trial::proposed(number, self.search.params(&values));
            match experiment.runner.resolve_spec(&self.search.spec(&values)?) {
                Err(error) => trial.error = Some(protea_contracts::error::with_causes(&error)),
                Ok(spec) => {
                    trial.spec = spec.as_value().clone();
                    let text = trial.spec.to_string();
                    if let Some(&earlier) = self.seen.get(&text) {
                        generation.repeats.push((place, earlier));
                    } else {
                        self.seen.insert(text, number);
                        generation.places.push(place);
                        generation.works.push(Work {
                            pipeline: "trial",
                            name: self.name_of(number),
                            spec,
                            train,
                            eval,
                        });
                    }
                }
            }
            generation.trials.push(trial);
        }
        Ok(generation)
    }

    /// Does the trials of a generation. Of those that were ended before their time, the ones that
    /// had begun are kept.
    fn work(
        &mut self,
        run: &mut RunContext<'_>,
        generation: Generation<'_>,
    ) -> Result<(), ExperimentError> {
        let Generation {
            mut trials,
            works,
            places,
            repeats,
        } = generation;
        let experiment = run.steps.experiment;
        let first = self.trials.len();
        let mut done = first + trials.len() - works.len();
        // A setting that the runner refused has ended already.
        for trial in trials.iter().filter(|trial| trial.error.is_some()) {
            self.record(trial)?;
        }
        let mut unwritten = None;
        let mut children: Vec<(usize, PathBuf)> = Vec::new();
        let known = Arc::clone(&self.reusable);
        let ended = in_parallel(experiment, &run.parent, &known, &works, |work, outcome| {
            let trial = &mut trials[places[work]];
            self.came_to(trial, &outcome);
            if let Some(directory) = &trial.directory {
                children.push((trial.number, directory.clone()));
            }
            done += 1;
            if let Err(error) = self.record(trial) {
                unwritten.get_or_insert(error);
            }
            self.tell(&run.steps, done, Some(trial));
            outcome.err()
        });
        children.sort();
        for (number, directory) in children {
            run.child_at(&self.name_of(number), directory);
        }
        if let Err(error) = ended {
            trials.retain(|trial| trial.directory.is_some());
            self.trials.extend(trials);
            return Err(error);
        }
        self.trials.extend(trials);
        for (place, earlier) in repeats {
            let earlier = self.trials[earlier].clone();
            self.trials[first + place].repeat(earlier);
            let trial = self.trials[first + place].clone();
            self.record(&trial)?;
        }
        unwritten.map_or(Ok(()), Err)
    }

    fn record(&mut self, trial: &Trial) -> Result<(), ExperimentError> {
        let lines = self.lines.as_mut();
        Ok(lines.map_or(Ok(()), |lines| lines.add(trial))?)
    }

    /// The table of the search has its trials: the file that got them as they ended goes.
    pub(super) fn is_written(&mut self) -> Result<(), ExperimentError> {
        Ok(self.lines.take().map_or(Ok(()), TrialLines::remove)?)
    }

    fn came_to(&mut self, trial: &mut Trial, outcome: &Result<Worked, ExperimentError>) {
        trial.came_to(outcome, &self.objective);
        let Some(score) = trial.score else {
            return;
        };
        let (loss, number) = (self.objective.loss(score), trial.number);
        let is_best = |(best, of, _)| (loss, number) < (best, of);
        if self.best.is_none_or(is_best) {
            self.best = Some((loss, number, score));
        }
    }

    fn name_of(&self, number: usize) -> String {
        let most = self.chooser.total().saturating_sub(1);
        let width = most.to_string().len().max(3);
        format!("trial-{number:0width$}")
    }

    fn tell(&self, steps: &Steps<'_>, done: usize, latest: Option<&Trial>) {
        steps.progress(&Progress {
            unit: "trial",
            done,
            total: self.chooser.total(),
            metric: Some(&self.objective.name),
            latest: latest.map(|trial| (trial.number, trial.score)),
            taken_over: latest.is_some_and(|trial| trial.origin == Origin::TakenOver),
            best: self.best.map(|(_, number, score)| (number, score)),
        });
    }

    /// What was found, with the table that it was written to.
    pub(super) fn result(self, seed: u64, table: PathBuf) -> Result<SearchResult, SearchError> {
        let scored = self.trials.iter().filter_map(|trial| {
            let score = trial.score?;
            Some((self.objective.loss(score), trial))
        });
        // Of equals `min_by` gives the first.
        let Some((_, best)) = scored.min_by(|a, b| a.0.total_cmp(&b.0)) else {
            let first = self.trials.iter().find_map(|trial| trial.error.clone());
            return Err(SearchError::AllFailed {
                trials: self.trials.len(),
                first: first.unwrap_or_default(),
                table,
            });
        };
        let count = |is: fn(&Trial) -> bool| self.trials.iter().filter(|trial| is(trial)).count();
        Ok(SearchResult {
            metric: self.objective.name.clone(),
            direction: self.objective.direction,
            strategy: self.search.strategy.name(),
            seed,
            best: best.clone(),
            taken_over: count(|trial| trial.origin == Origin::TakenOver),
            failed: count(|trial| trial.score.is_none()),
            table,
            trials: self.trials,
        })
    }
}

impl Trial {
    /// Fills in how its run ended.
    fn came_to(&mut self, outcome: &Result<Worked, ExperimentError>, objective: &Objective) {
        let manifest = match outcome {
            Ok(worked) => {
                if worked.taken_over {
                    self.origin = Origin::TakenOver;
                }
                self.directory = Some(worked.run.directory.clone());
                Some(worked.run.manifest.clone())
            }
            Err(error) => {
                self.error = Some(error.with_causes());
                if let ExperimentError::Step { directory, .. } = error {
                    self.directory = Some(directory.clone());
                }
                let directory = self.directory.as_ref();
                directory.and_then(|directory| RunManifest::read(directory).ok())
            }
        };
        let Some(manifest) = manifest else {
            return;
        };
        self.status = manifest.status;
        self.seconds = manifest.steps.iter().map(|step| step.seconds).sum();
        self.run_id = Some(manifest.run_id);
        if manifest.status == Status::Finished {
            self.score = objective.score(&manifest.metrics);
            if self.score.is_none() {
                self.error = Some(format!("it did not return {}", objective.name));
            }
        }
        self.metrics = manifest.metrics;
    }
}
