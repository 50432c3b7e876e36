//! Checks that a runner rejects invalid input with the right error.

use protea_core::{DispatchError, contracts::RunnerError};

use crate::Verdict;

/// Judges answers to invalid input.
pub struct Refusals {
    wanted: &'static str,
    is_wanted: fn(&RunnerError) -> bool,
    strict: bool,
    refused: usize,
    otherwise: Vec<String>,
}

impl Refusals {
    /// Accepts errors of one kind.
    pub fn new(wanted: &'static str, is_wanted: fn(&RunnerError) -> bool) -> Self {
        Self {
            wanted,
            is_wanted,
            strict: true,
            refused: 0,
            otherwise: Vec::new(),
        }
    }

    /// Accepts a result with a warning: the runner may not need the broken part.
    #[must_use]
    pub fn lenient(mut self, lenient: bool) -> Self {
        self.strict = !lenient;
        self
    }

    /// Takes one answer.
    ///
    /// # Errors
    ///
    /// The verdict, if the answer is not a typed error.
    pub fn judge<T>(
        &mut self,
        doing: &str,
        answer: Result<T, DispatchError>,
    ) -> Result<(), Verdict> {
        match answer {
            Err(DispatchError::Runner(error)) => {
                self.refused += 1;
                if !(self.is_wanted)(&error) {
                    self.otherwise.push(format!("{doing}: {error}"));
                }
                Ok(())
            }
            // It returned metrics, valid or not, so it accepted the input.
            Err(DispatchError::Metrics(_)) | Ok(_) if !self.strict => {
                self.otherwise
                    .push(format!("{doing}: a result, as for valid input"));
                Ok(())
            }
            Err(DispatchError::Metrics(_)) | Ok(_) => Err(Verdict::failed(
                format!("{doing} is {}", self.wanted),
                "a result, as for valid input",
                "read and check what the request names before using it",
            )),
            Err(error) => Err(match Verdict::from_dispatch(doing, &error) {
                Verdict::Failed { seen, remedy, .. } => {
                    Verdict::failed(format!("{doing} is {}", self.wanted), seen, remedy)
                }
                verdict => verdict,
            }),
        }
    }

    /// The verdict on all answers.
    pub fn verdict(self) -> Verdict {
        match self.otherwise.as_slice() {
            [] => Verdict::noted(format!("{} answers, all {}", self.refused, self.wanted)),
            otherwise => Verdict::warning(format!(
                "{} would be the right error; instead, {}",
                self.wanted,
                otherwise.join("; ")
            )),
        }
    }
}
