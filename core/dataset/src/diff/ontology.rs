//! Compares ontologies.

use protea_ontology::{Ontology, Term};
use serde::Serialize;

use crate::{DatasetError, FrozenDataset};

/// Differences of the ontologies in names and in everything that affects scores.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct OntologyDiff {
    /// Whether the files differ. The other fields do not cover definitions, synonyms and other
    /// relations.
    pub changed: bool,
    /// The `data-version` of the first and the second ontology.
    pub versions: [Option<String>; 2],
    /// Terms that only the second ontology has, or that are obsolete in the first.
    pub added: Vec<String>,
    /// Terms of the first ontology that are obsolete in the second.
    pub obsoleted: Vec<String>,
    /// Terms of the first ontology whose id is an alternative id in the second.
    pub merged: Vec<Moved>,
    /// Terms of the first ontology that the second does not have at all.
    pub removed: Vec<String>,
    /// Terms of both with different names.
    pub renamed: Vec<Renamed>,
    /// Terms of both with different namespaces.
    pub other_namespace: Vec<String>,
    /// Terms of both with different parents by `is_a` and `part_of`.
    pub relations: Vec<Relations>,
}

/// A term whose id refers to other terms in the second ontology.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Moved {
    /// Id of the term.
    pub term: String,
    /// The terms that its id refers to.
    pub into: Vec<String>,
}

/// A term with different names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Renamed {
    /// Id of the term.
    pub term: String,
    /// Its name in the first ontology.
    pub from: String,
    /// Its name in the second ontology.
    pub to: String,
}

/// A term with different parents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Relations {
    /// Id of the term.
    pub term: String,
    /// Parents in the second ontology only.
    pub added: Vec<String>,
    /// Parents in the first ontology only.
    pub removed: Vec<String>,
}

pub(super) fn compare(
    from: &FrozenDataset,
    to: &FrozenDataset,
) -> Result<OntologyDiff, DatasetError> {
    let before = Ontology::read(from.ontology_path())?;
    let after = Ontology::read(to.ontology_path())?;
    let versions = [&before, &after].map(|ontology| ontology.version().map(str::to_owned));
    let mut found = OntologyDiff {
        changed: true,
        versions,
        ..OntologyDiff::default()
    };
    for term in before.terms() {
        let id = before.id(term);
        match after.primary(id) {
            Some(other) => found.compare_term(id, (&before, term), (&after, other)),
            None => found.record_removed(id, &after),
        }
    }
    found.added = after
        .terms()
        .map(|term| after.id(term))
        .filter(|id| before.primary(id).is_none())
        .map(str::to_owned)
        .collect();
    for list in [&mut found.added, &mut found.obsoleted, &mut found.removed] {
        list.sort_unstable();
    }
    Ok(found)
}

impl OntologyDiff {
    /// Compares a term of both ontologies.
    fn compare_term(
        &mut self,
        id: &str,
        (before, term): (&Ontology, Term),
        (after, other): (&Ontology, Term),
    ) {
        let names = [before.name(term), after.name(other)];
        if names[0] != names[1] {
            self.renamed.push(Renamed {
                term: id.to_owned(),
                from: names[0].to_owned(),
                to: names[1].to_owned(),
            });
        }
        let namespace = |ontology: &Ontology, term| {
            let namespace = &ontology.namespaces()[ontology.namespace_of(term)];
            namespace.name().to_owned()
        };
        if namespace(before, term) != namespace(after, other) {
            self.other_namespace.push(id.to_owned());
        }
        let parents = |ontology: &Ontology, term| -> Vec<String> {
            let mut ids: Vec<String> = ontology
                .parents(term)
                .iter()
                .map(|&parent| ontology.id(parent).to_owned())
                .collect();
            ids.sort_unstable();
            ids
        };
        let (ours, theirs) = (parents(before, term), parents(after, other));
        if ours != theirs {
            let missing_in = |other: &[String], ids: &[String]| -> Vec<String> {
                let missing = ids.iter().filter(|id| !other.contains(id));
                missing.cloned().collect()
            };
            self.relations.push(Relations {
                term: id.to_owned(),
                added: missing_in(&ours, &theirs),
                removed: missing_in(&theirs, &ours),
            });
        }
    }

    /// Records a term that is not a primary id in the second ontology: merged, obsolete or removed.
    fn record_removed(&mut self, id: &str, after: &Ontology) {
        let into = after.resolve(id);
        if !into.is_empty() {
            self.merged.push(Moved {
                term: id.to_owned(),
                into: into.iter().map(|&t| after.id(t).to_owned()).collect(),
            });
        } else if after.is_obsolete(id) {
            self.obsoleted.push(id.to_owned());
        } else {
            self.removed.push(id.to_owned());
        }
    }
}
