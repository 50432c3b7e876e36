//! Nextflow: a script.

use super::{
    super::quoting::{bash, comment, groovy},
    Source,
    template::fill,
};

pub(super) fn script(source: &Source<'_>) -> String {
    let mut resources = String::new();
    if let Some(seconds) = source.seconds() {
        resources.push_str(&format!("    time '{seconds} s'\n"));
    }
    if let Some(megabytes) = source.megabytes() {
        resources.push_str(&format!("    memory '{megabytes} MB'\n"));
    }
    fill(
        include_str!("templates/plan.nf"),
        &[
            ("about", &comment("//", &source.about())),
            // Nextflow gives scripts to bash, and changes the indentation of their lines.
            ("program", &groovy(&bash(&source.program))),
            ("plan", &groovy(&bash(&source.path))),
            ("threads", &source.threads.to_string()),
            ("per_index", &source.per_index.to_string()),
            ("resources", &resources),
        ],
    )
}
