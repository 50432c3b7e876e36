//! A count with its first few examples.

use serde::Serialize;

const MOST: usize = 3;

/// How often something was found, with up to three examples.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Examples {
    /// How often.
    pub count: u64,
    /// The first three, different ones.
    pub examples: Vec<String>,
}

impl Examples {
    /// Counts one more. `example` is called only if it may be kept.
    pub fn add(&mut self, example: impl FnOnce() -> String) {
        self.count += 1;
        if self.examples.len() < MOST {
            let example = example();
            if !self.examples.contains(&example) {
                self.examples.push(example);
            }
        }
    }

    /// Adds what was found in a later part.
    pub fn merge(&mut self, later: Examples) {
        self.count += later.count;
        for example in later.examples {
            if self.examples.len() < MOST && !self.examples.contains(&example) {
                self.examples.push(example);
            }
        }
    }

    /// The examples for a message: `a, b, c`, and `…` if there are more.
    #[must_use]
    pub fn sample(&self) -> String {
        let mut text = self.examples.join(", ");
        if self.count > self.examples.len() as u64 {
            text.push_str(", …");
        }
        text
    }
}
