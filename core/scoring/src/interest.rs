//! The terms that an evaluation is about.

use std::path::Path;

use protea_ontology::{Ontology, Term};

use super::error::ScoringError;
use super::lines::{Lines, columns};
use super::reading::parse_blocks;
use super::report::Tally;

/// The terms of interest of a benchmark: predictions of other terms count for nothing, and neither does other ground truth.
///
/// CAFA leaves out so what came into the ontology after the predictions were collected, or has gone since.
#[derive(Clone, Debug)]
pub struct TermsOfInterest<'o> {
    name: String,
    ontology: &'o Ontology,
    /// By term.
    listed: Vec<bool>,
    unknown: Tally,
}

impl<'o> TermsOfInterest<'o> {
    /// Reads a list of terms, plain or gzipped: the first column of every line, by primary or alternative id. An id that is an
    /// alternative one in several namespaces stands for its terms in all of them. Unknown and obsolete terms are counted.
    ///
    /// # Errors
    /// [`ScoringError::Read`], [`ScoringError::Directory`], [`ScoringError::LineTooLong`];
    /// [`ScoringError::NoTermOfInterest`] if no line has a known term.
    pub fn read(
        path: impl AsRef<Path>,
        ontology: &'o Ontology,
    ) -> Result<TermsOfInterest<'o>, ScoringError> {
        let path = path.as_ref();
        let mut terms = TermsOfInterest {
            name: path.display().to_string(),
            ontology,
            listed: vec![false; ontology.len()],
            unknown: Tally::default(),
        };
        let parse = |block: &[u8]| {
            let (mut known, mut unknown): (Vec<Term>, _) = (Vec::new(), Tally::default());
            for (_, line) in Lines::new(block) {
                let [id] = columns(line);
                if id.is_empty() {
                    continue;
                }
                let found = ontology.resolve_in_each(id);
                if found.is_empty() {
                    unknown.add(id);
                }
                known.extend_from_slice(&found);
            }
            (known, unknown)
        };
        parse_blocks(path, "terms of interest", parse, |_, (known, unknown)| {
            for term in known {
                terms.listed[term.index()] = true;
            }
            terms.unknown.merge(unknown);
            Ok(())
        })?;
        if terms.is_empty() {
            return Err(ScoringError::NoTermOfInterest {
                examples: terms.unknown.sample(),
                file: terms.name,
            });
        }
        Ok(terms)
    }

    /// Its name: the file it was read from.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the term is one of them.
    #[must_use]
    pub fn contains(&self, term: Term) -> bool {
        self.listed[term.index()]
    }

    /// Number of terms; at least 1.
    #[must_use]
    pub fn len(&self) -> usize {
        self.listed.iter().filter(|listed| **listed).count()
    }

    /// Never: a list without a known term is refused.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.listed.contains(&true)
    }

    /// Ids of the list that are not in the ontology, or obsolete there.
    #[must_use]
    pub fn unknown(&self) -> &Tally {
        &self.unknown
    }

    pub(super) fn belongs_to(&self, ontology: &Ontology) -> bool {
        std::ptr::eq(self.ontology, ontology)
    }
}
