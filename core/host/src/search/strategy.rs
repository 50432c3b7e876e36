//! How the trials of a search are chosen.
//!
//! The samplers are those of the crate `optimizer`, one for each setting. A sampler is shown the
//! history of its own setting only: with the history of all settings, it would confuse two settings
//! with the same range.

use std::collections::HashMap;

use optimizer::{
    param::ParamValue,
    parameter::ParamId,
    sampler::{CompletedTrial, RandomSampler, Sampler, TpeSampler},
};
use serde_json::{Value, json};

use super::{
    error::SearchError,
    setting::{Setting, Values},
};

/// The largest number of trials of a grid.
const MOST_IN_GRID: usize = 100_000;
/// Trials of TPE that are chosen at random, before there is something to learn from.
const STARTUP: usize = 10;
/// How often a duplicate trial is drawn again, and then as often at random.
const DRAWS: usize = 16;
/// Trials of TPE per generation.
const GENERATION: usize = 4;

/// How the trials of a search are chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    /// Every combination of the listed values; the last setting changes fastest.
    Grid,
    /// At random, each value as likely as any other.
    Random {
        /// How many trials.
        trials: usize,
    },
    /// By the tree-structured Parzen estimator (J. Bergstra et al., NIPS 24, 2011): the first 10
    /// trials at random, the others where the better quarter of the scored trials lies rather than
    /// the rest, each setting by itself.
    Tpe {
        /// How many trials.
        trials: usize,
        /// How many trials are chosen together, before learning from any of them; these can run in
        /// parallel. Fixed, so that the choice does not depend on the number of parallel jobs.
        generation: usize,
    },
}

impl Strategy {
    /// TPE in generations of 4.
    #[must_use]
    pub fn tpe(trials: usize) -> Self {
        Self::Tpe {
            trials,
            generation: GENERATION,
        }
    }

    /// `grid`, `random` or `tpe`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grid => "grid",
            Self::Random { .. } => "random",
            Self::Tpe { .. } => "tpe",
        }
    }

    pub(crate) fn check(self, settings: &[Setting]) -> Result<(), SearchError> {
        match self {
            Self::Random { trials: 0 } | Self::Tpe { trials: 0, .. } => Err(SearchError::NoTrial),
            Self::Tpe { generation: 0, .. } => Err(SearchError::NoTrial),
            Self::Grid => grid_size(settings).map(drop),
            _ => Ok(()),
        }
    }
}

/// Drawn values, one for each setting.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point(Vec<ParamValue>);

/// Chooses trials, generation by generation.
pub(crate) struct Chooser<'s> {
    settings: &'s [Setting],
    strategy: Strategy,
    /// By setting.
    samplers: Vec<Box<dyn Sampler>>,
    /// By setting, for what the others would only repeat.
    at_random: Vec<Box<dyn Sampler>>,
    /// By setting, what was tried and how well it did.
    histories: Vec<Vec<CompletedTrial>>,
    chosen: Vec<Point>,
    asked: usize,
    total: usize,
}

