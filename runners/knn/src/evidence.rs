//! The evidence of annotations: which ones are transferred, and how much each counts.

use std::collections::{BTreeSet, HashSet};

use protea_cafa::{
    dataset::FrozenDataset,
    ontology::{Ontology, Term},
};
use protea_contracts::prelude::*;

use crate::spec::{Formula, KnnSpec, Vote};

/// Stands for [`EXPERIMENTAL_CODES`] in a spec.
const EXPERIMENTAL: &str = "experimental";
/// The codes that CAFA accepts as experimental (N. Zhou et al., Genome Biology 20 (2019) 244), and
/// their high-throughput forms.
const EXPERIMENTAL_CODES: [&str; 13] = [
    "EXP", "IDA", "IPI", "IMP", "IGI", "IEP", "TAS", "IC", "HTP", "HDA", "HMP", "HGI", "HEP",
];

/// PROTEA's weights of evidence codes. Later versions of PROTEA weight IEA with 0.8.
const WEIGHTS: [(&str, f64); 26] = [
    ("EXP", 1.0),
    ("IDA", 1.0),
    ("IPI", 1.0),
    ("IMP", 1.0),
    ("IGI", 1.0),
    ("IEP", 1.0),
    ("HTP", 1.0),
    ("HDA", 1.0),
    ("HMP", 1.0),
    ("HGI", 1.0),
    ("HEP", 1.0),
    ("TAS", 1.0),
    ("IC", 1.0),
    ("ISS", 0.7),
    ("ISO", 0.7),
    ("ISA", 0.7),
    ("ISM", 0.7),
    ("IGC", 0.7),
    ("IBA", 0.7),
    ("IBD", 0.7),
    ("IKR", 0.7),
    ("IRD", 0.7),
    ("RCA", 0.7),
    ("NAS", 0.5),
    ("IEA", 0.3),
    ("ND", 0.1),
];
/// The weight of any other code, and of an annotation without a code.
const OTHER_WEIGHT: f64 = 0.5;

/// Passes annotations with some evidence codes.
pub(crate) struct Filter {
    /// `None` passes every annotation.
    codes: Option<HashSet<String>>,
}

impl Filter {
    /// A filter for the annotations of `dataset`. Without codes it passes all.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when no annotation of the dataset passes.
    pub(crate) fn new(dataset: &FrozenDataset, codes: &[String]) -> Result<Self, RunnerError> {
        if codes.is_empty() {
            return Ok(Self { codes: None });
        }
        let expanded = codes.iter().flat_map(|code| match code.as_str() {
            EXPERIMENTAL => EXPERIMENTAL_CODES.map(str::to_owned).to_vec(),
            code => vec![code.to_ascii_uppercase()],
        });
        let filter = Self {
            codes: Some(expanded.collect()),
        };
        let annotations = dataset
            .annotations()
            .or_dataset("reading the references' annotations")?;
        let mut present = BTreeSet::new();
        for row in annotations {
            if filter.passes(row.evidence) {
                return Ok(filter);
            }
            present.extend(row.evidence);
        }
        let path = dataset.directory().display();
        Err(RunnerError::Dataset {
            message: if present.is_empty() {
                format!(
                    "evidence is set, but the annotations of {path} have no evidence codes; freeze it from GAF, or omit evidence"
                )
            } else {
                format!(
                    "no annotation of {path} has one of the evidence codes {codes:?}; it has {}",
                    Vec::from_iter(present).join(", ")
                )
            },
        })
    }

    pub(crate) fn passes(&self, code: Option<&str>) -> bool {
        match (&self.codes, code) {
            (None, _) => true,
            (Some(codes), Some(code)) => codes.contains(&code.to_ascii_uppercase()),
            (Some(_), None) => false,
        }
    }
}

/// Whether the evidence of an annotation changes its score.
pub(crate) fn needs_evidence(spec: &KnnSpec) -> bool {
    spec.vote == Vote::Composite
        && (spec.weights.evidence_weight > 0.0 || spec.formula == Formula::EvidenceWeighted)
}

/// The weight of an evidence code, in [0, 1].
fn evidence_weight(spec: &KnnSpec, code: Option<&str>) -> f64 {
    let Some(code) = code.map(str::to_ascii_uppercase) else {
        return OTHER_WEIGHT;
    };
    let own = spec.evidence_weights.get(&code).copied();
    let listed = || WEIGHTS.iter().find(|(listed, _)| *listed == code);
    own.or_else(|| listed().map(|(_, weight)| *weight))
        .unwrap_or(OTHER_WEIGHT)
}

/// The weight of the evidence of each term of each reference.
pub(crate) struct TermEvidence {
    /// Index of the first weight of each reference, and the length of `weights`.
    offsets: Vec<usize>,
    weights: Vec<f64>,
}

impl TermEvidence {
    /// The best evidence of each term: its own, or that of a descendant if terms were propagated.
    /// `terms_of` gives the terms of a reference in ascending order; `annotations` are those that
    /// are transferred.
    pub(crate) fn collect<'t, 'a>(
        spec: &KnnSpec,
        references: usize,
        terms_of: impl Fn(usize) -> &'t [Term],
        annotations: impl Iterator<Item = (usize, &'a str, Option<&'a str>)>,
        ontology: &Ontology,
    ) -> Self {
        let ends = (0..references).scan(0, |end, reference| {
            *end += terms_of(reference).len();
            Some(*end)
        });
        let offsets: Vec<usize> = [0].into_iter().chain(ends).collect();
        let mut weights = vec![0.0; offsets.last().copied().unwrap_or(0)];
        for (reference, term, code) in annotations {
            let weight = evidence_weight(spec, code);
            let terms = terms_of(reference);
            let annotated = ontology.resolve(term);
            let with_ancestors = if spec.propagate && !annotated.is_empty() {
                ontology.propagate(annotated)
            } else {
                annotated.to_vec()
            };
            for term in with_ancestors {
                if let Ok(index) = terms.binary_search_by_key(&term.index(), |term| term.index()) {
                    let best = &mut weights[offsets[reference] + index];
                    *best = weight.max(*best);
                }
            }
        }
        Self { offsets, weights }
    }

    /// The weights of a reference, in the order of its terms.
    pub(crate) fn weights(&self, reference: usize) -> &[f64] {
        &self.weights[self.offsets[reference]..self.offsets[reference + 1]]
    }
}
