//! Parses accessions and taxa.

use protea_ontology::spelling::trim_invisible;

/// Longest accepted accession, in bytes.
const LONGEST: usize = 255;

/// Extracts the accession from the first word of a FASTA header or from a line of a list of
/// accessions: `P12345` from `sp|P12345|NAME_HUMAN` and `tr|P12345|…`, otherwise the word itself.
/// `None` if the accession is empty, too long, or has blanks or control characters.
pub(super) fn from_word(word: &str) -> Option<&str> {
    let word = trim_invisible(word);
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

/// Whether `text` is an accession of UniProtKB, of six or ten letters and digits. See
/// <https://www.uniprot.org/help/accession_numbers>.
pub(super) fn is_uniprot(text: &str) -> bool {
    let bytes = text.as_bytes();
    let matches_any = |at: usize, kinds: &str| {
        let byte = bytes[at];
        kinds.chars().any(|kind| match kind {
            'A' => byte.is_ascii_uppercase(),
            _ => byte.is_ascii_digit(),
        })
    };
    // The format is a letter and a digit, then one or two groups of a letter, two letters or
    // digits, and a digit. After O, P or Q the group may also start with a digit.
    let group = |from: usize, first: &str| {
        matches_any(from, first)
            && matches_any(from + 1, "A0")
            && matches_any(from + 2, "A0")
            && matches_any(from + 3, "0")
    };
    match bytes.len() {
        6 | 10 if !matches_any(0, "A") || !matches_any(1, "0") => false,
        6 if matches!(bytes[0], b'O' | b'P' | b'Q') => group(2, "A0"),
        6 => group(2, "A"),
        10 => !matches!(bytes[0], b'O' | b'P' | b'Q') && group(2, "A") && group(6, "A"),
        _ => false,
    }
}

/// Parses an NCBI taxon: a positive number that fits into the signed 32-bit column of the dataset.
pub(super) fn parse_taxon(digits: &str) -> Option<u32> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits
        .parse()
        .ok()
        .filter(|&taxon| taxon > 0 && taxon <= i32::MAX as u32)
}
