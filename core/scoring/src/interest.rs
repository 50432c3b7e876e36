//! The terms of interest of an evaluation.

use std::path::Path;

use protea_ontology::{Ontology, Term};

use crate::{
    error::ScoringError,
    lines::{Lines, columns, is_header, is_remark, other_separator},
    reading::{Block, parse_blocks, respelled},
    report::SkippedNames,
};

/// The terms of interest of a benchmark. Other terms are ignored in the predictions and in the
/// ground truth.
///
/// CAFA uses such a list to exclude terms that were added to the ontology after the predictions
/// were collected, or removed since.
#[derive(Clone, Debug)]
pub struct TermsOfInterest<'o> {
    name: String,
    ontology: &'o Ontology,
    /// Whether each term of the ontology is in the list.
    listed: Vec<bool>,
    unknown: SkippedNames,
}

impl<'o> TermsOfInterest<'o> {
    /// Reads a list of terms, plain or compressed. The first column of every line is a primary or
    /// an alternative id. An alternative id in several namespaces selects its terms in all of them.
    /// Unknown and obsolete terms are skipped and counted.
    ///
    /// # Errors
    ///
    /// [`ScoringError::Read`], [`ScoringError::Directory`] or [`ScoringError::LineTooLong`] if the
    /// file cannot be read as a table; [`ScoringError::NoTermOfInterest`] if no line has a known
    /// term.
    pub fn read(
        path: impl AsRef<Path>,
        ontology: &'o Ontology,
    ) -> Result<TermsOfInterest<'o>, ScoringError> {
        let path = path.as_ref();
        let mut terms = TermsOfInterest {
            name: path.display().to_string(),
            ontology,
            listed: vec![false; ontology.len()],
            unknown: SkippedNames::default(),
        };
        let parse = |block: Block<'_>| {
            let (mut known, mut unknown): (Vec<Term>, _) = (Vec::new(), SkippedNames::default());
            let mut may_be_header = block.is_first;
            for (_, line) in Lines::new(block.text) {
                let [id] = columns(line, block.reading);
                if id.is_empty() || is_remark(id) {
                    continue;
                }
                let may_be_header = std::mem::take(&mut may_be_header);
                let mut found = ontology.resolve_in_each(id);
                if found.is_empty() {
                    match respelled(ontology, id) {
                        Some(id) => found = ontology.resolve_in_each(id.as_bytes()),
                        None if may_be_header && is_header(line) => continue,
                        None => unknown.add(id),
                    }
                }
                known.extend_from_slice(&found);
            }
            (known, unknown)
        };
        let reading = ontology.reading();
        parse_blocks(
            path,
            "terms of interest",
            reading,
            parse,
            |_, (known, unknown)| {
                for term in known {
                    terms.listed[term.index()] = true;
                }
                terms.unknown.merge(unknown);
                Ok(())
            },
        )?;
        let first = terms.unknown.examples.first();
        if terms.is_empty()
            && let Some(separator) = first.and_then(|line| other_separator(line.as_bytes()))
        {
            return Err(ScoringError::Separator {
                input: "terms of interest",
                file: terms.name,
                separator,
            });
        }
        if terms.is_empty() {
            return Err(ScoringError::NoTermOfInterest {
                examples: terms.unknown.sample(),
                file: terms.name,
            });
        }
        Ok(terms)
    }

    /// The path of the file.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the term is in the list.
    #[must_use]
    pub fn contains(&self, term: Term) -> bool {
        self.listed[term.index()]
    }

    /// Number of terms; at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        self.listed.iter().filter(|listed| **listed).count()
    }

    /// Whether the list has no term. Always false, because [`read`](Self::read) refuses a list
    /// without a known term.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.listed.contains(&true)
    }

    /// Ids of the list that are not in the ontology or are obsolete.
    #[must_use]
    pub fn unknown(&self) -> &SkippedNames {
        &self.unknown
    }

    pub(super) fn belongs_to(&self, ontology: &Ontology) -> bool {
        std::ptr::eq(self.ontology, ontology)
    }
}
