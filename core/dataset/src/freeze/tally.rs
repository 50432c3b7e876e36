//! Counts with examples.

use protea_formats::Defects;
use serde::Serialize;

/// A number and a few examples.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The number.
    pub count: u64,
    /// Up to five different examples, in order of appearance.
    pub examples: Vec<String>,
}

impl From<&Defects> for Tally {
    fn from(defects: &Defects) -> Self {
        Self {
            count: defects.count,
            examples: defects.examples.clone(),
        }
    }
}

impl Tally {
    const EXAMPLES: usize = 5;

    /// Adds defects of another kind of row.
    pub(crate) fn extend(&mut self, defects: &Defects) {
        self.count += defects.count;
        let free = Self::EXAMPLES - self.examples.len();
        self.examples
            .extend(defects.examples.iter().take(free).cloned());
    }

    pub(crate) fn add(&mut self, example: &str) {
        self.count += 1;
        if self.examples.len() < Self::EXAMPLES
            && !self.examples.iter().any(|known| known == example)
        {
            self.examples.push(example.to_owned());
        }
    }
}
