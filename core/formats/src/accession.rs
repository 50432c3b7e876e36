//! What counts as an accession, and what as a taxon.

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

/// Whether this is an accession of UniProtKB: six letters and digits, or ten.
/// See <https://www.uniprot.org/help/accession_numbers>.
pub(super) fn is_uniprot(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is = |at: usize, kinds: &str| {
        let byte = bytes[at];
        kinds.chars().any(|kind| match kind {
            'A' => byte.is_ascii_uppercase(),
            _ => byte.is_ascii_digit(),
        })
    };
    // A letter, a digit, then a letter and two of either and a digit, once or twice; O, P and Q are followed by digits.
    let group = |from: usize, first: &str| {
        is(from, first) && is(from + 1, "A0") && is(from + 2, "A0") && is(from + 3, "0")
    };
    match bytes.len() {
        6 | 10 if !is(0, "A") || !is(1, "0") => false,
        6 if matches!(bytes[0], b'O' | b'P' | b'Q') => group(2, "A0"),
        6 => group(2, "A"),
        10 => !matches!(bytes[0], b'O' | b'P' | b'Q') && group(2, "A") && group(6, "A"),
        _ => false,
    }
}

/// An NCBI taxon: a positive number that fits a signed 32-bit integer, as it is stored.
pub(super) fn parse_taxon(digits: &str) -> Option<u32> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits
        .parse()
        .ok()
        .filter(|&taxon| taxon > 0 && taxon <= i32::MAX as u32)
}
