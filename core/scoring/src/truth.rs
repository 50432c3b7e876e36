//! The ground truth: the proteins and their terms.

use std::{collections::HashMap, path::Path};

use protea_ontology::{Ontology, Reading, Term, spelling::bare_accession};

use crate::{
    error::ScoringError,
    lines::{Lines, columns, is_header, is_quoted, is_remark},
    namespace_truth::{NONE, NamespaceTruth},
    reading::{Block, parse_blocks, respelled_list},
    report::SkippedLines,
};

/// A list of terms of a protein up to this length is not searched for repeated terms.
const REPEATS_ALLOWED: usize = 1024;

/// The annotations of the proteins of a benchmark, propagated to the roots.
///
/// A protein is in a namespace if it has at least one known term there, even if that is the root.
/// Proteins keep the order of their first annotation. Annotations with an unknown or obsolete term
/// are skipped and counted in [`GroundTruth::skipped`].
#[derive(Clone, Debug)]
pub struct GroundTruth<'o> {
    pub(super) name: String,
    pub(super) ontology: &'o Ontology,
    pub(super) proteins: HashMap<Box<[u8]>, u32>,
    pub(super) namespaces: Vec<NamespaceTruth>,
    skipped: SkippedLines,
}

impl<'o> GroundTruth<'o> {
    /// Reads a table `accession term …`, plain or compressed. Columns are separated by white space.
    /// Further columns are ignored. A header is skipped because its "term" is not in the ontology.
    ///
    /// # Errors
    ///
    /// [`ScoringError::Read`], [`ScoringError::Directory`] or [`ScoringError::LineTooLong`] if the
    /// file cannot be read as a table; [`ScoringError::EmptyGroundTruth`] if no line has a known
    /// term.
    pub fn read(
        path: impl AsRef<Path>,
        ontology: &'o Ontology,
    ) -> Result<GroundTruth<'o>, ScoringError> {
        Self::read_as("ground truth", path.as_ref(), ontology)
    }

    /// Reads the annotations that were known before the predictions were made, from a table of the
    /// same format; see [`PartialKnowledge`](crate::PartialKnowledge).
    ///
    /// # Errors
    ///
    /// The errors of [`read`](Self::read).
    pub fn read_known(
        path: impl AsRef<Path>,
        ontology: &'o Ontology,
    ) -> Result<GroundTruth<'o>, ScoringError> {
        Self::read_as("known annotations", path.as_ref(), ontology)
    }

    fn read_as(
        input: &'static str,
        path: &Path,
        ontology: &'o Ontology,
    ) -> Result<GroundTruth<'o>, ScoringError> {
        let mut builder = Builder::new(ontology);
        // Blocks are parsed in parallel. Proteins are numbered in the order of the file.
        let marks = parse_blocks(
            path,
            input,
            ontology.reading(),
            |block| Parsed::new(block, ontology),
            |_, parsed| {
                parsed.add_to(&mut builder);
                Ok(())
            },
        )?;
        builder.skipped.mark(marks);
        builder.finish(input, &path.display().to_string())
    }

    /// Creates a ground truth from pairs of accession and term. Error messages use `name`.
    ///
    /// # Errors
    ///
    /// [`ScoringError::EmptyGroundTruth`] if no pair has a known term.
    pub fn from_annotations<A: AsRef<str>, T: AsRef<str>>(
        ontology: &'o Ontology,
        name: &str,
        annotations: impl IntoIterator<Item = (A, T)>,
    ) -> Result<GroundTruth<'o>, ScoringError> {
        let mut builder = Builder::new(ontology);
        for (accession, term) in annotations {
            builder.skipped.lines += 1;
            let terms = ontology.resolve(term.as_ref());
            if terms.is_empty() {
                builder
                    .skipped
                    .add_unknown_term(term.as_ref().as_bytes(), ontology);
            } else {
                builder.skipped.used += 1;
                builder.add(accession.as_ref().as_bytes(), terms);
            }
        }
        builder.finish("ground truth", name)
    }

    /// The name: the path of the file, or the name passed to
    /// [`from_annotations`](Self::from_annotations).
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ontology of its terms.
    #[must_use]
    pub fn ontology(&self) -> &'o Ontology {
        self.ontology
    }

    /// Number of proteins with at least one known term; at least 1.
    #[must_use]
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.proteins.len()
    }

    /// Whether the protein has at least one known term.
    #[must_use]
    pub fn contains(&self, accession: &str) -> bool {
        self.proteins.contains_key(accession.as_bytes())
    }

    /// Whether the protein has the term, annotated or through a descendant; `None` if the protein has
    /// no known term in the namespace of the term, so that nobody can say.
    #[must_use]
    pub fn is_true(&self, accession: &str, term: Term) -> Option<bool> {
        let &protein = self.proteins.get(accession.as_bytes())?;
        let at = self.ontology.namespace_of(term);
        let namespace = &self.namespaces[at];
        let row = namespace.row_of[protein as usize];
        let place = (term.index() - self.ontology.namespaces()[at].offset()) as u32;
        (row != NONE).then(|| {
            namespace
                .terms_of(row as usize)
                .binary_search(&place)
                .is_ok()
        })
    }

    /// The protein whose accession is `accession` in another form: `P12345` for
    /// `sp|P12345|NAME_HUMAN`, `UniProtKB:P12345`, `P12345.2` or `p12345`, and the reverse. With
    /// several such proteins it is the first by name.
    #[must_use]
    pub fn in_other_form(&self, accession: &str) -> Option<String> {
        let bare = bare_accession(accession);
        self.proteins
            .keys()
            .filter_map(|known| std::str::from_utf8(known).ok())
            .filter(|known| *known != accession && bare_accession(known) == bare)
            .min()
            .map(str::to_owned)
    }

    /// The first protein, by name.
    #[must_use]
    pub fn example(&self) -> String {
        let first = self.proteins.keys().min();
        first.map_or_else(String::new, |name| {
            String::from_utf8_lossy(name).into_owned()
        })
    }

    /// Number of proteins in a namespace, by the index of the namespace in the ontology.
    ///
    /// # Panics
    ///
    /// If the ontology has no such namespace.
    #[must_use]
    pub fn proteins_in(&self, namespace: usize) -> usize {
        self.namespaces[namespace].rows()
    }

    /// What was read and what was skipped.
    #[must_use]
    pub fn skipped(&self) -> &SkippedLines {
        &self.skipped
    }
}

