//! The reference set: which protein is in which index, with which terms.

use std::{borrow::Cow, collections::HashSet, ops::Range, sync::OnceLock};

use half::{f16, slice::HalfFloatSliceExt};
use protea_cafa::{
    assessment::{embedding_rows_of, open_ontology},
    dataset::FrozenDataset,
    formats::Lineages,
    neighbours::{RowBlock, Values},
    ontology::{Ontology, Term},
    propagated::PropagatedTerms,
    relatives::common_lineages,
};
use protea_contracts::prelude::*;

use crate::{
    evidence::{self, TermEvidence},
    spec::KnnSpec,
};

/// The proteins whose annotations are transferred.
pub(crate) struct References<'d> {
    pub(crate) dataset: &'d FrozenDataset,
    /// Those that can be neighbours. All, unless the call is about a part of them.
    pub(crate) rows: Range<usize>,
    ontology: Ontology,
    /// Of the proteins in `rows`.
    terms: PropagatedTerms,
    /// The weight of each term's evidence, if the score needs it.
    evidence: Option<TermEvidence>,
    /// Taxa whose proteins are not references.
    excluded_taxa: HashSet<u32>,
    /// The lineages of references and queries, once they are needed.
    lineages: OnceLock<Option<Lineages>>,
}

/// Which references a call is about.
pub(crate) enum Scope<'s> {
    /// All: their annotations and embeddings are read.
    All,
    /// Consecutive ones, in which neighbours are searched. Those of the others are not read.
    Rows(Range<usize>),
    /// Those whose bit is set in these words, which are the neighbours. Only their annotations are
    /// read, and no embeddings.
    Neighbours(&'s [u64]),
}

/// The assignment of references to indices.
pub(crate) struct Indices {
    /// By row of the references' `rows`; bit i is set if the reference is in index i.
    pub(crate) masks: Vec<u8>,
    /// By index, the namespaces of the ontology whose terms it transfers.
    pub(crate) namespaces: Vec<Vec<usize>>,
}

impl Indices {
    /// The indices without the assignment, to predict from neighbours that were found before.
    ///
    /// # Errors
    ///
    /// Those of [`References::indices`].
    pub(crate) fn of_neighbours(
        references: &References<'_>,
        per_aspect: bool,
    ) -> Result<Self, RunnerError> {
        Ok(Self {
            masks: Vec::new(),
            namespaces: references.namespaces(per_aspect)?,
        })
    }

    /// Whether an index transfers the terms of a namespace.
    pub(crate) fn transfers(&self, index: usize, namespace: usize) -> bool {
        self.namespaces[index].contains(&namespace)
    }
}

impl<'d> References<'d> {
    /// Reads the ontology, and the annotations that the spec allows to transfer.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when they cannot be read, an embedding is not finite, or the
    /// dataset lacks evidence codes or taxa that the spec needs.
    pub(crate) fn open(
        dataset: &'d FrozenDataset,
        spec: &KnnSpec,
        emit: &Emitter,
    ) -> Result<Self, RunnerError> {
        Self::open_some(dataset, &Scope::All, spec, emit)
    }

