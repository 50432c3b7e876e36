//! Resamples of an Fmax.

use std::ops::ControlFlow;

use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use super::contributions::Contributions;
use super::draws::draw;
use super::interval::{Difference, Interval};
use crate::error::ScoringError;
use crate::evaluation::with_task;
use crate::options::ScoringOptions;
use crate::partial;
use crate::predictions::Predictions;
use crate::rules::Rules;
use crate::thresholds::Thresholds;
use protea_ontology::Aspect;

/// Resamples between two looks at whether the caller still wants them.
const CHUNK: usize = 64;
/// Numbers that are kept of one namespace at most: 4 GiB.
const MOST_VALUES: usize = 1 << 29;

/// How an Fmax is resampled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bootstrap {
    /// How often; 1,000, from 1 to 1,000,000. CAFA takes 10,000.
    pub resamples: usize,
    /// The share of the resamples that intervals cover; 0.95, above 0 and below 1.
    pub confidence: f64,
    /// Which draws; 0.
    pub seed: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Self {
            resamples: 1000,
            confidence: 0.95,
            seed: 0,
        }
    }
}

impl Bootstrap {
    /// The most resamples that can be asked for.
    pub const MOST_RESAMPLES: usize = 1_000_000;

    fn check(&self) -> Result<(), ScoringError> {
        if !(1..=Self::MOST_RESAMPLES).contains(&self.resamples) {
            return Err(ScoringError::Option {
                option: "resamples",
                value: self.resamples.to_string(),
                expected: "a number from 1 to 1000000, such as 1000",
            });
        }
        if !(self.confidence > 0.0 && self.confidence < 1.0) {
            return Err(ScoringError::Option {
                option: "confidence",
                value: self.confidence.to_string(),
                expected: "a number between 0 and 1, such as 0.95",
            });
        }
        Ok(())
    }
}

/// The resamples of one method's Fmax in one namespace.
#[derive(Clone, Debug, PartialEq)]
pub struct Resampled {
    /// Name of the namespace, such as `molecular_function`.
    pub namespace: String,
    /// The aspect of GO that it is, if it is one.
    pub aspect: Option<Aspect>,
    /// Proteins of the ground truth here that have something left to predict; at least 1. A resample draws from these and from those
    /// of which all was known, as many as there are.
    pub proteins: usize,
    /// Fmax of the proteins themselves, 0..=1; that of [`evaluate`](crate::evaluate) to the last bit.
    pub fmax: f64,
    /// Fmax of each resample, 0..=1.
    pub resamples: Vec<f64>,
    bootstrap: Bootstrap,
    /// How many are drawn from.
    drawn: usize,
}

impl Resampled {
    /// The percentile interval of Fmax.
    #[must_use]
    pub fn interval(&self) -> Interval {
        Interval::percentile(&self.resamples, self.bootstrap.confidence)
    }

    /// How much better this is than another method, resampled as a pair: both have the same proteins in each resample.
    ///
    /// # Errors
    /// [`ScoringError::Unpaired`] unless both were resampled with the same [`Bootstrap`] and ground truth, in the same namespace.
    pub fn minus(&self, other: &Self) -> Result<Difference, ScoringError> {
        if self.identity() != other.identity() || self.bootstrap != other.bootstrap {
            return Err(ScoringError::Unpaired {
                first: self.described(),
                second: other.described(),
            });
        }
        let pairs = self.resamples.iter().zip(&other.resamples);
        let differences: Vec<f64> = pairs.map(|(one, other)| one - other).collect();
        Ok(Difference::of(
            self.fmax - other.fmax,
            &differences,
            self.bootstrap.confidence,
        ))
    }

    fn identity(&self) -> (&str, usize, usize) {
        (&self.namespace, self.proteins, self.drawn)
    }

    fn described(&self) -> String {
        let Bootstrap {
            resamples, seed, ..
        } = self.bootstrap;
        format!(
            "{}, {} proteins, {resamples} resamples, seed {seed}",
            self.namespace, self.proteins
        )
    }
}

