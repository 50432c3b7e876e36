//! Statistics of resamples: confidence intervals and the difference of two methods.

use serde::Serialize;

/// A closed interval, serialised as `[low, high]`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(into = "[f64; 2]")]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl From<Interval> for [f64; 2] {
    fn from(interval: Interval) -> Self {
        [interval.low, interval.high]
    }
}

impl Interval {
    /// The percentile interval of resampled values: it excludes the fraction `1 - confidence` of
    /// the values, half of it at each end. Interpolates linearly between two values, like
    /// `numpy.percentile`.
    pub(super) fn percentile(values: &[f64], confidence: f64) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let cut = (1.0 - confidence) / 2.0;
        Self {
            low: quantile(&sorted, cut),
            high: quantile(&sorted, 1.0 - cut),
        }
    }
}

fn quantile(sorted: &[f64], fraction: f64) -> f64 {
    let position = fraction * (sorted.len() - 1) as f64;
    let lower = sorted[position.floor() as usize];
    let upper = sorted[position.ceil() as usize];
    lower + (upper - lower) * position.fract()
}

/// The difference between two methods on the same proteins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Difference {
    /// The Fmax of the first method minus that of the second, -1..=1.
    pub difference: f64,
    /// The percentile interval of the difference.
    pub interval: Interval,
    /// Two-sided p-value of the hypothesis that there is no difference, above 0 and at most 1. It
    /// is twice the fraction of the resamples in which the difference is 0 or has the opposite
    /// sign, where the data themselves count as one such resample (A. Davison and D. Hinkley,
    /// *Bootstrap Methods and their Application*, 1997, chapter 4).
    pub p_value: f64,
}

impl Difference {
    pub(super) fn new(difference: f64, resampled: &[f64], confidence: f64) -> Self {
        let count = |condition: fn(f64) -> bool| {
            resampled.iter().filter(|&&value| condition(value)).count()
        };
        let fewer = count(|value| value <= 0.0).min(count(|value| value >= 0.0));
        Self {
            difference,
            interval: Interval::percentile(resampled, confidence),
            p_value: (2.0 * (fewer + 1) as f64 / (resampled.len() + 1) as f64).min(1.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_equal_numpy() {
        // numpy.percentile([0.5, 0.1, 0.4, 0.2], …) with [2.5, 97.5] and [5, 95], and of a single
        // value.
        let values = [0.5, 0.1, 0.4, 0.2];
        let close = |interval: Interval, low: f64, high: f64| {
            assert!((interval.low - low).abs() < 1e-15, "{interval:?}");
            assert!((interval.high - high).abs() < 1e-15, "{interval:?}");
        };
        close(Interval::percentile(&values, 0.95), 0.1075, 0.4925);
        close(Interval::percentile(&values, 0.9), 0.115, 0.485);
        close(Interval::percentile(&[0.25], 0.95), 0.25, 0.25);
    }

    #[test]
    fn p_values_are_above_zero_and_at_most_one() {
        let p = |resampled: &[f64]| Difference::new(0.1, resampled, 0.95).p_value;
        assert_eq!(p(&[0.1; 999]), 0.002);
        assert_eq!(p(&[0.0; 999]), 1.0);
        let mut mixed = [0.1; 999];
        mixed[..49].fill(-0.1);
        assert_eq!(p(&mixed), 0.1);
    }
}
