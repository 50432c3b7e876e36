//! Maps classes of the Evidence and Conclusion Ontology (ECO) to the evidence codes of GO.
//!
//! The table inverts the published mapping
//! <http://purl.obolibrary.org/obo/eco/gaf-eco-mapping.txt>, which maps one code to several
//! classes, depending on the reference.

/// Class and code, sorted by class for binary search.
const CODES: [(&str, &str); 40] = [
    ("ECO:0000031", "ISS"),
    ("ECO:0000037", "NR"),
    ("ECO:0000084", "IGC"),
    ("ECO:0000201", "IEA"),
    ("ECO:0000203", "IEA"),
    ("ECO:0000245", "RCA"),
    ("ECO:0000247", "ISA"),
    ("ECO:0000249", "IEA"),
    ("ECO:0000250", "ISS"),
    ("ECO:0000255", "ISM"),
    ("ECO:0000256", "IEA"),
    ("ECO:0000259", "IEA"),
    ("ECO:0000265", "IEA"),
    ("ECO:0000266", "ISO"),
    ("ECO:0000269", "EXP"),
    ("ECO:0000270", "IEP"),
    ("ECO:0000303", "NAS"),
    ("ECO:0000304", "TAS"),
    ("ECO:0000305", "IC"),
    ("ECO:0000307", "ND"),
    ("ECO:0000314", "IDA"),
    ("ECO:0000315", "IMP"),
    ("ECO:0000316", "IGI"),
    ("ECO:0000317", "IGC"),
    ("ECO:0000318", "IBA"),
    ("ECO:0000319", "IBD"),
    ("ECO:0000320", "IKR"),
    ("ECO:0000321", "IRD"),
    ("ECO:0000322", "IEA"),
    ("ECO:0000323", "IEA"),
    ("ECO:0000353", "IPI"),
    ("ECO:0000363", "IEA"),
    ("ECO:0000366", "IEA"),
    ("ECO:0000501", "IEA"),
    ("ECO:0006056", "HTP"),
    ("ECO:0007001", "HMP"),
    ("ECO:0007003", "HGI"),
    ("ECO:0007005", "HDA"),
    ("ECO:0007007", "HEP"),
    ("ECO:0007669", "IEA"),
];

/// The evidence code of an ECO class, or the class itself if it has no code.
pub(super) fn from_eco(class: &str) -> &str {
    match CODES.binary_search_by_key(&class, |&(class, _)| class) {
        Ok(at) => CODES[at].1,
        Err(_) => class,
    }
}

/// A code of the table as a constant; empty for any other text.
pub(super) fn constant(code: &str) -> &'static str {
    CODES
        .iter()
        .find(|(_, known)| *known == code)
        .map_or("", |(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_knows_the_experimental_codes() {
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0));
        let found = ["ECO:0000269", "ECO:0000314", "ECO:0007005", "ECO:0000501"].map(from_eco);
        assert_eq!(found, ["EXP", "IDA", "HDA", "IEA"]);
        assert_eq!(from_eco("ECO:9999999"), "ECO:9999999");
    }
}
