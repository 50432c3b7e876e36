//! Compares annotations.

use std::{collections::BTreeMap, ops::ControlFlow};

use protea_ontology::Aspect;
use serde::Serialize;

use super::progress::report;
use crate::{Annotation, DatasetError, FrozenDataset};

/// Differences of the annotations. Two annotations are equal if protein, term, aspect and evidence
/// are.
#[derive(Debug, Clone, Default, Serialize)]
#[non_exhaustive]
pub struct AnnotationDiff {
    /// Numbers of added and removed annotations, by aspect and evidence, including those of
    /// proteins that only one dataset has.
    pub counts: Vec<AnnotationCount>,
    /// Annotations that only the second dataset has, of proteins in both: accession, term, aspect,
    /// evidence.
    pub added: Vec<Listed>,
    /// Annotations that only the first dataset has, of proteins in both.
    pub removed: Vec<Listed>,
}

type Listed = (String, String, Option<&'static str>, Option<String>);

/// Numbers of added and removed annotations of one aspect and evidence code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AnnotationCount {
    /// The aspect; `None` if it is unknown.
    pub aspect: Option<&'static str>,
    /// The evidence code; `None` if there is none.
    pub evidence: Option<String>,
    /// Annotations that only the second dataset has.
    pub added: u64,
    /// Annotations that only the first dataset has.
    pub removed: u64,
}

/// Term, aspect and evidence of an annotation.
type Key<'a> = (&'a str, Option<Aspect>, Option<&'a str>);
type Counts = BTreeMap<(Option<Aspect>, Option<String>), [u64; 2]>;

pub(super) fn compare(
    from: &FrozenDataset,
    to: &FrozenDataset,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<AnnotationDiff, DatasetError> {
    let (ours, theirs) = (from.annotations_by_protein()?, to.annotations_by_protein()?);
    let mut found = AnnotationDiff::default();
    let mut counts = Counts::new();
    let mut count = |key: Key<'_>, side: usize| {
        let evidence = key.2.map(str::to_owned);
        counts.entry((key.1, evidence)).or_default()[side] += 1;
    };
    for protein in 0..from.len() {
        report(watch, protein, from.len())?;
        let accession = from.accession(protein);
        let before = sorted(ours.annotations_of(protein));
        let Some(other) = to.index_of(accession) else {
            before.into_iter().for_each(|key| count(key, 1));
            continue;
        };
        let after = sorted(theirs.annotations_of(other));
        let is_missing = |keys: &[Key<'_>], key: &Key<'_>| keys.binary_search(key).is_err();
        for &key in before.iter().filter(|key| is_missing(&after, key)) {
            count(key, 1);
            found.removed.push(list_entry(accession, key));
        }
        for &key in after.iter().filter(|key| is_missing(&before, key)) {
            count(key, 0);
            found.added.push(list_entry(accession, key));
        }
    }
    for protein in 0..to.len() {
        if from.index_of(to.accession(protein)).is_none() {
            let new = sorted(theirs.annotations_of(protein));
            new.into_iter().for_each(|key| count(key, 0));
        }
    }
    found.counts = counts
        .into_iter()
        .map(|((aspect, evidence), [added, removed])| AnnotationCount {
            aspect: aspect.map(Aspect::name),
            evidence,
            added,
            removed,
        })
        .collect();
    Ok(found)
}

fn sorted<'a>(annotations: impl Iterator<Item = Annotation<'a>>) -> Vec<Key<'a>> {
    let mut keys: Vec<Key<'a>> = annotations
        .map(|row| (row.term, row.aspect, row.evidence))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn list_entry(accession: &str, (term, aspect, evidence): Key<'_>) -> Listed {
    (
        accession.to_owned(),
        term.to_owned(),
        aspect.map(Aspect::name),
        evidence.map(str::to_owned),
    )
}
