//! Compares two frozen datasets.
//!
//! Files with the same SHA-256 in both manifests are not read; [`FrozenDataset::verify`] checks
//! whether a manifest is correct. Other files are compared by content, protein by protein, so a
//! different order of the proteins is reported only as such. Sequences and embeddings are read row
//! by row from the maps; only the differences are kept in memory.

mod accretion;
mod annotations;
mod manifest;
mod ontology;
mod progress;
mod proteins;

use std::{ops::ControlFlow, path::PathBuf};

use protea_contracts::Sha256;
use serde::Serialize;

use super::{error::DatasetError, frozen::FrozenDataset, names};

pub use accretion::AccretionDiff;
pub use annotations::{AnnotationCount, AnnotationDiff};
pub use manifest::FieldChange;
pub use ontology::{Moved, OntologyDiff, Relations, Renamed};
pub use proteins::{EmbeddingDiff, ProteinChange, ProteinDiff};

/// The differences between a first dataset (`from`) and a second one (`to`).
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct DatasetDiff {
    /// Whether the datasets are identical.
    pub same: bool,
    /// The first dataset.
    pub from: Side,
    /// The second dataset.
    pub to: Side,
    /// Fields of the manifests that differ.
    pub manifest: Vec<FieldChange>,
    /// Differences of the proteins.
    pub proteins: ProteinDiff,
    /// Differences of the annotations.
    pub annotations: AnnotationDiff,
    /// Differences of the terms and relations.
    pub ontology: OntologyDiff,
    /// Differences of the information accretion.
    pub information_accretion: AccretionDiff,
}

/// Identifies a dataset that was compared.
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct Side {
    /// Path of its directory.
    pub directory: PathBuf,
    /// Its identity: SHA-256 of `dataset.json`.
    pub sha256: Sha256,
}

/// Compares two datasets. Calls `watch` with the number of proteins compared and their total;
/// `Break` cancels the comparison.
///
/// # Errors
///
/// [`DatasetError::Table`], [`DatasetError::Ontology`], [`DatasetError::Input`] or
/// [`DatasetError::Read`] if a file of a dataset cannot be read; [`DatasetError::Cancelled`] if
/// `watch` returned `Break`.
pub fn diff(
    from: &FrozenDataset,
    to: &FrozenDataset,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<DatasetDiff, DatasetError> {
    let side = |dataset: &FrozenDataset| Side {
        directory: dataset.directory().to_owned(),
        sha256: dataset.sha256(),
    };
    let mut found = DatasetDiff {
        same: from.sha256() == to.sha256(),
        from: side(from),
        to: side(to),
        manifest: Vec::new(),
        proteins: ProteinDiff::default(),
        annotations: AnnotationDiff::default(),
        ontology: OntologyDiff::default(),
        information_accretion: AccretionDiff::default(),
    };
    if found.same {
        return Ok(found);
    }
    let differs = |name: &str| {
        let digest = |dataset: &FrozenDataset| {
            let file = dataset.manifest().file(name);
            file.map(|file| file.sha256)
        };
        digest(from) != digest(to)
    };
    found.manifest = manifest::compare(from.manifest(), to.manifest());
    if differs(names::PROTEINS) {
        found.proteins = proteins::compare(from, to, watch)?;
    }
    if differs(names::ANNOTATIONS) {
        found.annotations = annotations::compare(from, to, watch)?;
    }
    if differs(names::ONTOLOGY) {
        found.ontology = ontology::compare(from, to)?;
    }
    if differs(names::INFORMATION_ACCRETION) {
        found.information_accretion = accretion::compare(from, to)?;
    }
    Ok(found)
}
