//! Resampling Fmax.

use std::ops::ControlFlow;

use protea_ontology::Aspect;
use rayon::iter::{IntoParallelIterator, ParallelIterator};
use serde::{Deserialize, Serialize};

use super::{
    contributions::Contributions,
    draws::draw,
    interval::{Difference, Interval},
};
use crate::{
    error::ScoringError, evaluation::with_task, options::ScoringOptions, partial,
    predictions::Predictions, rules::Rules, thresholds::Thresholds,
};

/// Number of resamples between two calls of the progress callback.
const CHUNK: usize = 64;
/// The most numbers that are stored for one namespace: 4 GiB.
const MOST_VALUES: usize = 1 << 29;

/// The options of a bootstrap.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bootstrap {
    /// Number of resamples, from 1 to 1,000,000. Default: 1,000. CAFA uses 10,000.
    pub resamples: usize,
    /// Fraction of the resamples that an interval covers, above 0 and below 1. Default: 0.95.
    pub confidence: f64,
    /// Seed of the random draws. Default: 0.
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
    /// The maximum number of resamples.
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

/// The resampled Fmax of one method in one namespace.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Resampled {
    /// Name of the namespace, such as `molecular_function`.
    pub namespace: String,
    /// The aspect of GO, if the namespace is one.
    pub aspect: Option<Aspect>,
    /// Number of proteins of the ground truth in the namespace with a term left to predict; at
    /// least 1. A resample draws from these proteins and from those whose terms are all known.
    pub proteins: usize,
    /// Fmax without resampling, 0..=1, identical in every bit to that of
    /// [`evaluate`](crate::evaluate).
    pub fmax: f64,
    /// Fmax of each resample, 0..=1.
    pub resamples: Vec<f64>,
    bootstrap: Bootstrap,
    /// Number of proteins that a resample draws from.
    drawn: usize,
}

impl Resampled {
    /// The percentile interval of Fmax.
    #[must_use]
    pub fn interval(&self) -> Interval {
        Interval::percentile(&self.resamples, self.bootstrap.confidence)
    }

    /// The difference between this method and another, resampled in pairs: in each resample both
    /// have the same proteins.
    ///
    /// # Errors
    ///
    /// [`ScoringError::Unpaired`] if the two were resampled with a different [`Bootstrap`] or
    /// ground truth, or in different namespaces.
    pub fn minus(&self, other: &Self) -> Result<Difference, ScoringError> {
        if self.identity() != other.identity() || self.bootstrap != other.bootstrap {
            return Err(ScoringError::Unpaired {
                first: self.describe(),
                second: other.describe(),
            });
        }
        let pairs = self.resamples.iter().zip(&other.resamples);
        let differences: Vec<f64> = pairs.map(|(one, other)| one - other).collect();
        Ok(Difference::new(
            self.fmax - other.fmax,
            &differences,
            self.bootstrap.confidence,
        ))
    }

    fn identity(&self) -> (&str, usize, usize) {
        (&self.namespace, self.proteins, self.drawn)
    }

    fn describe(&self) -> String {
        let Bootstrap {
            resamples, seed, ..
        } = self.bootstrap;
        format!(
            "{}, {} proteins, {resamples} resamples, seed {seed}",
            self.namespace, self.proteins
        )
    }
}

/// Resamples the Fmax of every namespace that `rules` score, in the order of the ontology. For an
/// empty set of predictions, every Fmax is 0. The result does not depend on the number of threads.
///
/// `progress` receives the number of finished resamples and their total over all namespaces, and
/// can cancel.
///
/// ```
/// # use protea_ontology::Ontology;
/// # use protea_scoring::{Bootstrap, GroundTruth, Predictions, Rules, ScoringOptions, resample};
/// # use std::ops::ControlFlow;
/// # fn example(truth: &GroundTruth<'_>) -> Result<(), Box<dyn std::error::Error>> {
/// let mine = Predictions::read("mine.tsv", truth, "mine")?;
/// let other = Predictions::read("other.tsv", truth, "other")?;
/// let (scoring, bootstrap) = (ScoringOptions::default(), Bootstrap::default());
/// let mut progress = |_, _| ControlFlow::Continue(());
/// let mine = resample(&mine, &scoring, Rules::Cafaeval, &bootstrap, &mut progress)?;
/// let other = resample(&other, &scoring, Rules::Cafaeval, &bootstrap, &mut progress)?;
/// for (mine, other) in mine.iter().zip(&other) {
///     let interval = mine.interval();
///     println!("{}: {} [{}, {}]", mine.namespace, mine.fmax, interval.low, interval.high);
///     println!("better by {}", mine.minus(other)?.difference);
/// }
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// [`ScoringError::Option`] if a number is out of range, or if `th_step` is so small that precision
/// and recall of all proteins at all thresholds need more than 4 GiB; [`ScoringError::Mixed`] if
/// the known annotations use another ontology; [`ScoringError::Cancelled`] if `progress` cancels.
pub fn resample(
    predictions: &Predictions<'_>,
    options: &ScoringOptions,
    rules: Rules<'_>,
    bootstrap: &Bootstrap,
    progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Vec<Resampled>, ScoringError> {
    bootstrap.check()?;
    let thresholds = Thresholds::new(options.th_step)?;
    let truth = predictions.truth;
    if let Rules::PartialKnowledge(knowledge) = rules {
        knowledge.check(truth)?;
    }
    let namespaces: Vec<usize> = (0..truth.namespaces.len())
        .filter(|&at| truth.namespaces[at].rows() > 0)
        .collect();
    let most_rows = namespaces
        .iter()
        .map(|&at| truth.namespaces[at].rows())
        .max();
    if most_rows.unwrap_or(0).saturating_mul(2 * thresholds.len()) > MOST_VALUES {
        return Err(ScoringError::Option {
            option: "th_step",
            value: options.th_step.to_string(),
            expected: "a step such as 0.01: a bootstrap supports at most 268 million pairs of protein and threshold",
        });
    }
    let total = namespaces.len() * bootstrap.resamples;
    let mut done = 0;
    let mut report = |more: usize| {
        done += more;
        match progress(done, total) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ScoringError::Cancelled),
        }
    };
    report(0)?;
    let mut resampled = Vec::with_capacity(namespaces.len());
    for at in namespaces {
        let namespace = &truth.ontology.namespaces()[at];
        let Some(contributions) = contributions(at, predictions, options, &thresholds, rules)
        else {
            report(bootstrap.resamples)?;
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
            report(chunk.len())?;
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

/// The contributions of the proteins of a namespace; `None` if the namespace is not scored.
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
