//! Information accretion: the information content of a term, given its parents.

use std::{fmt::Write as _, path::Path};

use protea_ontology::{Ontology, Reading, Term, text::TextMarks};

use crate::{
    atomic_file::write_atomically,
    error::ScoringError,
    lines::{Lines, columns, float, other_separator},
    reading::{Block, parse_blocks, respelled},
    report::SkippedNames,
    truth::GroundTruth,
};

/// The information accretion of every term of an ontology, in bits, at least 0.
///
/// `IA(t) = -log2 P(t | all parents of t)`. It is the weight of a term in weighted Fmax and Smin.
/// W. Clark and P. Radivojac, Bioinformatics 29 (2013) i53.
#[derive(Clone, Debug)]
pub struct InformationAccretion<'o> {
    ontology: &'o Ontology,
    /// The value of each term; 0 if the file has no value, a NaN, an infinity or a negative value.
    values: Vec<f64>,
    unknown: usize,
    respelled: SkippedNames,
    marks: TextMarks,
    /// For each term, whether the file has a value.
    given: Vec<bool>,
    invalid: u64,
    conflicting: SkippedNames,
}

impl<'o> InformationAccretion<'o> {
    /// Reads a file of two columns, term and value, plain or compressed. This is the format of `ia.py`
    /// of the CAFA organisers. Comments, which start with `#` or `!`, are skipped, unless the ontology
    /// is read as cafaeval reads it. A header is an error.
    ///
    /// As in cafaeval, only primary ids count, and the last of several lines for a term is used. A
    /// term whose value is missing, NaN, infinite or not above 0 has the weight 0 and does not
    /// count in weighted scores. Empty lines are skipped.
    ///
    /// # Errors
    ///
    /// [`ScoringError::Read`], [`ScoringError::Directory`] or [`ScoringError::LineTooLong`] if the
    /// file cannot be read as a table; [`ScoringError::MalformedAccretion`] if a line is not a term
    /// and a number; [`ScoringError::EmptyAccretion`] if no line has a term of the ontology.
    pub fn read(
        path: impl AsRef<Path>,
        ontology: &'o Ontology,
    ) -> Result<InformationAccretion<'o>, ScoringError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        let mut accretion = InformationAccretion {
            ontology,
            values: vec![0.0; ontology.len()],
            unknown: 0,
            respelled: SkippedNames::default(),
            marks: TextMarks::default(),
            given: vec![false; ontology.len()],
            invalid: 0,
            conflicting: SkippedNames::default(),
        };
        let mut known = 0;
        let marks = parse_blocks(
            path,
            "information accretion",
            ontology.reading(),
            |block| parse(block, ontology),
            |line, parsed| {
                let parsed = parsed.map_err(|(at, problem)| ScoringError::MalformedAccretion {
                    file: file.clone(),
                    line: line + at,
                    problem,
                })?;
                accretion.respelled.merge(parsed.respelled);
                for entry in parsed.entries {
                    match entry {
                        Some((term, value)) => {
                            known += 1;
                            let other = accretion.values[term.index()] != weight(value);
                            if accretion.given[term.index()] && other {
                                accretion.conflicting.add(ontology.id(term).as_bytes());
                            }
                            accretion.values[term.index()] = weight(value);
                            accretion.given[term.index()] = true;
                            accretion.invalid += u64::from(value < 0.0 || !value.is_finite());
                        }
                        None => accretion.unknown += 1,
                    }
                }
                Ok(())
            },
        )?;
        accretion.marks = marks;
        if known == 0 {
            return Err(ScoringError::EmptyAccretion { file });
        }
        Ok(accretion)
    }

    /// Computes the information accretion from annotations, like `ia.py` of the CAFA organisers:
    /// `-log2((a + 1) / (b + 1))`, where `a` is the number of proteins with the term and `b` the
    /// number of proteins with all its parents (for a root: all proteins in its namespace). Adding
    /// 1 keeps the value finite for terms that no protein has.
    #[must_use]
    pub fn from_annotations(annotations: &GroundTruth<'o>) -> InformationAccretion<'o> {
        let ontology = annotations.ontology;
        let mut values = vec![0.0; ontology.len()];
        for (namespace, truth) in ontology.namespaces().iter().zip(&annotations.namespaces) {
            let mut having = vec![0u32; namespace.len()];
            let mut having_parents = vec![0u32; namespace.len()];
            let place = |term: Term| term.index() - namespace.offset();
            let roots: Vec<usize> = namespace.roots().iter().map(|&t| place(t)).collect();
            // For each term, the number of its parents that the current protein has.
            let mut parents_had = vec![0u32; namespace.len()];
            let mut candidates = Vec::new();
            for row in 0..truth.rows() {
                for &term in truth.terms_of(row) {
                    having[term as usize] += 1;
                    for &child in
                        ontology.children(Term::from_index(namespace.offset() + term as usize))
                    {
                        let had = &mut parents_had[place(child)];
                        if *had == 0 {
                            candidates.push(child);
                        }
                        *had += 1;
                    }
                }
                for child in candidates.drain(..) {
                    let had = std::mem::take(&mut parents_had[place(child)]);
                    having_parents[place(child)] +=
                        u32::from(had as usize == ontology.parents(child).len());
                }
            }
            for root in roots {
                having_parents[root] = truth.rows() as u32;
            }
            for (at, (&with_term, &with_parents)) in having.iter().zip(&having_parents).enumerate()
            {
                values[namespace.offset() + at] = if with_term == with_parents {
                    0.0
                } else {
                    -((f64::from(with_term) + 1.0) / (f64::from(with_parents) + 1.0)).log2()
                };
            }
        }
        InformationAccretion {
            ontology,
            values,
            unknown: 0,
            respelled: SkippedNames::default(),
            marks: TextMarks::default(),
            given: vec![true; ontology.len()],
            invalid: 0,
            conflicting: SkippedNames::default(),
        }
    }

    /// The value of a term in bits; 0 for a term without a value.
    #[must_use]
    pub fn value(&self, term: Term) -> f64 {
        self.values[term.index()]
    }

    /// Number of lines of the file with a term that is not in the ontology.
    #[must_use]
    pub fn unknown(&self) -> usize {
        self.unknown
    }

    /// Terms of the file that were read although they are written in another form.
    #[must_use]
    pub fn respelled(&self) -> &SkippedNames {
        &self.respelled
    }

    /// Number of values that are negative, NaN or infinite. They count as 0.
    #[must_use]
    pub fn invalid(&self) -> u64 {
        self.invalid
    }

    /// Terms with several lines and different values. The last value is used, as in cafaeval.
    #[must_use]
    pub fn conflicting(&self) -> &SkippedNames {
        &self.conflicting
    }

    /// The terms of the ground truth without a line in the file, except for roots. They weigh 0, so
    /// they do not count in weighted scores.
    #[must_use]
    pub fn missing(&self, truth: &GroundTruth<'o>) -> Vec<&'o str> {
        let mut missing = Vec::new();
        for (namespace, truth) in self.ontology.namespaces().iter().zip(&truth.namespaces) {
            let mut seen = vec![false; namespace.len()];
            for &place in &truth.terms {
                let term = Term::from_index(namespace.offset() + place as usize);
                let new = !std::mem::replace(&mut seen[place as usize], true);
                if new && !self.given[term.index()] && !self.ontology.parents(term).is_empty() {
                    missing.push(self.ontology.id(term));
                }
            }
        }
        missing
    }

    /// What was removed from the text of the file.
    #[must_use]
    pub fn marks(&self) -> TextMarks {
        self.marks
    }

    /// The table as text: the id and the value of every term of the ontology, separated by a tab and
    /// sorted by id. Reading it gives the same values.
    #[must_use]
    pub fn table(&self) -> String {
        let mut lines: Vec<(&str, f64)> = self
            .ontology
            .terms()
            .map(|t| (self.ontology.id(t), self.value(t)))
            .collect();
        lines.sort_unstable_by_key(|&(id, _)| id);
        let mut text = String::new();
        for (id, value) in lines {
            writeln!(text, "{id}\t{value:?}").expect("writing to a string cannot fail");
        }
        text
    }

    /// Writes the [`table`](Self::table).
    ///
    /// # Errors
    ///
    /// [`ScoringError::Write`] if the file cannot be written. An existing file then stays
    /// unchanged.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), ScoringError> {
        write_atomically(path.as_ref(), self.table().as_bytes())
    }

    pub(super) fn belongs_to(&self, ontology: &Ontology) -> bool {
        std::ptr::eq(self.ontology, ontology)
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }
}

