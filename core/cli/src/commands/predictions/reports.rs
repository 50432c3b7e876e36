//! What several commands say about the files that they read.

use protea_cafa::predictions::{Examples, Source, Tally};

use crate::output::{Reporter, count, plural};

/// Warns of what is in a file and is not a prediction, and of what may not be meant.
pub(super) fn warn_of(reporter: &Reporter, source: &Source, tally: &Tally, repeated: u64) {
    let name = source.name();
    let warn = |text: String| reporter.warn(&format!("{name}: {text}"));
    if source.format().has_no_scores() {
        warn(format!(
            "{} has no scores; each prediction has the score 1",
            source.format().name()
        ));
    }
    if tally.not_positive.count > 0 {
        warn(format!(
            "left out {} with a score that is zero, negative or not a number ({})",
            plural(tally.not_positive.count, "row"),
            tally.not_positive.sample()
        ));
    }
    if tally.above_one.count > 0 {
        warn(format!(
            "{} a score above 1 ({})",
            has(tally.above_one.count, "row"),
            tally.above_one.sample()
        ));
    }
    if tally.models > 1 {
        warn(format!(
            "the file has the predictions of {} models, which are read as one",
            count(tally.models)
        ));
    }
    if tally.texts > 0 {
        let texts = plural(tally.texts, "description");
        warn(format!("left out {texts} in words (`Text`)"));
    }
    if tally.negated > 0 {
        let rows = plural(tally.negated, "row");
        warn(format!("left out {rows} with the qualifier NOT"));
    }
    if repeated > 0 {
        warn(format!(
            "{} a term of the protein; the highest score counts",
            if repeated == 1 {
                "1 row repeats".to_owned()
            } else {
                format!("{} rows repeat", count(repeated))
            }
        ));
    }
}

/// Warns of terms that are not in the ontology, with what this means.
pub(super) fn warn_of_unknown(reporter: &Reporter, unknown: &Examples, consequence: &str) {
    if unknown.count > 0 {
        reporter.warn(&format!(
            "{} a term that is obsolete or not in the ontology ({}){consequence}",
            has(unknown.count, "prediction"),
            unknown.sample()
        ));
    }
}

/// `1 row has` or `2 rows have`.
fn has(number: u64, unit: &str) -> String {
    let verb = if number == 1 { "has" } else { "have" };
    format!("{} {verb}", plural(number, unit))
}
