//! The reference set: who is in which index, and with which terms.

use std::borrow::Cow;

use half::{f16, slice::HalfFloatSliceExt};
use protea_cafa::{
    assessment::{embedding_rows, open_ontology},
    dataset::FrozenDataset,
    ontology::{Ontology, Term},
    propagated::PropagatedTerms,
};
use protea_contracts::prelude::*;

use crate::{
    composite::{self, TermEvidence},
    evidence,
    neighbours::{RowBlock, Values},
    spec::KnnSpec,
};

/// The proteins whose annotations are transferred.
pub struct References<'d> {
    /// The dataset that they are in.
    pub dataset: &'d FrozenDataset,
    ontology: Ontology,
    terms: PropagatedTerms,
    /// How much the evidence of each term is trusted, where the score goes by that.
    evidence: Option<TermEvidence>,
    /// Taxa whose proteins are no references.
    excluded_taxa: Vec<u32>,
}

/// Which references each index holds.
pub struct Indices {
    /// Bit i of a reference's mask: it is in index i.
    pub masks: Vec<u8>,
    /// For each index, the namespaces of the ontology whose terms it transfers.
    pub namespaces: Vec<Vec<usize>>,
}

impl Indices {
    /// Whether an index transfers the terms of a namespace.
    #[must_use]
    pub fn transfers(&self, index: usize, namespace: usize) -> bool {
        self.namespaces[index].contains(&namespace)
    }
}

impl<'d> References<'d> {
    /// Reads ontology and annotations of the reference set: those that the spec lets be transferred.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when they cannot be read, an embedding is not finite, or the dataset
    /// lacks what the spec goes by (evidence codes, taxa).
    pub fn open(
        dataset: &'d FrozenDataset,
        spec: &KnnSpec,
        emit: &Emitter,
    ) -> Result<Self, RunnerError> {
        dataset
            .check_finite()
            .or_dataset("checking the references' embeddings")?;
        let ontology = open_ontology(dataset)?;
        let wanted = evidence::Filter::new(dataset, &spec.evidence)?;
        let transferred = || -> Result<_, RunnerError> {
            let annotations = dataset.annotations();
            let annotations = annotations.or_dataset("reading the references' annotations")?;
            Ok(annotations.filter(|row| wanted.lets_through(row.evidence)))
        };
        let pairs = transferred()?.map(|row| (row.protein, row.term));
        let terms = match spec.propagate {
            true => PropagatedTerms::collect(dataset.len(), pairs, &ontology),
            false => PropagatedTerms::as_given(dataset.len(), pairs, &ontology),
        };
        let evidence = match composite::goes_by_evidence(spec) {
            true => {
                let rows = transferred()?.map(|row| (row.protein, row.term, row.evidence));
                let terms_of = |reference| terms.of(reference);
                let len = dataset.len();
                Some(TermEvidence::collect(spec, len, terms_of, rows, &ontology))
            }
            false => None,
        };
        if terms.unknown() > 0 {
            emit.warning(
                "runner.knn.unknown_terms",
                &format!(
                    "{} annotations of the references have terms unknown to the ontology and are not transferred",
                    terms.unknown()
                ),
                &json!({ "annotations": terms.unknown() }),
            );
        }
        if !spec.exclude_taxa.is_empty() {
            check_taxa(dataset, "exclude_taxa")?;
        }
        Ok(Self {
            dataset,
            ontology,
            terms,
            evidence,
            excluded_taxa: spec.exclude_taxa.clone(),
        })
    }

    /// The ontology of the reference set.
    #[must_use]
    pub fn ontology(&self) -> &Ontology {
        &self.ontology
    }

    /// The terms of a reference; with all their ancestors, if the spec wants them.
    #[must_use]
    pub fn terms(&self, reference: usize) -> &[Term] {
        self.terms.of(reference)
    }

    /// How much the evidence of each term of a reference is trusted, in the order of
    /// [`terms`](Self::terms); `None` where the spec does not go by evidence.
    #[must_use]
    pub fn evidence(&self, reference: usize) -> Option<&[f64]> {
        Some(self.evidence.as_ref()?.of(reference))
    }