/// Whether a column may be a term rather than an aspect or a score. Most are not.
fn may_be_term(column: &[u8]) -> bool {
    column.len() > 3 && column.contains(&b':')
}

/// A protein and, for each of its consecutive lines, the terms that the id on the line resolves to.
type Annotated<'o> = (Box<[u8]>, Vec<&'o [Term]>);

/// The annotations of one block with resolved terms.
struct Parsed<'o> {
    annotations: Vec<Annotated<'o>>,
    skipped: SkippedLines,
}

impl<'o> Parsed<'o> {
    fn new(block: Block<'_>, ontology: &'o Ontology) -> Parsed<'o> {
        let mut parsed = Parsed {
            annotations: Vec::new(),
            skipped: SkippedLines::default(),
        };
        let mapped = ontology.maps_obsolete();
        let mut may_be_header = block.is_first;
        for (_, line) in Lines::new(block.text) {
            let skipped = &mut parsed.skipped;
            let [accession, term, further] = columns(line, block.reading);
            if accession.is_empty() {
                continue;
            }
            skipped.lines += 1;
            if block.reading == Reading::Specification && is_remark(accession) {
                skipped.remarks += 1;
                continue;
            }
            skipped.quoted += u64::from(is_quoted(line, block.reading));
            let may_be_header = std::mem::take(&mut may_be_header);
            if term.is_empty() {
                skipped.add_short(line);
                continue;
            }
            let terms = ontology.resolve_bytes(term);
            if terms.is_empty() {
                if may_be_header && is_header(line) {
                    skipped.remarks += 1;
                    continue;
                }
                let Some(listed) = respelled_list(ontology, line, term) else {
                    skipped.add_unknown_term(term, ontology);
                    continue;
                };
                skipped.respelled_terms.add(term);
                skipped.used += 1;
                parsed.add(accession, listed);
                continue;
            }
            if may_be_term(further) && !ontology.resolve_bytes(further).is_empty() {
                skipped.further_terms.add(accession);
            }
            if mapped && ontology.is_mapped(term) {
                skipped.mapped_terms.add(term);
            }
            skipped.used += 1;
            parsed.add(accession, [terms]);
        }
        parsed
    }

    fn add(&mut self, accession: &[u8], terms: impl IntoIterator<Item = &'o [Term]>) {
        match self.annotations.last_mut() {
            Some((last, all)) if **last == *accession => all.extend(terms),
            _ => {
                let terms = terms.into_iter().collect();
                self.annotations.push((accession.into(), terms));
            }
        }
    }

    fn add_to(self, builder: &mut Builder<'_>) {
        builder.skipped.merge(self.skipped);
        for (accession, terms) in self.annotations {
            for terms in terms {
                builder.add(&accession, terms);
            }
        }
    }
}

