//! The thresholds, identical to those of numpy.

use crate::error::ScoringError;

/// The smallest step. With a smaller step, the curve of one namespace would need gigabytes.
const SMALLEST_STEP: f64 = 1e-5;

/// `numpy.arange(step, 1, step)`.
#[derive(Clone, Debug)]
pub(super) struct Thresholds {
    step: f64,
    taus: Vec<f64>,
}

impl Thresholds {
    pub fn new(step: f64) -> Result<Thresholds, ScoringError> {
        if !(SMALLEST_STEP..1.0).contains(&step) {
            return Err(ScoringError::Option {
                option: "th_step",
                value: step.to_string(),
                expected: "a number from 0.00001 to below 1, such as 0.01",
            });
        }
        let count = ((1.0 - step) / step).ceil() as usize;
        // Two roundings, as in numpy: a fused multiply-add would change some thresholds.
        Ok(Thresholds {
            step,
            taus: (0..count).map(|i| step + i as f64 * step).collect(),
        })
    }

    pub fn taus(&self) -> &[f64] {
        &self.taus
    }

    pub fn len(&self) -> usize {
        self.taus.len()
    }

    /// The code of a score: 0 if the score is not a prediction (0, negative, NaN), otherwise 1 +
    /// the number of thresholds that it reaches. A higher score never has a lower code, so
    /// propagation can work on codes.
    #[inline]
    pub fn code(&self, score: f64) -> u32 {
        if score > 0.0 {
            1 + self.reached(score) as u32
        } else {
            0
        }
    }

    #[inline]
    fn reached(&self, score: f64) -> usize {
        let taus = self.taus.as_slice();
        // The quotient is an estimate with an error of at most one; the comparisons correct it.
        // `as` saturates.
        let mut count = ((score / self.step) as usize).min(taus.len());
        while count < taus.len() && taus[count] <= score {
            count += 1;
        }
        while count > 0 && taus[count - 1] > score {
            count -= 1;
        }
        count
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn default_thresholds_equal_numpy() {
        let thresholds = Thresholds::new(0.01).unwrap();
        assert_eq!(thresholds.len(), 99);
        assert_eq!(thresholds.taus()[28], 0.29000000000000004);
        assert_eq!(thresholds.taus()[6], 0.06999999999999999);
        assert_eq!(thresholds.code(0.29), 1 + 28);
        assert_eq!(thresholds.code(0.07), 1 + 7);
        assert_eq!(thresholds.code(f64::INFINITY), 1 + 99);
        assert_eq!(thresholds.code(0.001), 1);
        for none in [0.0, -0.0, -1.0, f64::NAN, f64::NEG_INFINITY] {
            assert_eq!(thresholds.code(none), 0);
        }
    }

    #[test]
    fn steps_out_of_range_are_refused() {
        for step in [0.0, -0.1, 1.0, 2.0, 1e-9, f64::NAN, f64::INFINITY] {
            assert!(Thresholds::new(step).is_err(), "{step}");
        }
    }

    proptest! {
        #[test]
        fn a_code_counts_the_thresholds_reached(score in 0f64..1.2, step in 0.001f64..0.9, at in 0usize..99) {
            let thresholds = Thresholds::new(step).unwrap();
            let on = thresholds.taus()[at % thresholds.len()];
            for score in [score, on, on.next_up(), on.next_down()] {
                let count = thresholds.taus().iter().filter(|&&t| score >= t).count();
                prop_assert_eq!(thresholds.code(score), if score > 0.0 { 1 + count as u32 } else { 0 });
            }
        }
    }
}