    fn is_excluded(&self, reference: usize) -> bool {
        let taxon = self.dataset.taxon(reference);
        taxon.is_some_and(|taxon| self.excluded_taxa.contains(&taxon))
    }

    /// Sorts the references into one index per aspect, or into one for all.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when the ontology has more namespaces than there can be indices.
    pub fn indices(&self, per_aspect: bool) -> Result<Indices, RunnerError> {
        let namespaces: Vec<usize> = (0..self.ontology.namespaces().len()).collect();
        let of_index: Vec<Vec<usize>> = if per_aspect {
            namespaces
                .into_iter()
                .map(|namespace| vec![namespace])
                .collect()
        } else {
            vec![namespaces]
        };
        if of_index.len() > 8 {
            return Err(RunnerError::Dataset {
                message: format!(
                    "its ontology has {} namespaces; set per_aspect to false for more than 8",
                    of_index.len()
                ),
            });
        }
        let masks = (0..self.dataset.len())
            .map(|reference| {
                if self.is_excluded(reference) {
                    return 0;
                }
                self.terms(reference).iter().fold(0, |mask: u8, &term| {
                    let namespace = self.ontology.namespace_of(term);
                    mask | if per_aspect { 1 << namespace } else { 1 }
                })
            })
            .collect();
        Ok(Indices {
            masks,
            namespaces: of_index,
        })
    }
}

/// Checks that some proteins of a dataset have a taxon.
///
/// # Errors
///
/// [`RunnerError::Dataset`] with the remedy where none has one.
pub fn check_taxa(dataset: &FrozenDataset, setting: &str) -> Result<(), RunnerError> {
    if (0..dataset.len()).any(|protein| dataset.taxon(protein).is_some()) {
        return Ok(());
    }
    Err(RunnerError::Dataset {
        message: format!(
            "{setting} is set, but {} has no taxa; freeze it with `--taxonomy T.tsv` or from a FASTA file with OX=, or leave {setting} out",
            dataset.directory().display()
        ),
    })
}

/// Checks that some proteins of a dataset have a sequence.
///
/// # Errors
///
/// [`RunnerError::Dataset`] with the remedy where none has one.
pub fn check_sequences(dataset: &FrozenDataset, setting: &str) -> Result<(), RunnerError> {
    if (0..dataset.len()).any(|protein| dataset.sequence(protein).is_some()) {
        return Ok(());
    }
    Err(RunnerError::Dataset {
        message: format!(
            "{setting} is set, but {} has no sequences; freeze it from a FASTA file with sequences (`--fasta`), or leave {setting} out",
            dataset.directory().display()
        ),
    })
}

/// The embeddings of a dataset in half precision: where they are, or rounded in memory.
pub struct HalfRows<'d> {
    blocks: Vec<(usize, usize, Cow<'d, [f16]>)>,
}

impl<'d> HalfRows<'d> {
    /// Rounds the embeddings of a dataset.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when it has none, or one is beyond what half precision can hold.
    pub fn of(dataset: &'d FrozenDataset) -> Result<Self, RunnerError> {
        let rounded = embedding_rows(dataset)?.into_iter().map(|block| {
            let values = match block.values {
                Values::F16(values) => Cow::Borrowed(values),
                Values::F32(values) => {
                    let mut rounded = vec![f16::ZERO; values.len()];
                    rounded.convert_from_f32_slice(values);
                    Cow::Owned(rounded)
                }
            };
            match values.iter().position(|value| !value.is_finite()) {
                None => Ok((block.first_row, block.rows, values)),
                Some(at) => {
                    let row = block.first_row + at / (values.len() / block.rows);
                    Err(RunnerError::Dataset {
                        message: format!(
                            "the embedding of {} in {} has a value beyond half precision (65,504); leave float16 out",
                            dataset.accession(row),
                            dataset.directory().display()
                        ),
                    })
                }
            }
        });
        Ok(Self {
            blocks: rounded.collect::<Result<_, _>>()?,
        })
    }

    /// As the search takes them.
    #[must_use]
    pub fn rows(&self) -> Vec<RowBlock<'_>> {
        self.blocks
            .iter()
            .map(|(first_row, rows, values)| RowBlock {
                first_row: *first_row,
                rows: *rows,
                values: Values::F16(values),
            })
            .collect()
    }
}
