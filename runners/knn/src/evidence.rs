//! Which annotations are transferred, by their evidence.

use std::collections::{BTreeSet, HashSet};

use protea_cafa::dataset::FrozenDataset;
use protea_contracts::prelude::*;

/// Stands for [`EXPERIMENTAL_CODES`] in a spec.
pub const EXPERIMENTAL: &str = "experimental";
/// What CAFA takes for experimental evidence: N. Zhou et al., Genome Biology 20 (2019) 244; and its
/// high-throughput forms.
pub const EXPERIMENTAL_CODES: [&str; 13] = [
    "EXP", "IDA", "IPI", "IMP", "IGI", "IEP", "TAS", "IC", "HTP", "HDA", "HMP", "HGI", "HEP",
];

/// Lets annotations with some evidence codes through.
pub(crate) struct Filter {
    /// Every code is let through where there are none.
    codes: Option<HashSet<String>>,
}

impl Filter {
    /// A filter for the annotations of `dataset`. No code stands for all.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when no annotation of the dataset gets through.
    pub(crate) fn new(dataset: &FrozenDataset, codes: &[String]) -> Result<Self, RunnerError> {
        if codes.is_empty() {
            return Ok(Self { codes: None });
        }
        let spelt_out = codes.iter().flat_map(|code| match code.as_str() {
            EXPERIMENTAL => EXPERIMENTAL_CODES.map(str::to_owned).to_vec(),
            code => vec![code.to_ascii_uppercase()],
        });
        let filter = Self {
            codes: Some(spelt_out.collect()),
        };
        let annotations = dataset
            .annotations()
            .or_dataset("reading the references' annotations")?;
        let mut present = BTreeSet::new();
        for row in annotations {
            if filter.lets_through(row.evidence) {
                return Ok(filter);
            }
            present.extend(row.evidence);
        }
        let path = dataset.directory().display();
        Err(RunnerError::Dataset {
            message: if present.is_empty() {
                format!(
                    "evidence is set, but the annotations of {path} have no evidence codes; freeze it from GAF, or leave evidence out"
                )
            } else {
                format!(
                    "no annotation of {path} has one of the evidence codes {codes:?}; it has {}",
                    Vec::from_iter(present).join(", ")
                )
            },
        })
    }

    pub(crate) fn lets_through(&self, code: Option<&str>) -> bool {
        match (&self.codes, code) {
            (None, _) => true,
            (Some(codes), Some(code)) => codes.contains(&code.to_ascii_uppercase()),
            (Some(_), None) => false,
        }
    }
}
