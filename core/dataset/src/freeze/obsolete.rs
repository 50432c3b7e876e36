//! What the ontology says about obsolete terms of annotations.

use protea_ontology::Replacement;

/// A term and what replaces it.
pub(super) fn described(term: &str, replacement: &Replacement) -> String {
    if !replacement.replaced_by.is_empty() {
        format!(
            "{term}, replaced by {}",
            replacement.replaced_by.join(" and ")
        )
    } else if !replacement.consider.is_empty() {
        format!("{term}, consider {}", replacement.consider.join(" or "))
    } else {
        format!("{term}, without a replacement")
    }
}
