//! The spellings of the id of a term: `GO_0008150`, `go:0008150`, a URI, the number alone.
//!
//! OBO and GO write `GO:0008150`. Programs that read OWL, R and spreadsheets write the others.

use std::borrow::Cow;

const LONGEST: usize = 200;
/// Prefixes of identifiers that are not terms of an ontology of functions or phenotypes.
const NO_TERMS: [&str; 6] = ["PMID", "DOI", "TAXON", "NCBITAXON", "GO_REF", "UNIPROTKB"];

/// Removes white space and characters without width around a field: a no-break space, a zero-width
/// space, a byte-order mark. Spreadsheets and web pages add them.
#[must_use]
pub fn trim_invisible(text: &str) -> &str {
    text.trim_matches(is_invisible)
}

/// Whether a character takes no room on the screen or is white space.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'
        )
}

/// The usual spelling, `PREFIX:NUMBER`, of an id of a term: of `GO_0008150`, `go:0008150`,
/// `<http://purl.obolibrary.org/obo/GO_0008150>` and `0008150`. `None` if the text is not an id of
/// one of these forms. A number alone is an id of GO only if it has seven digits.
///
/// ```
/// use protea_ontology::spelling::canonical;
///
/// assert_eq!(canonical("GO_0008150").as_deref(), Some("GO:0008150"));
/// assert_eq!(canonical("P12345"), None);
/// ```
#[must_use]
pub fn canonical(text: &str) -> Option<Cow<'_, str>> {
    if text.len() > LONGEST {
        return None;
    }
    let id = trim_invisible(text);
    let id = id
        .strip_prefix('<')
        .and_then(|id| id.strip_suffix('>'))
        .unwrap_or(id);
    let id = if id.contains("://") {
        id.rsplit(['/', '#']).next().unwrap_or(id)
    } else {
        id
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if all_digits(id) {
        return (id.len() == 7).then(|| Cow::Owned(format!("GO:{id}")));
    }
    let (prefix, number) = id.split_once([':', '_'])?;
    let is_prefix = (2..=12).contains(&prefix.len())
        && prefix.bytes().all(|b| b.is_ascii_alphabetic())
        && !NO_TERMS.contains(&prefix.to_ascii_uppercase().as_str());
    let enough = if id.contains(':') { 4 } else { 7 };
    if !is_prefix || !all_digits(number) || number.len() < enough {
        return None;
    }
    let lower = prefix.bytes().all(|b| b.is_ascii_lowercase());
    Some(if id.contains(':') && !lower {
        Cow::Borrowed(id)
    } else if lower {
        Cow::Owned(format!("{}:{number}", prefix.to_ascii_uppercase()))
    } else {
        Cow::Owned(format!("{prefix}:{number}"))
    })
}

/// The id of a term of GO whose number lost its leading zeros, as in a spreadsheet: `GO:0008150` for
/// `8150`, `GO:8150` and `GO_8150`.
#[must_use]
pub fn padded(text: &str) -> Option<String> {
    let id = trim_invisible(text);
    let number = match id.split_once([':', '_']) {
        Some((prefix, number)) if prefix.eq_ignore_ascii_case("GO") => number,
        Some(_) => return None,
        None => id,
    };
    let is_number = (1..=7).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit());
    is_number.then(|| format!("GO:{number:0>7}"))
}

/// The accession of a protein without the name of the database, the version and the isoform, in
/// upper case, to compare names that are written in different forms: `P12345` for
/// `sp|P12345|NAME_HUMAN`, `UniProtKB:P12345`, `P12345.2`, `P12345-2` and `p12345`.
#[must_use]
pub fn bare_accession(name: &str) -> String {
    let name = trim_invisible(name);
    let name = match name.split('|').collect::<Vec<_>>()[..] {
        ["sp" | "tr" | "SP" | "TR", accession, ..] => accession,
        // The forms of NCBI: a name of one's own, of another database, and of a sequence database.
        ["lcl", name] | ["gnl", _, name, ..] => name,
        ["gi", _, _, name, ..] | ["ref" | "gb" | "emb" | "dbj" | "pir" | "prf", name, ..] => name,
        _ => name,
    };
    let prefixes = ["UniProtKB:", "UniProt:", "uniprotkb:", "uniprot:"];
    let name = prefixes
        .into_iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    let without = |name: &str, separator: char| match name.rsplit_once(separator) {
        Some((entry, number))
            if is_database_accession(entry)
                && (1..=3).contains(&number.len())
                && number.bytes().all(|b| b.is_ascii_digit()) =>
        {
            entry.to_owned()
        }
        _ => name.to_owned(),
    };
    without(&without(name, '.'), '-').to_ascii_uppercase()
}

/// Whether a name has the form of an accession of UniProtKB or RefSeq, perhaps of an isoform: other
/// names, such as `contig.12` or `AT1G01010.1`, mean something by their last number.
fn is_database_accession(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let entry = name.split('-').next().unwrap_or("").as_bytes();
    let digit = |at: usize| entry.get(at).is_some_and(u8::is_ascii_digit);
    let uniprot = matches!(entry.len(), 6 | 10)
        && entry.iter().all(u8::is_ascii_alphanumeric)
        && entry[0].is_ascii_alphabetic()
        && digit(1)
        && digit(5)
        && digit(entry.len() - 1);
    let refseq = entry.len() > 6
        && entry[..2].iter().all(u8::is_ascii_uppercase)
        && entry[2] == b'_'
        && entry[3..].iter().all(u8::is_ascii_digit);
    uniprot || refseq
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_spelling_gives_the_usual_one() {
        for text in [
            "GO:0008150",
            "GO_0008150",
            "go:0008150",
            "go_0008150",
            "http://purl.obolibrary.org/obo/GO_0008150",
            "<http://purl.obolibrary.org/obo/GO_0008150>",
            "https://identifiers.org/GO:0008150",
            "0008150",
            "\u{feff}GO:0008150\u{a0}",
            " GO:0008150\u{200b}",
        ] {
            assert_eq!(canonical(text).as_deref(), Some("GO:0008150"), "{text:?}");
        }
        assert_eq!(canonical("FBbt:00000001").as_deref(), Some("FBbt:00000001"));
        for text in ["8150", "GO:8150", "GO_8150", "0008150"] {
            assert_eq!(padded(text).as_deref(), Some("GO:0008150"), "{text:?}");
        }
    }

    #[test]
    fn forms_of_an_accession_are_equal() {
        for name in [
            "P12345",
            "sp|P12345|X_HUMAN",
            "tr|P12345",
            "UniProtKB:P12345",
            "P12345.2",
            "P12345-2",
            "p12345",
            "lcl|P12345",
            "gnl|mine|P12345",
            "gi|1|ref|P12345.1|",
            "ref|P12345.2|",
        ] {
            assert_eq!(bare_accession(name), "P12345", "{name}");
        }
        for name in ["CONTIG-12", "AT1G01010.1", "GENE.2"] {
            assert_eq!(bare_accession(name), name);
        }
    }

    #[test]
    fn other_names_are_not_terms() {
        for text in [
            "",
            ":",
            "P12345",
            "UniProtKB:P12345",
            "taxon:9606",
            "PMID:12345678",
            "sp_1",
            "12345678",
            "GO:000815x",
            "term",
            "8150",
        ] {
            assert_eq!(canonical(text), None, "{text:?}");
        }
        for text in ["", "GO:", "HP:1", "12345678", "x"] {
            assert_eq!(padded(text), None, "{text:?}");
        }
    }
}
