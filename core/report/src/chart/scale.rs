//! Axes: from values to pixels, and where ticks are.

/// An axis.
#[derive(Clone, Debug)]
pub struct Axis {
    /// What it shows, with the unit.
    pub label: String,
    /// The value at its start.
    pub low: f64,
    /// The value at its end.
    pub high: f64,
    /// Whether its values are whole numbers, so that ticks between them would have no meaning.
    pub is_whole: bool,
}

impl Axis {
    /// An axis with these ends.
    pub fn new(label: &str, low: f64, high: f64) -> Self {
        let high = if high > low { high } else { low + 1.0 };
        Self {
            label: label.to_owned(),
            low,
            high,
            is_whole: false,
        }
    }

    /// With ticks at whole numbers only.
    pub fn whole(mut self) -> Self {
        self.is_whole = true;
        self
    }

    /// An axis from 0 to 1.
    pub fn unit(label: &str) -> Self {
        Self::new(label, 0.0, 1.0)
    }

    /// An axis that holds all these values, with ends that are round.
    pub fn around(label: &str, values: impl Iterator<Item = f64>) -> Self {
        let finite = values.filter(|value| value.is_finite());
        let ends = finite.fold(None, |ends: Option<(f64, f64)>, value| {
            let (low, high) = ends.unwrap_or((value, value));
            Some((low.min(value), high.max(value)))
        });
        let (low, high) = ends.unwrap_or((0.0, 1.0));
        if low == high {
            let margin = if low == 0.0 { 1.0 } else { low.abs() * 0.1 };
            return Self::new(label, low - margin, high + margin);
        }
        let step = step((high - low) / 5.0);
        Self::new(
            label,
            (low / step).floor() * step,
            (high / step).ceil() * step,
        )
    }

    /// [`around`](Self::around), from 0.
    pub fn from_zero(label: &str, values: impl Iterator<Item = f64>) -> Self {
        let mut axis = Self::around(label, values.chain([0.0]));
        axis.low = axis.low.max(0.0);
        axis
    }

    /// Where a value is between the start (0) and the end (1).
    pub fn place(&self, value: f64) -> f64 {
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    /// The ticks with their labels.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        let least = if self.is_whole { 1.0 } else { 0.0 };
        let step = step((self.high - self.low) / 5.0).max(least);
        let decimals = (-step.log10().floor()).clamp(0.0, 6.0) as usize;
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        let mut ticks: Vec<(f64, String)> = (first..=last)
            .take(20)
            .map(|number| {
                let value = number as f64 * step;
                (value, format!("{:.decimals$}", value + 0.0))
            })
            .collect();
        // 0.5 and not 0.50 where one decimal is enough for all.
        while ticks
            .iter()
            .all(|(_, label)| label.contains('.') && label.ends_with('0'))
        {
            for (_, label) in &mut ticks {
                label.pop();
                if label.ends_with('.') {
                    label.pop();
                }
            }
        }
        ticks
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `least`.
fn step(least: f64) -> f64 {
    let power = 10f64.powf(least.abs().max(1e-9).log10().floor());
    let factors = [1.0, 2.0, 5.0, 10.0];
    let fits = factors
        .into_iter()
        .find(|factor| factor * power >= least * 0.999);
    fits.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_axis() {
        let labels = |axis: Axis| {
            let ticks = axis.ticks().into_iter();
            ticks.map(|(_, label)| label).collect::<Vec<_>>()
        };
        assert_eq!(
            labels(Axis::unit("x")),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(Axis::around("x", [3.2, 31.4].into_iter())),
            ["0", "10", "20", "30", "40"]
        );
        assert_eq!(labels(Axis::new("x", 0.0, 2.0).whole()), ["0", "1", "2"]);
        let single = Axis::around("x", [0.5, 0.5].into_iter());
        assert!(single.low < 0.5 && single.high > 0.5);
        let none = Axis::around("x", [f64::NAN].into_iter());
        assert_eq!((none.low, none.high), (0.0, 1.0));
    }
}
