//! Names of the files of a dataset, and the version of their layout.

/// Name of the manifest in the directory of a dataset.
pub const MANIFEST_FILE: &str = "dataset.json";
/// Version of the layout that this crate reads and writes.
pub const SCHEMA_VERSION: u64 = 1;

pub(crate) const ONTOLOGY: &str = "ontology.obo";
pub(crate) const PROTEINS: &str = "proteins.arrow";
pub(crate) const ANNOTATIONS: &str = "annotations.arrow";
pub(crate) const INFORMATION_ACCRETION: &str = "ia.tsv";
/// Taxa with parents and ranks, in a dataset that was frozen with lineages.
pub(crate) const LINEAGES: &str = "lineages.tsv";
/// Appended to the name of a table of information accretion, for the file that says where it comes
/// from.
pub const PROVENANCE_SUFFIX: &str = ".provenance.json";
pub(crate) const KNOWN: &str = "known.tsv";
/// Annotations with the qualifier `NOT`, in a dataset that has any.
pub(crate) const NEGATED_ANNOTATIONS: &str = "negated_annotations.arrow";
