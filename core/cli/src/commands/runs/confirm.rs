//! Asks before something is removed.

use std::io::{self, BufRead, IsTerminal, Read};

use crate::{
    args::ConfirmArgs,
    exit::Exit,
    failure::Failure,
    output::{Report, Reporter},
};

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 64;

/// Whether to go on: `--yes`, or the answer of the user at a terminal. Elsewhere it is an error that
/// has the report of what would be removed.
pub(super) fn confirmed(
    args: &ConfirmArgs,
    question: &str,
    report: &Report,
    json: bool,
    reporter: &Reporter,
) -> Result<bool, Failure> {
    if args.yes {
        return Ok(true);
    }
    if json || !io::stdin().is_terminal() {
        let message = format!(
            "{question} Nothing was removed: give --yes to remove without being asked, or \
             --dry-run to see only"
        );
        let failure = Failure::new(Exit::Usage, message).with_text(report.text.clone());
        return Err(failure.with_detail("plan", report.json.clone()));
    }
    reporter.always(&format!("{}\n{question} [y/N]", report.text.trim_end()));
    let mut answer = String::new();
    let read = io::stdin().lock().take(LONGEST).read_line(&mut answer);
    let answer = read
        .map(|_| answer.trim().to_lowercase())
        .unwrap_or_default();
    Ok(matches!(answer.as_str(), "y" | "yes"))
}
