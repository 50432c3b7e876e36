//! Finds proteins whose accession is written in another form.

use std::collections::HashMap;

use protea_ontology::spelling::bare_accession;

/// The proteins of a table whose accession is not bare: those that are written as
/// `UniProtKB:P12345`, `P12345.2` or `p12345`.
pub(super) struct OtherNames {
    /// The value by bare accession; `None` if several proteins with different values have it.
    unusual: HashMap<String, Option<u32>>,
}

impl OtherNames {
    pub(super) fn new(index: &HashMap<String, u32>) -> Self {
        let mut unusual: HashMap<String, Option<u32>> = HashMap::new();
        for (accession, &row) in index {
            if is_bare(accession) {
                continue;
            }
            let name = bare_accession(accession);
            if name != *accession {
                unusual
                    .entry(name)
                    .and_modify(|entry| *entry = entry.filter(|&other| other == row))
                    .or_insert(Some(row));
            }
        }
        Self { unusual }
    }

    /// The protein with this accession, or with the same in another form.
    pub(super) fn find(&self, index: &HashMap<String, u32>, accession: &str) -> Option<u32> {
        if let Some(&row) = index.get(accession) {
            return Some(row);
        }
        if is_bare(accession) && self.unusual.is_empty() {
            return None;
        }
        let bare = bare_accession(accession);
        match index.get(&bare) {
            Some(&row) => Some(row),
            None => self.unusual.get(&bare).copied().flatten(),
        }
    }
}

/// Whether an accession has no other form: it consists of upper-case letters and digits.
fn is_bare(accession: &str) -> bool {
    accession
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
