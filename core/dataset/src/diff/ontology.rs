//! Terms and relations that came, went or changed.

use serde::Serialize;

use crate::{DatasetError, FrozenDataset};
use protea_ontology::{Ontology, Term};

/// What differs in the ontologies, of what scores depend on, and of names.
#[derive(Debug, Clone, Default, Serialize)]
pub struct OntologyDiff {
    /// Whether the files differ at all; definitions, synonyms and other relations are not looked at.
    pub changed: bool,
    /// Their `data-version`.
    pub versions: [Option<String>; 2],
    /// Terms that only the other has, or that are obsolete in the one.
    pub added: Vec<String>,
    /// Terms of the one that are obsolete in the other.
    pub obsoleted: Vec<String>,
    /// Terms of the one whose id is an alternative id in the other.
    pub merged: Vec<Moved>,
    /// Terms of the one that the other does not have at all.
    pub removed: Vec<String>,
    /// Terms of both with another name.
    pub renamed: Vec<Renamed>,
    /// Terms of both that are in another namespace.
    pub other_namespace: Vec<String>,
    /// Terms of both with other parents by `is_a` and `part_of`.
    pub relations: Vec<Relations>,
}

/// A term whose id now stands for others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The term.
    pub term: String,
    /// What its id stands for.
    pub into: Vec<String>,
}

/// A term with another name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Renamed {
    /// The term.
    pub term: String,
    /// Its name in the one.
    pub from: String,
    /// Its name in the other.
    pub to: String,
}

/// A term with other parents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Relations {
    /// The term.
    pub term: String,
    /// Parents that only the other has.
    pub added: Vec<String>,
    /// Parents that only the one has.
    pub removed: Vec<String>,
}

pub(super) fn compare(
    from: &FrozenDataset,
    to: &FrozenDataset,
) -> Result<OntologyDiff, DatasetError> {
    let before = Ontology::read(from.ontology_path())?;
    let after = Ontology::read(to.ontology_path())?;
    let versions = [&before, &after].map(|of| of.version().map(str::to_owned));
    let mut found = OntologyDiff {
        changed: true,
        versions,
        ..OntologyDiff::default()
    };
    for term in before.terms() {
        let id = before.id(term);
        match after.primary(id) {
            Some(other) => found.term(id, (&before, term), (&after, other)),
            None => found.gone(id, &after),
        }
    }
    let new = after
        .terms()
        .filter(|term| before.primary(after.id(*term)).is_none());
    found.added = new.map(|term| after.id(term).to_owned()).collect();
    for list in [&mut found.added, &mut found.obsoleted, &mut found.removed] {
        list.sort_unstable();
    }
    Ok(found)
}

impl OntologyDiff {
    /// Compares a term of both.
    fn term(
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
        let namespace =
            |of: &Ontology, term| of.namespaces()[of.namespace_of(term)].name().to_owned();
        if namespace(before, term) != namespace(after, other) {
            self.other_namespace.push(id.to_owned());
        }
        let parents = |of: &Ontology, term| -> Vec<String> {
            let ids = of.parents(term).iter().map(|&parent| of.id(parent));
            let mut ids: Vec<String> = ids.map(str::to_owned).collect();
            ids.sort_unstable();
            ids
        };
        let (ours, theirs) = (parents(before, term), parents(after, other));
        if ours != theirs {
            let only = |of: &[String], other: &[String]| -> Vec<String> {
                let own = of.iter().filter(|id| !other.contains(id));
                own.cloned().collect()
            };
            self.relations.push(Relations {
                term: id.to_owned(),
                added: only(&theirs, &ours),
                removed: only(&ours, &theirs),
            });
        }
    }

    /// Says what became of a term that is none any more.
    fn gone(&mut self, id: &str, after: &Ontology) {
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
