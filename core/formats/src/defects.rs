//! Counts the rows and fields of a file that are damaged and left out.

use super::FormatError;

/// The most examples of a kind of defect.
const EXAMPLES: usize = 3;

/// A number of defects, and where the first of them are.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Defects {
    /// The number.
    pub count: u64,
    /// Up to three of them, each as `file:line: problem`.
    pub examples: Vec<String>,
}

impl Defects {
    /// Adds defects of later rows.
    pub(crate) fn merge(&mut self, later: &Defects) {
        self.count += later.count;
        let free = EXAMPLES - self.examples.len();
        self.examples
            .extend(later.examples.iter().take(free).cloned());
    }

    pub(crate) fn add(&mut self, error: &FormatError) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(match error {
                FormatError::Malformed {
                    path,
                    line,
                    problem,
                    ..
                } => format!("{}:{line}: {problem}", path.display()),
                other => other.to_string(),
            });
        }
    }
}

/// What to do with a damaged row that matters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnDefect {
    /// It is an error.
    #[default]
    Stop,
    /// It is left out and counted.
    Skip,
}