/// Resamples the Fmax of every namespace that is scored by these rules, in the order of the ontology. Predictions of nothing
/// have 0 throughout. The result does not depend on the number of threads.
///
/// `watch` is told how many resamples are done and of how many, all namespaces together, and can end it.
///
/// ```
/// # use protea_ontology::Ontology;
/// # use protea_scoring::{Bootstrap, GroundTruth, Predictions, Rules, ScoringOptions, resample};
/// # use std::ops::ControlFlow;
/// # fn example(truth: &GroundTruth<'_>) -> Result<(), Box<dyn std::error::Error>> {
/// let (mine, other) = (Predictions::read("mine.tsv", truth, "mine")?, Predictions::read("other.tsv", truth, "other")?);
/// let (scoring, bootstrap) = (ScoringOptions::default(), Bootstrap::default());
/// let mut patient = |_, _| ControlFlow::Continue(());
/// let mine = resample(&mine, &scoring, Rules::Cafaeval, &bootstrap, &mut patient)?;
/// let other = resample(&other, &scoring, Rules::Cafaeval, &bootstrap, &mut patient)?;
/// for (mine, other) in mine.iter().zip(&other) {
///     let interval = mine.interval();
///     println!("{}: {} [{}, {}]", mine.namespace, mine.fmax, interval.low, interval.high);
///     println!("better by {}", mine.minus(other)?.difference);
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
/// [`ScoringError::Option`] for a number out of range, or a `th_step` so small that precision and recall of all proteins at all thresholds
/// would take more than 4 GiB; [`ScoringError::Mixed`] if what was known is of another ontology; [`ScoringError::Cancelled`] if `watch`
/// ends it.
pub fn resample(
    predictions: &Predictions<'_>,
    options: &ScoringOptions,
    rules: Rules<'_>,
    bootstrap: &Bootstrap,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<Resampled>, ScoringError> {
    bootstrap.check()?;
    let thresholds = Thresholds::new(options.th_step)?;
    let truth = predictions.truth;
    if let Rules::PartialKnowledge(knowledge) = rules {
        knowledge.check(truth)?;
    }
    let places: Vec<usize> = (0..truth.namespaces.len())
        .filter(|&at| truth.namespaces[at].rows() > 0)
        .collect();
    let most = places.iter().map(|&at| truth.namespaces[at].rows()).max();
    if most.unwrap_or(0).saturating_mul(2 * thresholds.len()) > MOST_VALUES {
        return Err(ScoringError::Option {
            option: "th_step",
            value: options.th_step.to_string(),
            expected: "with a bootstrap, a step that leaves proteins times thresholds below 268 million, such as 0.01",
        });
    }
    let total = places.len() * bootstrap.resamples;
    let mut done = 0;
    let mut go_on = |more: usize| {
        done += more;
        match watch(done, total) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ScoringError::Cancelled),
        }
    };
    go_on(0)?;
    let mut resampled = Vec::with_capacity(places.len());
    for at in places {
        let namespace = &truth.ontology.namespaces()[at];
        let Some(contributions) = contributions(at, predictions, options, &thresholds, rules)
        else {
            go_on(bootstrap.resamples)?;
            continue;
        };
        let proteins = contributions.proteins();
        let mut resamples = Vec::with_capacity(bootstrap.resamples);
        while resamples.len() < bootstrap.resamples {
            let first = resamples.len();
            let chunk: Vec<f64> = (first..bootstrap.resamples.min(first + CHUNK))
                .into_par_iter()
                .map_init(
                    || vec![0; proteins],
                    |counts, resample| {
                        draw(bootstrap.seed, resample, counts);
                        contributions.fmax(counts, options.norm)
                    },
                )
                .collect();
            resamples.extend_from_slice(&chunk);
            go_on(chunk.len())?;
        }
        resampled.push(Resampled {
            namespace: namespace.name().to_owned(),
            aspect: namespace.aspect(),
            proteins: contributions.counting(),
            fmax: contributions.fmax(&vec![1; proteins], options.norm),
            resamples,
            bootstrap: *bootstrap,
            drawn: proteins,
        });
    }
    Ok(resampled)
}

/// What each protein of a namespace adds; `None` where nothing is scored.
fn contributions(
    at: usize,
    predictions: &Predictions<'_>,
    options: &ScoringOptions,
    thresholds: &Thresholds,
    rules: Rules<'_>,
) -> Option<Contributions> {
    let namespace = &predictions.truth.ontology.namespaces()[at];
    match rules {
        Rules::Cafaeval => Some(with_task(
            at,
            predictions,
            None,
            options,
            thresholds,
            |task| Contributions::count(task, namespace, options.prop),
        )),
        Rules::PartialKnowledge(knowledge) => partial::with_proteins(
            at,
            predictions,
            options,
            thresholds,
            knowledge,
            Contributions::count_partial,
        ),
    }
}
