//! The annotations of a file, of all its proteins: what information accretion is computed from.

use std::{collections::HashMap, path::PathBuf};

use protea_formats::{AnnotationReader, FormatError, OnDefect, Wanted};
use protea_ontology::Ontology;
use serde::Serialize;

use super::{
    FreezeProgress, FreezeRequest, FreezeStep, Tally, Watch, annotations::Annotations,
    report_progress,
};
use crate::{DatasetError, evidence::Evidence};

/// Number of rows between two reports of progress.
const REPORT_EVERY: u64 = 65_536;

/// Which annotations of a file to read.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CorpusRequest {
    /// The annotations, in a format of [`FreezeRequest::annotations`].
    pub annotations: PathBuf,
    /// The ontology that the terms are looked up in, for messages.
    pub ontology: PathBuf,
    /// The evidence codes that count. Default: any.
    pub evidence: Evidence,
    /// What to do with damaged rows. Default: an error.
    pub on_defect: OnDefect,
}

impl CorpusRequest {
    /// All annotations of a file; damaged rows are an error.
    pub fn new(annotations: impl Into<PathBuf>, ontology: impl Into<PathBuf>) -> Self {
        Self {
            annotations: annotations.into(),
            ontology: ontology.into(),
            evidence: Evidence::Any,
            on_defect: OnDefect::Stop,
        }
    }
}

/// The annotations of all proteins of a file, by the rules of [`freeze`](super::freeze): without rows
/// with `NOT` and what contradicts them, without `ND`, without unknown terms.
#[derive(Debug, Serialize)]
#[non_exhaustive]
pub struct Corpus {
    #[serde(skip)]
    pairs: Vec<(String, String)>,
    /// Number of rows of annotations read.
    pub read: u64,
    /// Annotations skipped because their evidence code does not count.
    pub other_evidence: u64,
    /// Annotations skipped because the ontology does not have their term or it is obsolete; the
    /// examples are terms.
    pub unknown_terms: Tally,
    /// Of the unknown terms, those that are obsolete; the examples name what replaces them.
    pub obsolete_terms: Tally,
    /// Annotations with an obsolete term that was replaced; the examples are `old -> new`.
    pub mapped_terms: Tally,
    /// Annotations with a term that is written in another form, such as `GO_0008150`.
    pub respelled_terms: Tally,
    /// Rows with the qualifier `NOT`.
    pub negated: u64,
    /// Annotations skipped because the protein has `NOT` for their term or for one of its
    /// ancestors; the examples are accessions and terms.
    pub contradicted: Tally,
    /// Rows skipped because their evidence is `ND` (no data).
    pub no_data: u64,
    /// Damaged rows that were left out; the examples name line and problem.
    pub damaged_rows: Tally,
}

impl Corpus {
    /// Reads the annotations. The file is read twice: first for the accessions.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Input`] if the file cannot be read or has no annotation;
    /// [`DatasetError::NoSuchEvidence`] or [`DatasetError::NoKnownTerm`] if no annotation counts;
    /// [`DatasetError::Cancelled`] if `progress` returned `Break`.
    pub fn read(
        request: &CorpusRequest,
        ontology: &Ontology,
        progress: &mut Watch<'_>,
    ) -> Result<Self, DatasetError> {
        let index = accessions(request, progress)?;
        let mut accessions: Vec<&str> = vec![""; index.len()];
        for (accession, &row) in &index {
            accessions[row as usize] = accession;
        }
        let mut freeze =
            FreezeRequest::new("", "corpus", &request.ontology, "", &request.annotations);
        freeze.evidence = request.evidence.clone();
        freeze.on_defect = request.on_defect;
        let found = Annotations::read(&freeze, &index, ontology, progress)?;
        let owned = |(accession, term): (&str, &str)| (accession.to_owned(), term.to_owned());
        Ok(Self {
            pairs: found.pairs(&accessions).into_iter().map(owned).collect(),
            read: found.read,
            other_evidence: found.other_evidence,
            unknown_terms: found.unknown_terms,
            obsolete_terms: found.obsolete_terms,
            mapped_terms: found.mapped_terms,
            respelled_terms: found.respelled_terms,
            negated: found.skipped.negated,
            contradicted: found.contradicted,
            no_data: found.skipped.no_data,
            damaged_rows: (&found.damaged_rows).into(),
        })
    }

    /// Accession and term of each annotation. A pair with several kinds of evidence is repeated.
    #[must_use]
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        let pairs = self.pairs.iter();
        pairs
            .map(|(accession, term)| (accession.as_str(), term.as_str()))
            .collect()
    }
}

/// The proteins of a file of annotations.
fn accessions(
    request: &CorpusRequest,
    progress: &mut Watch<'_>,
) -> Result<HashMap<String, u32>, DatasetError> {
    let mut reader = AnnotationReader::open(&request.annotations)?;
    let wanted = Wanted {
        taxa: false,
        dates: false,
        on_defect: request.on_defect,
        ..Wanted::default()
    };
    let mut index: HashMap<String, u32> = HashMap::new();
    let mut read = 0_u64;
    while let Some(row) = reader.next_wanted(&wanted)? {
        if !index.contains_key(row.accession) {
            let next = index.len() as u32;
            index.insert(row.accession.to_owned(), next);
        }
        read += 1;
        if read.is_multiple_of(REPORT_EVERY) {
            let step = FreezeStep::Prepare;
            let total = None;
            report_progress(
                progress,
                FreezeProgress {
                    step,
                    done: read,
                    total,
                },
            )?;
        }
    }
    if index.is_empty() {
        return Err(DatasetError::Input(FormatError::Empty {
            path: request.annotations.clone(),
            expected: "annotation of a term that a protein has",
        }));
    }
    Ok(index)
}
