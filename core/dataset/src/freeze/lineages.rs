//! The lineages of a dataset that is frozen: those of its taxa, from the tree of all taxa.

use std::{
    collections::{BTreeSet, HashSet},
    path::Path,
};

use protea_formats::{NoLineage, read_lineages};
use serde::Serialize;

use super::tally::Tally;
use crate::{DatasetError, names, staging::write_new};

/// The lineages of the taxa of a dataset.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LineageReport {
    /// Number of taxa of the dataset that have a lineage.
    pub taxa: u64,
    /// Of these, taxa that were merged; the examples are `old -> new`.
    pub merged: Tally,
    /// Taxa of the dataset that NCBI deleted. They have no lineage.
    pub deleted: Tally,
    /// Taxa of the dataset that the file of lineages does not have. They have no lineage.
    pub unknown: Tally,
    /// Taxa that the file names as a parent, but that have no row; their ancestors are unknown. One
    /// root of a table of two columns is not counted.
    pub missing_parents: Tally,
}

/// Writes the lineages of these taxa to the dataset in `dir`.
pub(super) fn write(
    path: &Path,
    taxa: &HashSet<u32>,
    dir: &Path,
) -> Result<LineageReport, DatasetError> {
    let unusable = |problem: String| DatasetError::Lineages {
        path: path.to_owned(),
        problem,
    };
    if taxa.is_empty() {
        return Err(unusable(
            "no protein of the dataset has a taxon, so there are no lineages to record; give taxa, \
             or leave out the lineages"
                .to_owned(),
        ));
    }
    let lineages = read_lineages(path)?;
    let taxa: BTreeSet<u32> = taxa.iter().copied().collect();
    let mut report = LineageReport::default();
    for &taxon in &taxa {
        match lineages.current(taxon) {
            Ok(current) => {
                report.taxa += 1;
                if current != taxon {
                    report.merged.add(&format!("{taxon} -> {current}"));
                }
            }
            Err(NoLineage::Deleted) => report.deleted.add(&taxon.to_string()),
            Err(NoLineage::Unknown) => report.unknown.add(&taxon.to_string()),
        }
    }
    if report.taxa == 0 {
        let examples: Vec<String> = taxa.iter().take(3).map(u32::to_string).collect();
        return Err(unusable(format!(
            "none of the {} taxa of the dataset ({}{}) is in it; give the lineages of the same taxonomy",
            taxa.len(),
            examples.join(", "),
            if taxa.len() > examples.len() {
                ", …"
            } else {
                ""
            }
        )));
    }
    if let [_, _, ..] = lineages.implied_roots() {
        for root in lineages.implied_roots() {
            report.missing_parents.add(&root.to_string());
        }
    }
    write_new(&dir.join(names::LINEAGES), lineages.table(&taxa))?;
    Ok(report)
}