fn weight(value: f64) -> f64 {
    if value > 0.0 && value.is_finite() {
        value
    } else {
        0.0
    }
}

/// The lines of a block: the term, unless it is unknown, and the value.
#[derive(Default)]
struct Entries {
    entries: Vec<Option<(Term, f64)>>,
    respelled: SkippedNames,
}

fn not_a_number(value: &[u8]) -> String {
    format!("{:?} is not a number", String::from_utf8_lossy(value))
}

fn parse(block: Block<'_>, ontology: &Ontology) -> Result<Entries, (u64, String)> {
    let mut parsed = Entries::default();
    let as_meant = block.reading == Reading::Specification;
    for (line, bytes) in Lines::new(block.text) {
        let [id, value, more] = columns(bytes, block.reading);
        if id.is_empty() || (as_meant && matches!(id[0], b'#' | b'!')) {
            continue;
        }
        if value.is_empty() || !more.is_empty() {
            let separator = other_separator(bytes).map_or_else(String::new, |name| {
                format!(" separated by white space but {name}")
            });
            return Err((
                line,
                format!("the line does not have two columns{separator}"),
            ));
        }
        let Some(value) = float(value) else {
            return Err((line, not_a_number(value)));
        };
        let primary = |id: &str| ontology.primary(id);
        let mut term = std::str::from_utf8(id).ok().and_then(primary);
        if term.is_none() {
            term = respelled(ontology, id).and_then(|id| primary(&id));
            if term.is_some() {
                parsed.respelled.add(id);
            }
        }
        parsed.entries.push(term.map(|term| (term, value)));
    }
    Ok(parsed)
}
