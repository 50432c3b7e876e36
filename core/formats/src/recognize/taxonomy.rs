//! Recognises the files of NCBI's taxonomy, and tables of taxon and parent.

use super::{Content, ROWS};
use crate::accession::parse_taxon;

/// What a dump of NCBI's taxonomy is: `nodes.dmp`, `names.dmp`, `merged.dmp` or `delnodes.dmp`.
/// Their fields are separated by `|`, and every row ends with one.
pub(super) fn dump(lines: &[&str]) -> Option<Content> {
    let mut found = None;
    for line in lines.iter().take(ROWS) {
        let fields: Vec<&str> = line.trim_end().strip_suffix('|')?.split('|').collect();
        let fields: Vec<&str> = fields.into_iter().map(str::trim).collect();
        parse_taxon(fields[0])?;
        let content = match fields[..] {
            [_] => Content::DeletedTaxa,
            [_, other] if parse_taxon(other).is_some() => Content::MergedTaxa,
            [_, parent, rank, ..] if parse_taxon(parent).is_some() && !rank.is_empty() => {
                Content::Lineages
            }
            [_, _, _, class] if !class.is_empty() => Content::TaxonNames,
            _ => return None,
        };
        if *found.get_or_insert(content) != content {
            return None;
        }
    }
    found
}

/// Whether a row is a taxon, its parent and perhaps its rank.
pub(super) fn is_parent_row(row: &[String]) -> bool {
    let number = |field: &str| {
        let digits = field
            .strip_prefix("taxon:")
            .or_else(|| field.strip_prefix("NCBITaxon:"));
        parse_taxon(digits.unwrap_or(field)).is_some()
    };
    match row {
        [taxon, parent] => number(taxon) && (parent == "0" || number(parent)),
        [taxon, parent, rank] => {
            number(taxon)
                && (parent.is_empty() || parent == "0" || number(parent))
                && !rank.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first))
        }
        _ => false,
    }
}
