//! What a command prints: its report on standard output, its progress on standard error.

mod explanation;
mod lines;
mod number;
mod progress;
mod scores;
mod settings;
mod table;
mod terminal;
mod watch;

use serde_json::Value;

pub use explanation::{Asked, explanation};
pub use lines::{Lines, display_path, relative_to};
pub use number::{bytes, count, difference, number, percent, plural, range};
pub use progress::Reporter;
pub use scores::{PLACEHOLDER_NOTE, scores};
pub use settings::settings;
pub use table::{Table, fit_to_terminal, terminal_width};
pub use terminal::{
    Content, Diagnostics, ERROR, StandardOutput, print, print_error_lines, print_labelled,
};
pub use watch::watched;

/// The result of a command as text and as JSON. Only one of the two is printed.
#[derive(Debug, Clone)]
pub struct Report {
    /// Printed without `--json`.
    pub text: String,
    /// Printed with `--json`: an object, or an array for lists.
    pub json: Value,
}
