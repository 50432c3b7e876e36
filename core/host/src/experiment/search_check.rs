//! Whether a search can be done with a runner, known before the first trial.

use protea_contracts::RunnerError;
use serde_json::Value;

use super::error::ExperimentError;
use crate::{
    DispatchError, Runner,
    search::{Objective, Search, SearchError, Setting},
};

impl Search {
    /// Checks what can be known before the first trial: the metric, every setting by itself, and
    /// every value against the runner's schema.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Search`]; [`ExperimentError::Spec`] when the runner refuses a fixed
    /// setting.
    pub fn check(&self, runner: &Runner) -> Result<(), ExperimentError> {
        self.objective(runner)?;
        if self.settings.is_empty() {
            return Err(SearchError::NoSetting.into());
        }
        for (place, setting) in self.settings.iter().enumerate() {
            setting.check()?;
            let pointer = setting.pointer();
            let mut before = self.settings[..place].iter();
            if before.any(|earlier| earlier.pointer() == pointer) {
                return Err(SearchError::setting(setting.key(), "it is given twice").into());
            }
        }
        self.strategy.check(&self.settings)?;

        let first: Vec<Value> = self
            .settings
            .iter()
            .map(|s| s.samples().remove(0))
            .collect();
        let spec = self.spec(&first)?;
        runner
            .resolve_spec(&spec)
            .map_err(|error| self.refused(error))?;
        for (place, setting) in self.settings.iter().enumerate() {
            for value in setting.samples().into_iter().skip(1) {
                let mut values = first.clone();
                values[place] = value;
                let spec = self.spec(&values)?;
                runner
                    .resolve_spec(&spec)
                    .map_err(|error| refused_for(setting, error))?;
            }
        }
        Ok(())
    }

    /// What the trials of a runner are compared by.
    pub(super) fn objective(&self, runner: &Runner) -> Result<Objective, SearchError> {
        Objective::find(&runner.capabilities().metrics, self.metric.as_deref())
    }

    /// Reports the runner's rejection for the setting that caused it.
    fn refused(&self, error: DispatchError) -> ExperimentError {
        let about = match &error {
            DispatchError::Runner(RunnerError::InvalidSpec { pointer, .. }) => {
                let is_below = |setting: &&Setting| {
                    let rest = pointer.strip_prefix(&setting.pointer());
                    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
                };
                self.settings.iter().find(is_below)
            }
            _ => None,
        };
        match about {
            Some(setting) => refused_for(setting, error),
            None => ExperimentError::Spec {
                source: Box::new(error),
            },
        }
    }
}

fn refused_for(setting: &Setting, error: DispatchError) -> ExperimentError {
    match error {
        DispatchError::Runner(RunnerError::InvalidSpec { message, .. }) => {
            SearchError::setting(setting.key(), message).into()
        }
        error => ExperimentError::Spec {
            source: Box::new(error),
        },
    }
}
