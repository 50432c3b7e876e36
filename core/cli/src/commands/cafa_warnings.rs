//! What `protea cafa` says about its input files.

use std::path::PathBuf;

use protea_cafa::{
    ontology::{Ontology, spelling::is_invisible, text::TextMarks},
    scoring::{Evaluation, GroundTruth, InformationAccretion, SkippedLines, SkippedNames},
};

use crate::{
    args::LogLevel,
    output::{Reporter, display_path},
};

/// Added to a message about something that cafaeval reads differently.
const UNLIKE_CAFAEVAL: &str = "cafaeval reads this differently, and so does --strict-cafaeval";

/// Tells what the reader of the ontology ignored or did not read literally.
pub(super) fn warn_of_findings(reporter: &Reporter, ontology: &Ontology) {
    for finding in ontology.findings() {
        let mut text = format!("ontology {}: {finding}", ontology.source());
        if finding.kind.differs_from_cafaeval() {
            text = format!("{text}; {UNLIKE_CAFAEVAL}");
        }
        // A number that may differ from cafaeval's is never silent, so `-q` does not hide it.
        if finding.kind.is_warning() || finding.kind.differs_from_cafaeval() {
            reporter.warn(&text);
        } else {
            reporter.note(&text);
        }
    }
}

/// Tells which hidden files are not scored.
pub(super) fn warn_of_leftovers(reporter: &Reporter, ignored: &[PathBuf]) {
    if ignored.is_empty() {
        return;
    }
    let examples: Vec<_> = ignored
        .iter()
        .take(3)
        .map(|path| display_path(path).to_string())
        .collect();
    let more = if ignored.len() > 3 { ", …" } else { "" };
    reporter.note(&format!(
        "predictions: ignored hidden files and leftovers of editors: {} ({}{more})",
        ignored.len(),
        examples.join(", ")
    ));
}

/// Warns of files with nothing to score. The tables that protea writes beside a run's predictions
/// are expected there, so they are only noted.
pub(super) fn warn_of_unscored(reporter: &Reporter, failed: &[(String, String)]) {
    let is_own = |name: &str| {
        let file = name.rsplit('/').next().unwrap_or(name);
        file.starts_with("evaluation_") && file.ends_with(".tsv")
    };
    let (own, others): (Vec<_>, Vec<_>) = failed.iter().partition(|(name, _)| is_own(name));
    if !own.is_empty() {
        let names: Vec<&str> = own.iter().map(|(name, _)| name.as_str()).collect();
        reporter.note(&format!(
            "predictions: ignored tables of scores: {}",
            names.join(", ")
        ));
    }
    for (name, message) in others {
        reporter.warn(&format!("{name} is not scored: {message}"));
    }
}

/// Tells what was removed from the text of a file.
fn warn_of_marks(reporter: &Reporter, name: &str, marks: TextMarks) {
    tell_marks(reporter, name, marks.byte_order_mark, marks.ctrl_z);
}

fn tell_marks(reporter: &Reporter, name: &str, byte_order_mark: bool, ctrl_z: bool) {
    if byte_order_mark {
        reporter.warn(&format!(
            "{name}: ignored the byte-order mark at the start; {UNLIKE_CAFAEVAL}"
        ));
    }
    if ctrl_z {
        reporter.warn(&format!(
            "{name}: ignored the Ctrl-Z at the end; {UNLIKE_CAFAEVAL}"
        ));
    }
}

/// Tells which terms have no weight although the ground truth has them.
pub(super) fn warn_of_accretion(
    reporter: &Reporter,
    accretion: &InformationAccretion<'_>,
    truth: &GroundTruth<'_>,
) {
    let name = "information accretion";
    warn_of_marks(reporter, name, accretion.marks());
    warn_of_spelling(reporter, name, accretion.respelled());
    if !accretion.conflicting().is_empty() {
        reporter.warn(&format!(
            "{name}: terms with several lines and different values: {}; the last value is used",
            accretion.conflicting().describe("term")
        ));
    }
    if accretion.invalid() > 0 {
        reporter.warn(&format!(
            "{name}: values that are negative or not finite: {}; they count as 0",
            accretion.invalid()
        ));
    }
    let missing = accretion.missing(truth);
    if !missing.is_empty() {
        let more = if missing.len() > 3 { ", …" } else { "" };
        reporter.warn(&format!(
            "{name}: terms of the ground truth without a value: {} ({}{more}); they have weight 0; check that the table was computed for this ontology",
            missing.len(),
            missing[..missing.len().min(3)].join(", ")
        ));
    }
}

