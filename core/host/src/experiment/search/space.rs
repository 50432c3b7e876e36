//! What a search tries, held against the runner's schema before the first trial.

use protea_contracts::RunnerError;
use serde_json::{Map, Value};

use super::{Search, SearchError, Setting, objective::Objective, strategy::MOST_IN_GRID};
use crate::{DispatchError, ExperimentError, Runner};

impl Search {
    /// Checks what can be known before the first trial: the metric, every setting by itself, and
    /// every value against the runner's schema.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::Search`]; [`ExperimentError::Spec`] where the runner refuses a setting
    /// that stays.
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

    /// The spec with these values, one for each setting.
    pub(super) fn spec(&self, values: &[Value]) -> Result<Value, SearchError> {
        let mut spec = self.base.clone();
        for (setting, value) in self.settings.iter().zip(values) {
            setting.set(&mut spec, value.clone())?;
        }
        Ok(spec)
    }

    /// The values by the names of their settings.
    pub(super) fn params(&self, values: &[Value]) -> Map<String, Value> {
        let keys = self.settings.iter().map(|setting| setting.key().to_owned());
        keys.zip(values.iter().cloned()).collect()
    }

    /// What the runner refuses is said of the setting that it is about.
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

/// How many trials a grid over these settings has.
pub(super) fn grid_size(settings: &[Setting]) -> Result<usize, SearchError> {
    let mut size: u128 = 1;
    for setting in settings {
        let super::Values::List(values) = setting.values() else {
            let problem = "a grid needs its values one by one, such as 1,3,5,10; a range is for \
                           a search at random or by TPE";
            return Err(SearchError::setting(setting.key(), problem));
        };
        size = size.saturating_mul(values.len() as u128);
    }
    usize::try_from(size)
        .ok()
        .filter(|size| *size <= MOST_IN_GRID)
        .ok_or(SearchError::TooLarge {
            trials: size,
            most: MOST_IN_GRID,
        })
}
