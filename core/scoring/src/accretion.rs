//! Information accretion: how much a term says, given its parents.

use std::fmt::Write as _;
use std::path::Path;

use protea_ontology::{Ontology, Term};

use super::atomic_file::write_atomically;
use super::error::ScoringError;
use super::lines::{Lines, columns, float};
use super::reading::parse_blocks;
use super::truth::GroundTruth;

/// The information accretion of every term of an ontology, in bits, at least 0.
///
/// `IA(t) = -log2 P(t | all parents of t)`, the weights of weighted Fmax and of Smin. W. Clark and P. Radivojac,
/// Bioinformatics 29 (2013) i53.
#[derive(Clone, Debug)]
pub struct InformationAccretion<'o> {
    ontology: &'o Ontology,
    /// By term; 0 where the file has none, NaN, an infinity or a negative value.
    values: Vec<f64>,
    unknown: usize,
}

impl<'o> InformationAccretion<'o> {
    /// Reads a file of two columns, term and value, without a header, plain or compressed, as the CAFA organisers' `ia.py` writes it.
    ///
    /// As in cafaeval, only primary ids count, the last of several lines for a term holds, and a term that is missing, NaN, infinite
    /// or not above 0 has no weight: it is left out of weighted scores. Empty lines are passed over.
    ///
    /// # Errors
    /// [`ScoringError::Read`], [`ScoringError::Directory`], [`ScoringError::MalformedAccretion`], [`ScoringError::EmptyAccretion`].
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
        };
        let mut known = 0;
        parse_blocks(
            path,
            "information accretion",
            |block| parse(block, ontology),
            |line, parsed| {
                let parsed = parsed.map_err(|(at, problem)| ScoringError::MalformedAccretion {
                    file: file.clone(),
                    line: line + at,
                    problem,
                })?;
                for entry in parsed {
                    match entry {
                        Some((term, value)) => {
                            known += 1;
                            accretion.values[term.index()] = weight(value);
                        }
                        None => accretion.unknown += 1,
                    }
                }
                Ok(())
            },
        )?;
        if known == 0 {
            return Err(ScoringError::EmptyAccretion { file });
        }
        Ok(accretion)
    }

    /// Computes it from annotations, as the organisers' `ia.py` does: `-log2((a + 1) / (b + 1))`, where `a` proteins have the term and `b`
    /// have all its parents (for a root: are in its namespace). The 1 keeps terms that no protein has finite.
    #[must_use]
    pub fn from_annotations(annotations: &GroundTruth<'o>) -> InformationAccretion<'o> {
        let ontology = annotations.ontology;
        let mut values = vec![0.0; ontology.len()];
        for (namespace, truth) in ontology.namespaces().iter().zip(&annotations.namespaces) {
            let mut having = vec![0u32; namespace.len()];
            let mut having_parents = vec![0u32; namespace.len()];
            let place = |term: Term| term.index() - namespace.offset();
            let roots: Vec<usize> = namespace.roots().iter().map(|&t| place(t)).collect();
            // Number of its parents that the protein at hand has, for the terms touched by it.
            let mut parents_had = vec![0u32; namespace.len()];
            let mut touched = Vec::new();
            for row in 0..truth.rows() {
                for &term in truth.terms_of(row) {
                    having[term as usize] += 1;
                    for &child in
                        ontology.children(Term::from_index(namespace.offset() + term as usize))
                    {
                        let had = &mut parents_had[place(child)];
                        if *had == 0 {
                            touched.push(child);
                        }
                        *had += 1;
                    }
                }
                for child in touched.drain(..) {
                    let had = std::mem::take(&mut parents_had[place(child)]);
                    having_parents[place(child)] +=
                        u32::from(had as usize == ontology.parents(child).len());
                }
            }
            for root in roots {
                having_parents[root] = truth.rows() as u32;
            }
            for (at, (&of, &all)) in having.iter().zip(&having_parents).enumerate() {
                values[namespace.offset() + at] = if of == all {
                    0.0
                } else {
                    -((f64::from(of) + 1.0) / (f64::from(all) + 1.0)).log2()
                };
            }
        }
        InformationAccretion {
            ontology,
            values,
            unknown: 0,
        }
    }

    /// The value of a term, in bits; 0 for one without weight.
    #[must_use]
    pub fn of(&self, term: Term) -> f64 {
        self.values[term.index()]
    }

    /// How many lines of the file had a term that is not in the ontology.
    #[must_use]
    pub fn unknown(&self) -> usize {
        self.unknown
    }

    /// Writes term and value of every term of the ontology, tab-separated, sorted by id.
    ///
    /// # Errors
    /// [`ScoringError::Write`]; then no file is left under that name.
    pub fn write(&self, path: impl AsRef<Path>) -> Result<(), ScoringError> {
        let mut lines: Vec<(&str, f64)> = self
            .ontology
            .terms()
            .map(|t| (self.ontology.id(t), self.of(t)))
            .collect();
        lines.sort_unstable_by_key(|&(id, _)| id);
        let mut text = String::new();
        for (id, value) in lines {
            writeln!(text, "{id}\t{value:?}").expect("a string takes everything");
        }
        write_atomically(path.as_ref(), text.as_bytes())
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

type Entries = Vec<Option<(Term, f64)>>;

fn parse(block: &[u8], ontology: &Ontology) -> Result<Entries, (u64, String)> {
    let mut entries = Vec::new();
    for (line, bytes) in Lines::new(block) {
        let [id, value, more] = columns(bytes);
        if id.is_empty() {
            continue;
        }
        if value.is_empty() || !more.is_empty() {
            return Err((line, "not two columns".to_owned()));
        }
        let Some(value) = float(value) else {
            return Err((
                line,
                format!("{:?} is no number", String::from_utf8_lossy(value)),
            ));
        };
        let primary = std::str::from_utf8(id)
            .ok()
            .and_then(|id| ontology.primary(id));
        entries.push(primary.map(|term| (term, value)));
    }
    Ok(entries)
}