/// Tells which terms are written in another form.
fn warn_of_spelling(reporter: &Reporter, name: &str, respelled: &SkippedNames) {
    if !respelled.is_empty() {
        reporter.warn(&format!(
            "{name}: read terms that are written in another form than GO:0008150: {}; {UNLIKE_CAFAEVAL}",
            respelled.describe("term")
        ));
    }
}

/// Tells how a table was read, and which terms are unknown.
pub(super) fn warn_of_reading(
    reporter: &Reporter,
    name: &str,
    skipped: &SkippedLines,
    ontology: &Ontology,
) {
    tell_marks(reporter, name, skipped.byte_order_mark, skipped.ctrl_z);
    warn_of_spelling(reporter, name, &skipped.respelled_terms);
    if skipped.quoted > 0 {
        reporter.warn(&format!(
            "{name}: removed quotation marks around columns: lines {}; {UNLIKE_CAFAEVAL}",
            skipped.quoted
        ));
    }
    if !skipped.further_terms.is_empty() {
        reporter.warn(&format!(
            "{name}: lines with a term also in the third column, which is not read: {}; write one term per line",
            skipped.further_terms.describe("protein")
        ));
    }
    if !skipped.mapped_terms.is_empty() {
        reporter.note(&format!(
            "{name}: replaced obsolete terms: {}",
            with_replacements(&skipped.mapped_terms, ontology)
        ));
    }
    warn_of_terms(reporter, name, &skipped.unknown_terms);
    if !skipped.obsolete_terms.is_empty() {
        let remedy = if ontology.maps_obsolete() {
            ""
        } else {
            "; --map-obsolete uses the replacements"
        };
        reporter.warn(&format!(
            "{name}: obsolete among the skipped terms: {}{remedy}",
            with_replacements(&skipped.obsolete_terms, ontology)
        ));
    }
}

/// A tally of obsolete terms, each with what the ontology says to use instead.
fn with_replacements(tally: &SkippedNames, ontology: &Ontology) -> String {
    let instead = |id: &String| {
        let replacement = ontology.replacement(id).unwrap_or_default();
        if !replacement.replaced_by.is_empty() {
            format!(
                "{id}, replaced by {}",
                replacement.replaced_by.join(" and ")
            )
        } else if !replacement.consider.is_empty() {
            format!("{id}, consider {}", replacement.consider.join(" or "))
        } else {
            format!("{id}, without a replacement")
        }
    };
    let examples: Vec<String> = tally.examples.iter().take(3).map(instead).collect();
    let more = if tally.distinct > examples.len() {
        "; …"
    } else {
        ""
    };
    let lines = if tally.lines == 1 { "line" } else { "lines" };
    format!(
        "{} on {} {lines} ({}{more})",
        tally.distinct,
        tally.lines,
        examples.join("; ")
    )
}

/// Tells what of a prediction file was not used, or used although it is unusual.
pub(super) fn warn_of_skipped(
    reporter: &Reporter,
    evaluation: &Evaluation,
    ontology: &Ontology,
    level: LogLevel,
) {
    let (name, skipped) = (&evaluation.name, &evaluation.skipped);
    warn_of_reading(reporter, name, skipped, ontology);
    warn_of_columns(reporter, name, skipped);
    if skipped.short_lines > 0 {
        reporter.warn(&format!(
            "{name}: skipped lines with fewer than three columns: {}",
            skipped.short_lines
        ));
    }
    if skipped.above_one > 0 {
        reporter.warn(&format!(
            "{name}: scores above 1: {} of {}, up to {}; they reach every threshold (are they percentages? CAFA's scores are from 0 to 1)",
            skipped.above_one, skipped.used, skipped.highest
        ));
    }
    for (count, what) in [
        (skipped.not_numbers, "scores that are NaN"),
        (
            skipped.negative,
            "scores below 0 (are they logarithms? CAFA's scores are from 0 to 1)",
        ),
    ] {
        if count > 0 {
            reporter.warn(&format!(
                "{name}: {what}: {count} of {}; they do not count as predictions",
                skipped.used
            ));
        }
    }
    // Predicting for more proteins than the ground truth has is common, so this is only a note.
    if level <= LogLevel::Info && skipped.unknown_proteins.lines > 0 {
        reporter.note(&format!(
            "{name}: skipped proteins that are not in the ground truth: {}",
            skipped.unknown_proteins.describe("protein")
        ));
    }
}

