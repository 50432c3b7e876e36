//! Annotations that came or went.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::progress::tell;
use crate::{Annotation, DatasetError, FrozenDataset};
use protea_ontology::Aspect;

/// What differs in the annotations. One is the same as another if protein, term, aspect and evidence are.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AnnotationDiff {
    /// How many came and went, by aspect and evidence; with those of proteins that only one dataset has.
    pub counts: Vec<AnnotationCount>,
    /// Those that only the other has, of proteins that both have: accession, term, aspect, evidence.
    pub added: Vec<Listed>,
    /// Those that only the one has, of proteins that both have.
    pub removed: Vec<Listed>,
}

type Listed = (String, String, Option<&'static str>, Option<String>);

/// How many annotations of an aspect and a kind of evidence came and went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnnotationCount {
    /// The aspect, if it is known.
    pub aspect: Option<&'static str>,
    /// The evidence code, if there is one.
    pub evidence: Option<String>,
    /// How many only the other dataset has.
    pub added: u64,
    /// How many only the one has.
    pub removed: u64,
}

/// What an annotation says of its protein.
type Said<'a> = (&'a str, Option<Aspect>, Option<&'a str>);
type Counts = BTreeMap<(Option<Aspect>, Option<String>), [u64; 2]>;

pub(super) fn compare(
    from: &FrozenDataset,
    to: &FrozenDataset,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<AnnotationDiff, DatasetError> {
    let (ours, theirs) = (from.annotations_by_protein()?, to.annotations_by_protein()?);
    let mut found = AnnotationDiff::default();
    let mut counts = Counts::new();
    let mut count = |said: Said<'_>, side: usize| {
        let evidence = said.2.map(str::to_owned);
        counts.entry((said.1, evidence)).or_default()[side] += 1;
    };
    for protein in 0..from.len() {
        tell(watch, protein, from.len())?;
        let accession = from.accession(protein);
        let before = sorted(ours.of(protein));
        let Some(other) = to.index_of(accession) else {
            before.into_iter().for_each(|said| count(said, 1));
            continue;
        };
        let after = sorted(theirs.of(other));
        let only = |of: &[Said<'_>], said: &Said<'_>| of.binary_search(said).is_err();
        for &said in before.iter().filter(|said| only(&after, said)) {
            count(said, 1);
            found.removed.push(listed(accession, said));
        }
        for &said in after.iter().filter(|said| only(&before, said)) {
            count(said, 0);
            found.added.push(listed(accession, said));
        }
    }
    for protein in 0..to.len() {
        if from.index_of(to.accession(protein)).is_none() {
            let new = sorted(theirs.of(protein));
            new.into_iter().for_each(|said| count(said, 0));
        }
    }
    let counted = counts.into_iter();
    found.counts = counted
        .map(|((aspect, evidence), [added, removed])| AnnotationCount {
            aspect: aspect.map(Aspect::name),
            evidence,
            added,
            removed,
        })
        .collect();
    Ok(found)
}

fn sorted<'a>(annotations: impl Iterator<Item = Annotation<'a>>) -> Vec<Said<'a>> {
    let mut said: Vec<Said<'a>> = annotations
        .map(|row| (row.term, row.aspect, row.evidence))
        .collect();
    said.sort_unstable();
    said.dedup();
    said
}

fn listed(accession: &str, (term, aspect, evidence): Said<'_>) -> Listed {
    (
        accession.to_owned(),
        term.to_owned(),
        aspect.map(Aspect::name),
        evidence.map(str::to_owned),
    )
}
