//! Finds proteins whose accession is written in another form.

use std::collections::HashMap;

use protea_ontology::spelling::bare_accession;

/// The proteins of a dataset by their bare accession: `P12345` for `UniProtKB:P12345`, `P12345.2`
/// and `p12345`.
pub(super) struct OtherNames {
    /// `None` for a bare accession of several proteins.
    bare: HashMap<String, Option<u32>>,
    /// Whether an accession of the dataset is not bare itself.
    unusual: bool,
}

impl OtherNames {
    pub(super) fn new(index: &HashMap<String, u32>) -> Self {
        let mut bare: HashMap<String, Option<u32>> = HashMap::with_capacity(index.len());
        let mut unusual = false;
        for (accession, &row) in index {
            let name = bare_accession(accession);
            unusual |= name != *accession;
            bare.entry(name)
                .and_modify(|entry| *entry = None)
                .or_insert(Some(row));
        }
        Self { bare, unusual }
    }

    /// The protein with this accession, or with the same in another form.
    pub(super) fn find(&self, index: &HashMap<String, u32>, accession: &str) -> Option<u32> {
        if let Some(&row) = index.get(accession) {
            return Some(row);
        }
        let is_bare = accession
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        if is_bare && !self.unusual {
            return None;
        }
        self.bare.get(&bare_accession(accession)).copied().flatten()
    }
}
