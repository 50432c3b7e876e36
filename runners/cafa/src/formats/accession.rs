//! What counts as an accession.

/// The longest accession taken, in bytes.
const LONGEST: usize = 255;

/// The accession in the first word of a FASTA header or in an ids file: `P12345` in `sp|P12345|NAME_HUMAN` and
/// `tr|P12345|…`, the word itself otherwise. `None` if that leaves nothing usable.
pub(super) fn from_word(word: &str) -> Option<&str> {
    let mut parts = word.split('|');
    let accession = match (parts.next(), parts.next()) {
        (Some("sp" | "tr"), Some(accession)) => accession,
        _ => word,
    };
    let usable = !accession.is_empty()
        && accession.len() <= LONGEST
        && accession
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control());
    usable.then_some(accession)
}