impl<'s> Chooser<'s> {
    pub(crate) fn new(
        settings: &'s [Setting],
        strategy: Strategy,
        seed: u64,
    ) -> Result<Self, SearchError> {
        let total = match strategy {
            Strategy::Grid => grid_size(settings)?,
            Strategy::Random { trials } | Strategy::Tpe { trials, .. } => trials,
        };
        // Settings of the same range are drawn apart.
        let seed_of = |place: usize| {
            let step = (place as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            seed.wrapping_add(step)
        };
        let at_random = |place: usize| -> Box<dyn Sampler> {
            Box::new(RandomSampler::with_seed(seed_of(place)))
        };
        let sampler = |place: usize| match strategy {
            Strategy::Tpe { .. } => Box::new(
                TpeSampler::builder()
                    .n_startup_trials(STARTUP)
                    .seed(seed_of(place))
                    .build()
                    .expect("the sampler's own defaults are valid"),
            ),
            _ => at_random(place),
        };
        Ok(Self {
            settings,
            strategy,
            samplers: (0..settings.len()).map(sampler).collect(),
            at_random: (0..settings.len()).map(at_random).collect(),
            histories: vec![Vec::new(); settings.len()],
            chosen: Vec::new(),
            asked: 0,
            total,
        })
    }

    /// How many trials there will be.
    pub(crate) fn total(&self) -> usize {
        self.total
    }

    /// The next trials; empty at the end. They depend only on the seed and the results so far.
    pub(crate) fn next_generation(&mut self) -> Vec<Point> {
        let left = self.total - self.asked;
        let size = match self.strategy {
            Strategy::Grid | Strategy::Random { .. } => left,
            // Nothing is learned before.
            Strategy::Tpe { .. } if self.asked == 0 => left.min(STARTUP),
            Strategy::Tpe { generation, .. } => left.min(generation),
        };
        let numbers = self.asked..self.asked + size;
        self.asked += size;
        numbers.map(|number| self.choose(number)).collect()
    }

    fn choose(&mut self, number: usize) -> Point {
        if self.strategy == Strategy::Grid {
            return self.of_grid(number);
        }
        // What was tried already tells nothing new. TPE may insist on it, as it sees each setting
        // by itself; then chance decides. Where little else is left, it is taken all the same.
        let mut draws = [&self.samplers, &self.at_random]
            .into_iter()
            .flat_map(|samplers| (0..DRAWS).map(move |_| samplers))
            .map(|samplers| self.draw(samplers, number));
        let is_new = |point: &Point| !self.chosen.contains(point);
        let point = draws.find(is_new);
        let point = point.unwrap_or_else(|| self.draw(&self.samplers, number));
        self.chosen.push(point.clone());
        point
    }

    fn draw(&self, samplers: &[Box<dyn Sampler>], number: usize) -> Point {
        let of_setting = |(place, setting): (usize, &Setting)| {
            let history = &self.histories[place];
            samplers[place].sample(&setting.distribution(), number as u64, history)
        };
        Point(self.settings.iter().enumerate().map(of_setting).collect())
    }

    fn of_grid(&self, number: usize) -> Point {
        let mut rest = number;
        let mut point: Vec<ParamValue> = self
            .settings
            .iter()
            .rev()
            .map(|setting| {
                let length = match setting.values() {
                    Values::List(values) => values.len(),
                    _ => unreachable!("the size of a grid was taken from its lists"),
                };
                let place = rest % length;
                rest /= length;
                ParamValue::Categorical(place)
            })
            .collect();
        point.reverse();
        Point(point)
    }

    /// The values of a point, one for each setting.
    pub(crate) fn values(&self, point: &Point) -> Vec<Value> {
        let settings = self.settings.iter().zip(&point.0);
        settings
            .map(|(setting, drawn)| setting.value(drawn))
            .collect()
    }

    /// Learns how a trial did; the lower the loss, the better. Call it in the order of the trials.
    pub(crate) fn tell(&mut self, number: usize, point: &Point, loss: f64) {
        for (place, setting) in self.settings.iter().enumerate() {
            let id = ParamId::new();
            self.histories[place].push(CompletedTrial::new(
                number as u64,
                HashMap::from([(id, point.0[place].clone())]),
                HashMap::from([(id, setting.distribution())]),
                HashMap::new(),
                loss,
            ));
        }
    }
}

/// The strategy and the varied settings, for the run's record.
pub(crate) fn described(strategy: Strategy, settings: &[Setting], trials: usize) -> Value {
    let values = |setting: &Setting| match setting.values() {
        Values::List(values) => json!(values),
        Values::Whole { low, high, log } => json!({ "low": low, "high": high, "log": log }),
        Values::Real { low, high, log } => json!({ "low": low, "high": high, "log": log }),
    };
    let space = settings.iter().map(|s| (s.key().to_owned(), values(s)));
    let mut described = json!({
        "strategy": strategy.name(),
        "trials": trials,
        "space": space.collect::<serde_json::Map<_, _>>(),
    });
    if let Strategy::Tpe { generation, .. } = strategy {
        described["generation"] = json!(generation);
    }
    described
}

/// How many trials a grid over these settings has.
fn grid_size(settings: &[Setting]) -> Result<usize, SearchError> {
    let mut size: u128 = 1;
    for setting in settings {
        let Values::List(values) = setting.values() else {
            let problem = "a grid needs a list of values, such as 1,3,5,10; a range needs a random \
                           search or TPE";
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

#[cfg(test)]
mod tests {
    use super::*;

    fn all(chooser: &mut Chooser<'_>, loss: impl Fn(&[Value]) -> f64) -> Vec<Vec<Value>> {
        let mut chosen = Vec::new();
        loop {
            let generation = chooser.next_generation();
            if generation.is_empty() {
                return chosen;
            }
            for point in generation {
                let values = chooser.values(&point);
                chooser.tell(chosen.len(), &point, loss(&values));
                chosen.push(values);
            }
        }
    }

    #[test]
    fn a_grid_is_every_combination_with_the_last_setting_fastest() {
        let settings = [
            Setting::list("k", [1, 3]),
            Setting::list("m", ["a", "b", "c"]),
        ];
        let mut chooser = Chooser::new(&settings, Strategy::Grid, 7).unwrap();
        let chosen = all(&mut chooser, |_| 0.0);
        let rows: Vec<String> = chosen
            .iter()
            .map(|values| json!(values).to_string())
            .collect();
        let expected = [
            r#"[1,"a"]"#,
            r#"[1,"b"]"#,
            r#"[1,"c"]"#,
            r#"[3,"a"]"#,
            r#"[3,"b"]"#,
            r#"[3,"c"]"#,
        ];
        assert_eq!(rows, expected);
    }

    #[test]
    fn the_seed_decides_and_settings_are_drawn_independently() {
        let settings = [Setting::real("x", 0.0..=1.0), Setting::real("y", 0.0..=1.0)];
        for strategy in [Strategy::Random { trials: 30 }, Strategy::tpe(30)] {
            let chosen = |seed| {
                let mut chooser = Chooser::new(&settings, strategy, seed).unwrap();
                all(&mut chooser, |values| values[0].as_f64().unwrap())
            };
            assert_eq!(chosen(1), chosen(1));
            assert_ne!(chosen(1), chosen(2));
            assert!(chosen(1).iter().all(|values| values[0] != values[1]));
        }
    }

    #[test]
    fn a_trial_is_repeated_only_where_little_else_is_left() {
        let settings = [Setting::whole("k", 1..=12).on_log_scale()];
        for strategy in [Strategy::Random { trials: 12 }, Strategy::tpe(12)] {
            let mut chooser = Chooser::new(&settings, strategy, 3).unwrap();
            let chosen = all(&mut chooser, |values| values[0].as_f64().unwrap());
            let mut different: Vec<i64> = chosen.iter().filter_map(|v| v[0].as_i64()).collect();
            different.sort_unstable();
            different.dedup();
            assert!(different.len() >= 10, "{strategy:?}: {different:?}");
        }
    }

    #[test]
    fn tpe_learns_of_each_setting_even_when_ranges_are_the_same() {
        let settings = [Setting::real("x", 0.0..=1.0), Setting::real("y", 0.0..=1.0)];
        let number = |value: &Value| value.as_f64().unwrap();
        let loss = |values: &[Value]| {
            (number(&values[0]) - 0.2).powi(2) + (number(&values[1]) - 0.8).powi(2)
        };
        let mean_of_last = |strategy| {
            let mut total = 0.0;
            for seed in 0..5 {
                let mut chooser = Chooser::new(&settings, strategy, seed).unwrap();
                let chosen = all(&mut chooser, loss);
                total += chosen[60..].iter().map(|values| loss(values)).sum::<f64>() / 40.0;
            }
            total / 5.0
        };
        let (tpe, random) = (
            mean_of_last(Strategy::tpe(100)),
            mean_of_last(Strategy::Random { trials: 100 }),
        );
        assert!(tpe < random / 2.0, "tpe {tpe}, random {random}");
    }
}