    /// As [`open`](Self::open), for some of the references.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub(crate) fn open_some(
        dataset: &'d FrozenDataset,
        scope: &Scope<'_>,
        spec: &KnnSpec,
        emit: &Emitter,
    ) -> Result<Self, RunnerError> {
        let rows = match scope {
            Scope::Rows(rows) => rows.clone(),
            Scope::All | Scope::Neighbours(_) => 0..dataset.len(),
        };
        if !matches!(scope, Scope::Neighbours(_)) {
            dataset
                .check_finite_rows(rows.clone())
                .or_dataset("checking the references' embeddings")?;
        }
        let first = rows.start;
        let is_in_scope = |protein: usize| match scope {
            Scope::All => true,
            Scope::Rows(rows) => rows.contains(&protein),
            Scope::Neighbours(bits) => bits[protein / 64] >> (protein % 64) & 1 == 1,
        };
        let ontology = open_ontology(dataset)?;
        let wanted = evidence::Filter::new(dataset, &spec.evidence)?;
        let transferred = || -> Result<_, RunnerError> {
            let annotations = dataset.annotations();
            let annotations = annotations.or_dataset("reading the references' annotations")?;
            Ok(annotations.filter(|row| is_in_scope(row.protein) && wanted.passes(row.evidence)))
        };
        let pairs = transferred()?.map(|row| (row.protein - first, row.term));
        let terms = if spec.propagate {
            PropagatedTerms::collect(rows.len(), pairs, &ontology)
        } else {
            PropagatedTerms::direct(rows.len(), pairs, &ontology)
        };
        // A search for neighbours in a part of the references scores nothing.
        let is_scored = !matches!(scope, Scope::Rows(_));
        let evidence = if is_scored && evidence::needs_evidence(spec) {
            let rows = transferred()?.map(|row| (row.protein, row.term, row.evidence));
            let terms_of = |reference| terms.terms(reference);
            let len = dataset.len();
            Some(TermEvidence::collect(spec, len, terms_of, rows, &ontology))
        } else {
            None
        };
        if terms.unknown() > 0 {
            emit.warning(
                "runner.knn.unknown_terms",
                &format!(
                    "ignored {} annotations of the references with terms that are not in the ontology",
                    terms.unknown()
                ),
                &json!({ "annotations": terms.unknown() }),
            );
        }
        Ok(Self {
            dataset,
            rows,
            ontology,
            terms,
            evidence,
            excluded_taxa: spec.exclusions().excluded_taxa(dataset)?,
            lineages: OnceLock::new(),
        })
    }

    /// The lineages of the references and of the queries, which are those of one call; `None` if the
    /// references have none.
    pub(crate) fn lineages(&self, queries: &FrozenDataset) -> Option<&Lineages> {
        // `check_signals` has read both before.
        let common = || common_lineages(self.dataset, queries).ok().flatten();
        self.lineages.get_or_init(common).as_ref()
    }

    /// The ontology of the reference set.
    pub(crate) fn ontology(&self) -> &Ontology {
        &self.ontology
    }

    /// The terms of a reference in ascending order; with all ancestors if the spec propagates.
    pub(crate) fn terms(&self, reference: usize) -> &[Term] {
        self.terms.terms(reference - self.rows.start)
    }

    /// The weight of the evidence of each term of a reference, in the order of
    /// [`terms`](Self::terms); `None` if the spec does not need evidence.
    pub(crate) fn evidence(&self, reference: usize) -> Option<&[f64]> {
        Some(self.evidence.as_ref()?.weights(reference))
    }

    fn is_excluded(&self, reference: usize) -> bool {
        let taxon = self.dataset.taxon(reference);
        taxon.is_some_and(|taxon| self.excluded_taxa.contains(&taxon))
    }

    /// Assigns the references to one index per aspect, or to one for all.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when the ontology has more than 8 namespaces: a mask has 8 bits.
    pub(crate) fn indices(&self, per_aspect: bool) -> Result<Indices, RunnerError> {
        let namespaces = self.namespaces(per_aspect)?;
        let masks = self
            .rows
            .clone()
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
        Ok(Indices { masks, namespaces })
    }

    /// By index, the namespaces whose terms it transfers.
    fn namespaces(&self, per_aspect: bool) -> Result<Vec<Vec<usize>>, RunnerError> {
        let namespaces: Vec<usize> = (0..self.ontology.namespaces().len()).collect();
        let by_index: Vec<Vec<usize>> = if per_aspect {
            namespaces
                .into_iter()
                .map(|namespace| vec![namespace])
                .collect()
        } else {
            vec![namespaces]
        };
        if by_index.len() > 8 {
            return Err(RunnerError::Dataset {
                message: format!(
                    "the ontology of {} has {} namespaces; set per_aspect to false for more than 8",
                    self.dataset.directory().display(),
                    by_index.len()
                ),
            });
        }
        Ok(by_index)
    }
}

/// The embeddings of a dataset in half precision: borrowed, or rounded in memory.
pub(crate) struct HalfRows<'d> {
    blocks: Vec<(usize, usize, Cow<'d, [f16]>)>,
}

impl<'d> HalfRows<'d> {
    /// Rounds the embeddings of these proteins of a dataset, which are numbered from 0 afterwards.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when it has none, or a value exceeds half precision.
    pub(crate) fn new(
        dataset: &'d FrozenDataset,
        proteins: &Range<usize>,
    ) -> Result<Self, RunnerError> {
        let rounded = embedding_rows_of(dataset, proteins)?.into_iter().map(|block| {
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
                    let row = proteins.start
                        + block.first_row
                        + at / (values.len() / block.rows);
                    Err(RunnerError::Dataset {
                        message: format!(
                            "the embedding of {} in {} has a value beyond half precision (65,504); omit float16",
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

    /// The rows in the form that the search needs.
    pub(crate) fn rows(&self) -> Vec<RowBlock<'_>> {
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
