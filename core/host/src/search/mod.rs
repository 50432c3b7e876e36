//! Searches: many trials of one runner, and which of them was best.
//!
//! A search varies settings of the spec ([`Setting`]) by a [`Strategy`], fits and evaluates once
//! for each trial, and compares the trials by one metric that the runner declares. Trials are
//! child runs, each in the job of its own state point, so a trial that already exists, from an
//! interrupted search or a separate run, is reused and not computed again.
//!
//! This module does not know runs. [`experiment`](crate::experiment) runs the trials.
//!
//! The proposed trials depend only on the seed and the scores, not on the number of parallel jobs
//! or on the order in which trials end.

mod error;
mod objective;
mod result;
mod setting;
mod strategy;

use serde_json::{Map, Value};

pub use error::SearchError;
pub(crate) use objective::Objective;
pub use result::{Origin, SearchResult, Trial};
pub use setting::{Setting, Values};
pub use strategy::Strategy;
pub(crate) use strategy::{Chooser, Point, described};

/// What a search varies, how, and by what it compares.
///
/// ```
/// use protea_core::experiment::{Search, Setting, Strategy};
///
/// let grid = Search::new(Strategy::Grid)
///     .with_setting(Setting::list("k", [1, 3, 5, 10]))
///     .with_setting(Setting::list("metric", ["cosine", "l2"]))
///     .with_metric("MFO.fmax");
/// let tpe = Search::new(Strategy::tpe(40))
///     .with_setting(Setting::whole("k", 1..=30))
///     .with_setting(Setting::real("distance_threshold", 0.1..=2.0).on_log_scale())
///     .with_base(serde_json::json!({ "vote": "max" }));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    pub(crate) strategy: Strategy,
    pub(crate) settings: Vec<Setting>,
    pub(crate) metric: Option<String>,
    pub(crate) base: Value,
}

impl Search {
    /// A search by this strategy, so far over nothing, by the runner's principal metric.
    #[must_use]
    pub fn new(strategy: Strategy) -> Self {
        Self {
            strategy,
            settings: Vec::new(),
            metric: None,
            base: Value::Null,
        }
    }

    /// Varies this setting too.
    #[must_use]
    pub fn with_setting(mut self, setting: Setting) -> Self {
        self.settings.push(setting);
        self
    }

    /// Compares by this metric, such as `MFO.fmax`; `fmax` alone stands for its mean over the
    /// groups. The runner declares whether more of it is better.
    #[must_use]
    pub fn with_metric(mut self, metric: impl Into<String>) -> Self {
        self.metric = Some(metric.into());
        self
    }

    /// The settings that stay as they are; `null` stands for the runner's defaults.
    #[must_use]
    pub fn with_base(mut self, base: Value) -> Self {
        self.base = base;
        self
    }

    /// How many different trials the settings allow. None if a setting is a range of real numbers, of
    /// which there are too many to count.
    #[must_use]
    pub fn combinations(&self) -> Option<u128> {
        let mut combinations: u128 = 1;
        for setting in &self.settings {
            let values = match setting.values() {
                Values::List(values) => values.len() as u128,
                Values::Whole { low, high, .. } => (i128::from(*high) - i128::from(*low) + 1)
                    .try_into()
                    .unwrap_or(0),
                Values::Real { low, high, .. } if low == high => 1,
                Values::Real { .. } => return None,
            };
            combinations = combinations.saturating_mul(values);
        }
        Some(combinations)
    }

    /// The spec with these values, one for each setting.
    pub(crate) fn spec(&self, values: &[Value]) -> Result<Value, SearchError> {
        let mut spec = self.base.clone();
        for (setting, value) in self.settings.iter().zip(values) {
            setting.set(&mut spec, value.clone())?;
        }
        Ok(spec)
    }

    /// The values by the names of their settings.
    pub(crate) fn params(&self, values: &[Value]) -> Map<String, Value> {
        let keys = self.settings.iter().map(|setting| setting.key().to_owned());
        keys.zip(values.iter().cloned()).collect()
    }
}