/// Tells which columns were read, if another choice is possible.
fn warn_of_columns(reporter: &Reporter, name: &str, skipped: &SkippedLines) {
    if let Some(columns) = &skipped.named_columns {
        reporter.warn(&format!(
            "{name}: read the columns that the header names: {columns}; {UNLIKE_CAFAEVAL}"
        ));
    }
    if let Some(column) = &skipped.doubtful_column {
        reporter.warn(&format!(
            "{name}: the third column is read as the score, but the header calls it {column:?}; is a high value a good prediction?"
        ));
    }
    if skipped.models > 1 {
        reporter.warn(&format!(
            "{name}: the file has {} models (lines MODEL), which are scored as one method; write one file per model",
            skipped.models
        ));
    }
    if skipped.other_line_breaks > 0 {
        reporter.warn(&format!(
            "{name}: lines with a line break of another kind (NEL, U+2028 or U+2029), behind which nothing is read: {}; separate lines by \\n",
            skipped.other_line_breaks
        ));
    }
    if skipped.further_columns > 0 {
        let text = format!(
            "{name}: lines with more than three columns: {} of {}; the third is read as the score",
            skipped.further_columns, skipped.lines
        );
        // Which of two numbers is the score cannot be known without a header.
        if skipped.further_numbers > 0 && skipped.remarks == 0 {
            reporter.warn(&format!("{text}, although the fourth is a number too"));
        } else {
            reporter.note(&text);
        }
    }
}

/// Warns if most proteins of the ground truth have no prediction while the predictions have unknown
/// proteins, or if these are proteins of the ground truth in another form.
pub(super) fn warn_of_coverage(
    reporter: &Reporter,
    evaluation: &Evaluation,
    covered: usize,
    truth: &GroundTruth<'_>,
) {
    let unknown = &evaluation.skipped.unknown_proteins;
    let (name, all) = (&evaluation.name, truth.len());
    if unknown.is_empty() {
        return;
    }
    let other_form = unknown
        .examples
        .iter()
        .find_map(|example| Some((example.clone(), truth.in_other_form(example)?)));
    let missing = all - covered;
    if missing == 0 {
        // Rows of a protein in two forms are read in part, which changes scores.
        if let Some((predicted, known)) = other_form {
            reporter.warn(&format!(
                "{name}: some lines name a protein of the ground truth in another form and are not read: {} for {}; use the same accession on all lines",
                visible(&predicted),
                visible(&known)
            ));
        }
        return;
    }
    if let Some((predicted, known)) = other_form {
        reporter.warn(&format!(
            "{name}: {missing} of {all} proteins of the ground truth have no prediction, and some are predicted under another name: {} for {}; use the same accessions in both",
            visible(&predicted),
            visible(&known)
        ));
    } else if covered * 2 < all {
        let example = unknown.examples.first().map_or("", String::as_str);
        reporter.warn(&format!(
            "{name}: {missing} of {all} proteins of the ground truth have no prediction, while {} predicted proteins are not in the ground truth (predictions: {example}; ground truth: {}); check that both use the same accessions",
            unknown.distinct,
            truth.example()
        ));
    }
}

/// Warns of terms that are not in the ontology.
pub(super) fn warn_of_terms(reporter: &Reporter, name: &str, unknown: &SkippedNames) {
    if unknown.lines > 0 {
        reporter.warn(&format!(
            "{name}: skipped terms that are obsolete or not in the ontology: {}",
            unknown.describe("term")
        ));
    }
}

/// A name in which characters without width are written as numbers.
fn visible(name: &str) -> String {
    let letters = name.chars().map(|c| {
        if is_invisible(c) {
            c.escape_unicode().to_string()
        } else {
            c.to_string()
        }
    });
    letters.collect()
}
