//! The two ways of reading unusual files.

/// How an ontology, and the tables that are resolved in it, are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reading {
    /// As they are meant. In OBO, `default-namespace` holds for terms without a namespace,
    /// `is_obsolete: false` is not obsolete and `BFO:0000050` is `part_of`. In tables, a byte-order
    /// mark is not part of the first field, and `GO_0008150` is `GO:0008150`.
    #[default]
    Specification,
    /// As cafaeval 1.3.0 reads them: it knows none of these.
    Cafaeval,
}
