//! Input that a runner must refuse, and how well it does.

use protea_core::{DispatchError, contracts::RunnerError};

use crate::Verdict;

/// Judges answers to input that nobody can use.
pub struct Refusals {
    wanted: &'static str,
    is_wanted: fn(&RunnerError) -> bool,
    strict: bool,
    refused: usize,
    otherwise: Vec<String>,
}

impl Refusals {
    /// A judge that wants errors of one kind.
    pub fn new(wanted: &'static str, is_wanted: fn(&RunnerError) -> bool) -> Self {
        Self {
            wanted,
            is_wanted,
            strict: true,
            refused: 0,
            otherwise: Vec::new(),
        }
    }

    /// Lets a result pass with a warning: the runner may have no need of what is broken.
    #[must_use]
    pub fn lenient(mut self, lenient: bool) -> Self {
        self.strict = !lenient;
        self
    }

    /// Takes an answer.
    ///
    /// # Errors
    ///
    /// The verdict, where it is no typed error.
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
            // Metrics came, whatever is wrong with them: it took the input.
            Err(DispatchError::Metrics(_)) | Ok(_) if !self.strict => {
                self.otherwise
                    .push(format!("{doing}: a result, as if nothing were wrong"));
                Ok(())
            }
            Err(DispatchError::Metrics(_)) | Ok(_) => Err(Verdict::failed(
                format!("{doing} is {}", self.wanted),
                "a result, as if nothing were wrong",
                "read and check what the request names before relying on it",
            )),
            Err(error) => Err(match Verdict::of_dispatch(doing, &error) {
                Verdict::Failed { seen, remedy, .. } => {
                    Verdict::failed(format!("{doing} is {}", self.wanted), seen, remedy)
                }
                verdict => verdict,
            }),
        }
    }

    /// The verdict on all of them.
    pub fn verdict(self) -> Verdict {
        match self.otherwise.as_slice() {
            [] => Verdict::noted(format!("{} answers, all {}", self.refused, self.wanted)),
            otherwise => Verdict::warning(format!(
                "{} says best what is wrong; instead, {}",
                self.wanted,
                otherwise.join("; ")
            )),
        }
    }
}
