//! What a command says: its report on standard output, its progress on standard error.

mod explanation;
/// Writes a line to standard error. That nobody can read it is no reason to end a run.
macro_rules! say {
    ($($text:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(anstream::stderr(), $($text)*);
    }};
}
pub(crate) use say;

mod lines;
mod number;
mod progress;
mod scores;
mod settings;
mod table;

use serde_json::Value;

pub use explanation::explanation;
pub use lines::{Lines, relative_to, shown};
pub use number::{bytes, count, number, percent, range};
pub use progress::Reporter;
pub use scores::scores;
pub use settings::settings;
pub use table::{Table, terminal_width};

/// The result of a command, for people and for programs. One of the two is printed.
#[derive(Debug, Clone)]
pub struct Report {
    /// For people.
    pub text: String,
    /// For programs: an object, or an array for lists.
    pub json: Value,
}