struct Builder<'o> {
    ontology: &'o Ontology,
    proteins: HashMap<Box<[u8]>, u32>,
    /// The rows of each namespace so far.
    rows: Vec<Rows>,
    skipped: SkippedLines,
}

#[derive(Default)]
struct Rows {
    row_of: HashMap<u32, usize>,
    order: Vec<u32>,
    terms: Vec<Vec<Term>>,
}

impl<'o> Builder<'o> {
    fn new(ontology: &'o Ontology) -> Builder<'o> {
        Builder {
            ontology,
            proteins: HashMap::new(),
            rows: ontology
                .namespaces()
                .iter()
                .map(|_| Rows::default())
                .collect(),
            skipped: SkippedLines::default(),
        }
    }

    fn add(&mut self, accession: &[u8], terms: &[Term]) {
        let protein = match self.proteins.get(accession) {
            Some(&protein) => protein,
            None => {
                let next = self.proteins.len() as u32;
                self.proteins.insert(accession.into(), next);
                next
            }
        };
        for &term in terms {
            let rows = &mut self.rows[self.ontology.namespace_of(term)];
            let row = *rows.row_of.entry(protein).or_insert_with(|| {
                rows.order.push(protein);
                rows.terms.push(Vec::new());
                rows.order.len() - 1
            });
            let terms = &mut rows.terms[row];
            // A file may repeat a line very often. Before the list grows, repeated terms go.
            if terms.len() == terms.capacity() && terms.len() >= REPEATS_ALLOWED {
                terms.sort_unstable();
                terms.dedup();
                terms.reserve(terms.len().max(REPEATS_ALLOWED));
            }
            terms.push(term);
        }
    }

    fn finish(self, input: &'static str, name: &str) -> Result<GroundTruth<'o>, ScoringError> {
        if self.proteins.is_empty()
            && let Some(separator) = self.skipped.other_separator()
        {
            return Err(ScoringError::Separator {
                input,
                file: name.to_owned(),
                separator,
            });
        }
        if self.proteins.is_empty() {
            return Err(ScoringError::EmptyGroundTruth {
                input,
                file: name.to_owned(),
                lines: self.skipped.lines,
                examples: self.skipped.unknown_terms.sample(),
            });
        }
        let proteins = self.proteins.len();
        let namespaces = self
            .rows
            .into_iter()
            .zip(self.ontology.namespaces())
            .map(|(rows, namespace)| {
                let mut truth = NamespaceTruth {
                    row_of: vec![NONE; proteins],
                    offsets: vec![0],
                    terms: Vec::new(),
                };
                for (row, (&protein, terms)) in rows.order.iter().zip(&rows.terms).enumerate() {
                    truth.row_of[protein as usize] = row as u32;
                    let all = self.ontology.propagate(terms);
                    truth
                        .terms
                        .extend(all.iter().map(|t| (t.index() - namespace.offset()) as u32));
                    truth.offsets.push(truth.terms.len());
                }
                truth
            })
            .collect();
        Ok(GroundTruth {
            name: name.to_owned(),
            ontology: self.ontology,
            proteins: self.proteins,
            namespaces,
            skipped: self.skipped,
        })
    }
}
