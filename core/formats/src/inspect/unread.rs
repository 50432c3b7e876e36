//! Names files of text that nothing here reads, by the start of their first line.

use std::path::Path;

use crate::{Lines, fasta::other_format};

const ONTOLOGIES: [(&str, &str); 3] = [
    ("Prefix(", "an ontology in OWL, functional syntax"),
    ("@prefix", "RDF in Turtle"),
    ("Prefix:", "an ontology in OWL, Manchester syntax"),
];

/// The problem of a file of another format, whose name replaces `kind`; `None` for any other text.
pub(super) fn problem(path: &Path, kind: &mut String) -> Option<String> {
    let mut lines = Lines::open(path).ok()?;
    lines.advance().ok()?;
    let first = lines.line();
    let text = String::from_utf8_lossy(first);
    if let Some((_, format)) = ONTOLOGIES.iter().find(|(start, _)| text.starts_with(start)) {
        (*format).clone_into(kind);
        return Some("convert it to OBO: robot convert --input FILE --output ontology.obo".into());
    }
    if text.to_ascii_lowercase().starts_with("@relation") {
        "a table in ARFF".clone_into(kind);
        return Some("save it as CSV: a row per protein".into());
    }
    other_format(first)?.clone_into(kind);
    Some("give FASTA: a line such as '>P12345' before each sequence".into())
}
