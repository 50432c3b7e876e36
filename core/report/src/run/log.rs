//! Why a run failed, and the end of its log.

use protea_core::workspace::{RecordedRun, Status};

use crate::{page::Page, read, text::html};

/// How many lines of the log are in the page.
const LINES: usize = 40;
/// The longest error in characters.
const LONGEST_ERROR: usize = 8_000;

/// Adds why the run failed, to the section that is open.
pub fn error(page: &mut Page, run: &RecordedRun) {
    let manifest = &run.manifest;
    if let Some(error) = &manifest.error {
        let error = crate::text::cut(error, LONGEST_ERROR);
        page.html(&format!(
            "<div class=\"error\" role=\"note\">{}</div>",
            html(&error)
        ));
    }
    for step in read::steps(&run.directory, manifest).into_iter().flatten() {
        if !step.causes.is_empty() {
            let causes = crate::text::cut(&step.causes.join("\n"), LONGEST_ERROR);
            page.preformatted(&format!("Causes of the failure of {}", step.name), &causes);
        }
    }
    match manifest.status {
        Status::Running => page.note(
            "This run had not ended when the report was made. Make the report again for newer values.",
        ),
        Status::Killed => page.note("This run was cancelled, or its process disappeared."),
        Status::Finished | Status::Failed => {}
    }
}

/// Adds the section with the end of the log.
pub fn log(page: &mut Page, run: &RecordedRun) {
    page.section("log", "Log");
    match read::log_end(&run.directory, LINES) {
        Some((text, cut)) => {
            if cut {
                page.text(&format!(
                    "The last {LINES} lines. `protea runs log {}` prints all.",
                    run.manifest.run_id
                ));
            }
            page.preformatted("The end of the log", &text);
        }
        None => page.text("This run has no log that can be read."),
    }
}
