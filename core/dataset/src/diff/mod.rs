//! What differs between two frozen datasets.
//!
//! Files to which both manifests give the same SHA-256 are taken for equal and not read; [`FrozenDataset::verify`] says whether a
//! manifest is right. Everything else is compared by its content, protein by protein, so that a dataset with the same proteins in
//! another order differs in that alone. Sequences and embeddings are read from the maps, row by row; what is held is what differs.

mod accretion;
mod annotations;
mod manifest;
mod ontology;
mod progress;
mod proteins;

use std::ops::ControlFlow;
use std::path::PathBuf;

use serde::Serialize;

pub use accretion::AccretionDiff;
pub use annotations::{AnnotationCount, AnnotationDiff};
pub use manifest::FieldChange;
pub use ontology::{Moved, OntologyDiff, Relations, Renamed};
pub use proteins::{EmbeddingDiff, ProteinChange, ProteinDiff};

use super::error::DatasetError;
use super::frozen::FrozenDataset;
use super::names;

/// What differs between two datasets, from one to the other.
#[derive(Debug, Clone, Serialize)]
pub struct DatasetDiff {
    /// Whether nothing differs.
    pub same: bool,
    /// The one.
    pub from: Side,
    /// The other.
    pub to: Side,
    /// Fields of the manifests.
    pub manifest: Vec<FieldChange>,
    /// Proteins.
    pub proteins: ProteinDiff,
    /// Annotations.
    pub annotations: AnnotationDiff,
    /// Terms and relations.
    pub ontology: OntologyDiff,
    /// Information accretion.
    pub information_accretion: AccretionDiff,
}

/// A dataset that was compared.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    /// Where it is.
    pub directory: PathBuf,
    /// Its identity.
    pub sha256: String,
}

/// Compares two datasets. `watch` is told how many of the proteins were compared, and how many there are; it may end the work.
///
/// # Errors
/// [`DatasetError::Table`], [`DatasetError::Ontology`], [`DatasetError::Input`], [`DatasetError::Read`] if a file of one of them
/// cannot be used; [`DatasetError::Cancelled`].
pub fn diff(
    from: &FrozenDataset,
    to: &FrozenDataset,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<DatasetDiff, DatasetError> {
    let side = |dataset: &FrozenDataset| Side {
        directory: dataset.directory().to_owned(),
        sha256: dataset.sha256().to_owned(),
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
            file.map(|file| file.sha256.clone())
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
