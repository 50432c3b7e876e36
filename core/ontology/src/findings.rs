//! What a reader of an ontology left out or read otherwise than it is written.

use std::fmt;

/// The most examples of a finding.
const EXAMPLES: usize = 3;

/// A kind of [`Finding`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum FindingKind {
    /// Edges to a term that the file does not have, although other terms of its prefix are there.
    /// The file may be cut off.
    MissingParent,
    /// Edges to terms of other ontologies, which the file does not define.
    ForeignParent,
    /// Edges to obsolete terms.
    ObsoleteParent,
    /// Edges to alternative ids of terms.
    AlternativeParent,
    /// Edges to another namespace, such as a function that is part of a process.
    OtherNamespace,
    /// `is_a` or `relationship: part_of` without a term.
    EmptyEdge,
    /// Terms without a namespace, in a file without a default namespace that other terms have.
    NoNamespace,
    /// Terms without a namespace, which have the default namespace of the file.
    DefaultNamespace,
    /// Terms with `is_obsolete: false`, which are not obsolete.
    NotObsolete,
    /// `part_of` written as `BFO:0000050` or in another form, such as `PART_OF`.
    PartOfByNumber,
    /// Terms with a logical definition (`intersection_of`) that names a parent, but without `is_a` and
    /// `part_of`. They are roots in the graph.
    DefinitionOnly,
    /// Terms whose id is written in another form than `GO:0008150`.
    OtherSpelling,
    /// Names that are not UTF-8. They are read as Latin-1 and play no part in scores.
    NameEncoding,
    /// A byte-order mark before the first line.
    ByteOrderMark,
    /// `is_a` or `relationship` in another form, such as `IS_A`, and `part_of` as a tag, which are read
    /// as meant.
    TagSpelling,
    /// Tags that OBO does not define and that name a term: they may be misspelt edges.
    UnknownTag,
}

impl FindingKind {
    /// Whether something that may matter is not in the graph. Other findings are read as they are
    /// meant, or are usual in published files.
    #[must_use]
    pub fn is_warning(self) -> bool {
        matches!(
            self,
            Self::MissingParent
                | Self::EmptyEdge
                | Self::AlternativeParent
                | Self::DefinitionOnly
                | Self::OtherSpelling
                | Self::UnknownTag
        )
    }

    /// Whether cafaeval reads the same file otherwise.
    #[must_use]
    pub fn differs_from_cafaeval(self) -> bool {
        matches!(
            self,
            Self::DefaultNamespace | Self::NotObsolete | Self::PartOfByNumber | Self::TagSpelling
        )
    }
}

/// What was left out or read otherwise, how often, and up to three examples.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The kind.
    pub kind: FindingKind,
    /// How often.
    pub count: usize,
    /// Up to three different examples: ids of terms, edges `child -> parent`, or lines.
    pub examples: Vec<String>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.count;
        let (one, many) = match self.kind {
            FindingKind::MissingParent => (
                "edge leads to a term that is not in the file (is the file complete?) and is ignored",
                "edges lead to terms that are not in the file (is the file complete?) and are ignored",
            ),
            FindingKind::ForeignParent => (
                "edge leads to a term of another ontology and is ignored",
                "edges lead to terms of other ontologies and are ignored",
            ),
            FindingKind::ObsoleteParent => (
                "edge leads to an obsolete term and is ignored",
                "edges lead to obsolete terms and are ignored",
            ),
            FindingKind::AlternativeParent => (
                "edge leads to an alternative id and is ignored",
                "edges lead to alternative ids and are ignored",
            ),
            FindingKind::OtherNamespace => (
                "edge leads to another namespace and is ignored, as in CAFA",
                "edges lead to other namespaces and are ignored, as in CAFA",
            ),
            FindingKind::EmptyEdge => (
                "is_a or part_of names no term and is ignored",
                "is_a or part_of name no term and are ignored",
            ),
            FindingKind::NoNamespace => (
                "term has no namespace, and no default-namespace of other terms: it is ignored",
                "terms have no namespace, and no default-namespace of other terms: they are ignored",
            ),
            FindingKind::DefaultNamespace => (
                "term has no namespace and gets the default-namespace",
                "terms have no namespace and get the default-namespace",
            ),
            FindingKind::NotObsolete => (
                "term has 'is_obsolete: false' and is not obsolete",
                "terms have 'is_obsolete: false' and are not obsolete",
            ),
            FindingKind::PartOfByNumber => (
                "relationship BFO:0000050, or another form of part_of, is read as part_of",
                "relationships BFO:0000050, or another form of part_of, are read as part_of",
            ),
            FindingKind::DefinitionOnly => (
                "term has a logical definition (intersection_of) but no is_a, so it is a root: use a release with inferred is_a, such as go-basic.obo",
                "terms have a logical definition (intersection_of) but no is_a, so they are roots: use a release with inferred is_a, such as go-basic.obo",
            ),
            FindingKind::OtherSpelling => (
                "term has an id that is not written like GO:0008150, so annotations with the usual form do not match it",
                "terms have ids that are not written like GO:0008150, so annotations with the usual form do not match them",
            ),
            FindingKind::NameEncoding => (
                "name is not UTF-8 and is read as Latin-1",
                "names are not UTF-8 and are read as Latin-1",
            ),
            FindingKind::ByteOrderMark => (
                "byte-order mark before the first line is ignored",
                "byte-order marks are ignored",
            ),
            FindingKind::TagSpelling => (
                "tag is written in another form than is_a or relationship and is read as meant",
                "tags are written in another form than is_a or relationship and are read as meant",
            ),
            FindingKind::UnknownTag => (
                "tag that OBO does not define names a term and is ignored",
                "tags that OBO does not define name a term and are ignored",
            ),
        };
        write!(f, "{count} {}", if count == 1 { one } else { many })?;
        if !self.examples.is_empty() {
            let more = if count > self.examples.len() {
                ", …"
            } else {
                ""
            };
            write!(f, " ({}{more})", self.examples.join(", "))?;
        }
        Ok(())
    }
}

/// The findings of one file, ordered by kind.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub fn add(&mut self, kind: FindingKind, example: impl FnOnce() -> String) {
        let at = match self.0.binary_search_by_key(&kind, |finding| finding.kind) {
            Ok(at) => at,
            Err(at) => {
                let empty = Finding {
                    kind,
                    count: 0,
                    examples: Vec::new(),
                };
                self.0.insert(at, empty);
                at
            }
        };
        let finding = &mut self.0[at];
        finding.count += 1;
        if finding.examples.len() < EXAMPLES {
            let example = example();
            if !example.is_empty() && !finding.examples.contains(&example) {
                finding.examples.push(example);
            }
        }
    }

    pub fn all(&self) -> &[Finding] {
        &self.0
    }
}
