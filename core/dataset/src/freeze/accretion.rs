//! The information accretion of a dataset that is frozen: computed, or a table with a record of where
//! it comes from.
//!
//! How it is computed is the caller's: this crate does not know scores.

use std::{error::Error, ffi::OsString, path::Path};

use protea_contracts::{FileDigest, Sha256, content::digest_bytes};
use protea_files::{FilesError, Links};
use protea_formats::AccretionFile;
use protea_ontology::{Ontology, Term};
use serde::Deserialize;

use super::Tally;
use crate::{DatasetError, Evidence, manifest::AccretionInfo, names, staging::write_new};

/// Computes the information accretion of the terms of an ontology from pairs of accession and term,
/// which may repeat. The last argument is the evidence by which they were selected.
pub type ComputeAccretion = fn(
    &Ontology,
    &[(&str, &str)],
    &Evidence,
) -> Result<AccretionTable, Box<dyn Error + Send + Sync>>;

/// A computed table of information accretion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccretionTable {
    /// A line for each term of the ontology: id and value in bits, separated by a tab, sorted by id,
    /// without a header.
    pub text: String,
    /// What it was computed from.
    pub info: AccretionInfo,
}

/// Largest record that is read, in bytes. A real one has less than 2 KiB.
const LARGEST_RECORD: u64 = 1 << 20;

/// The part of a record that is read.
#[derive(Deserialize)]
struct Record {
    /// SHA-256 of the table, decompressed.
    sha256: Sha256,
    #[serde(flatten)]
    info: AccretionInfo,
}

/// Computes the table and writes it to the dataset in `dir`.
pub(super) fn write(
    compute: ComputeAccretion,
    ontology: &Ontology,
    pairs: &[(&str, &str)],
    evidence: &Evidence,
    dir: &Path,
) -> Result<AccretionInfo, DatasetError> {
    let table =
        compute(ontology, pairs, evidence).map_err(|source| DatasetError::Accretion { source })?;
    write_new(&dir.join(names::INFORMATION_ACCRETION), table.text)?;
    Ok(table.info)
}

/// The rows of a table without anything else.
pub(super) fn text(file: &AccretionFile) -> String {
    let rows = file.rows.iter();
    rows.map(|(term, value)| format!("{term}\t{value:?}\n"))
        .collect()
}

/// How a table of information accretion fits the ontology.
#[derive(Default)]
pub(super) struct Given {
    /// For each term of the ontology, its value; empty if there is no table.
    values: Vec<Option<f64>>,
    /// Terms with several different values.
    pub(super) conflicting: Tally,
    pub(super) negative: Tally,
    /// Terms that are not in the ontology.
    pub(super) unknown: Tally,
}

impl Given {
    /// Compares the table at `path` with the ontology. As in the evaluator, only primary ids count.
    pub(super) fn new(
        file: &AccretionFile,
        path: &Path,
        ontology: &Ontology,
    ) -> Result<Self, DatasetError> {
        let mut given = Self {
            values: vec![None; ontology.len()],
            ..Self::default()
        };
        for (id, value) in &file.rows {
            let term = ontology
                .primary(id)
                .or_else(|| ontology.primary(&ontology.respell(id)?));
            let Some(term) = term else {
                given.unknown.add(id);
                continue;
            };
            let earlier = given.values[term.index()].replace(*value);
            if earlier.is_some_and(|earlier| earlier != *value) {
                given.conflicting.add(id);
            }
            if *value < 0.0 {
                given.negative.add(id);
            }
        }
        if given.unknown.count == file.rows.len() as u64 {
            return Err(DatasetError::UnknownAccretion {
                path: path.to_owned(),
                rows: given.unknown.count,
                examples: given.unknown.examples.into_iter().take(3).collect(),
                terms: ontology
                    .terms()
                    .take(3)
                    .map(|t| ontology.id(t).to_owned())
                    .collect(),
            });
        }
        Ok(given)
    }

    /// The annotated terms, and their ancestors, that have no value, except roots.
    pub(super) fn missing(&self, ontology: &Ontology, annotated: &[&str]) -> Tally {
        let mut missing = Tally::default();
        if self.values.is_empty() {
            return missing;
        }
        let annotated = annotated.iter().flat_map(|id| ontology.resolve(id));
        let annotated: Vec<Term> = annotated.copied().collect();
        for term in ontology.propagate(&annotated) {
            if self.values[term.index()].is_none() && !ontology.is_root(term) {
                missing.add(ontology.id(term));
            }
        }
        missing
    }
}

/// Where the table at `ia`, whose copy is in `dir`, comes from, as the file beside it records. The
/// error is why a record is not used.
pub(super) fn recorded(ia: &Path, dir: &Path) -> Result<Option<AccretionInfo>, String> {
    let mut path = OsString::from(ia);
    path.push(names::PROVENANCE_SUFFIX);
    let path = Path::new(&path);
    let unusable = |problem: String| format!("{}: {problem}", path.display());
    let bytes = match protea_files::read(path, Links::Follow, LARGEST_RECORD) {
        Ok(bytes) => bytes,
        Err(FilesError::TooLarge { limit, .. }) => {
            return Err(unusable(format!("it is larger than {limit} bytes")));
        }
        Err(error) => {
            let error = std::io::Error::from(error);
            if error.kind() == std::io::ErrorKind::NotFound {
                return Ok(None);
            }
            return Err(unusable(format!("it cannot be read ({error})")));
        }
    };
    let record: Record = serde_json::from_slice(&bytes).map_err(|error| {
        unusable(format!(
            "it is not the record of a table of information accretion ({error})"
        ))
    })?;
    let copy = FileDigest::of(dir, names::INFORMATION_ACCRETION)
        .map_err(|error| unusable(format!("the table cannot be read ({error})")))?;
    if copy.sha256 != record.sha256 {
        return Err(unusable(
            "it belongs to another table: the SHA-256 differs".to_owned(),
        ));
    }
    Ok(Some(record.info))
}

/// The hash of a corpus, as [`AccretionInfo::corpus_sha256`] defines it, and the numbers of its
/// proteins and annotations.
fn corpus_identity(pairs: &[(&str, &str)]) -> (Sha256, u64, u64) {
    let mut pairs = pairs.to_vec();
    pairs.sort_unstable();
    pairs.dedup();
    let mut text = String::new();
    let mut proteins = 0;
    let mut last = None;
    for &(accession, term) in &pairs {
        proteins += u64::from(last.replace(accession) != Some(accession));
        text.push_str(accession);
        text.push('\t');
        text.push_str(term);
        text.push('\n');
    }
    (digest_bytes(text.as_bytes()), proteins, pairs.len() as u64)
}

impl AccretionInfo {
    /// Describes a table that this version of protea computes from these annotations, which may
    /// repeat.
    #[must_use]
    pub fn new(ontology: &Ontology, pairs: &[(&str, &str)], evidence: &Evidence) -> Self {
        let (corpus_sha256, proteins, annotations) = corpus_identity(pairs);
        Self {
            ontology_version: ontology.version().map(str::to_owned),
            corpus_sha256,
            proteins,
            annotations,
            evidence: evidence.names(),
            protea_version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}
