//! References that are too closely related to a query to suggest terms for it: those of some taxa
//! and clades, those of the same taxon as the query, and those of the same clade of a rank.
//!
//! It knows datasets, lineages and the contract. It must not know how a runner predicts. Messages
//! name the settings `exclude_taxa`, `exclude_clades`, `exclude_same_taxon` and `exclude_same_clade`,
//! which runners that use this module have.

use std::collections::HashSet;

use protea_contracts::{Attribute, RunnerError};

use crate::{dataset::FrozenDataset, formats::Lineages, neighbours::Labels};

/// Which references a runner leaves out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Exclusions<'s> {
    /// References of these NCBI taxa, without their descendants.
    pub taxa: &'s [u32],
    /// References of these NCBI taxa and of all taxa below them. Needs lineages.
    pub clades: &'s [u32],
    /// For each query, references of the same taxon.
    pub same_taxon: bool,
    /// For each query, references of the same clade of this rank, such as `genus`. Needs lineages. A
    /// protein whose taxon has no ancestor of the rank has no clade; with `same_taxon`, its taxon
    /// counts instead.
    pub same_clade: Option<&'s str>,
}

impl Exclusions<'_> {
    /// The taxa whose references are left out for every query.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] if the dataset lacks the taxa or lineages that this needs.
    pub fn excluded_taxa(&self, references: &FrozenDataset) -> Result<HashSet<u32>, RunnerError> {
        let mut excluded: HashSet<u32> = self.taxa.iter().copied().collect();
        if !self.taxa.is_empty() {
            check_taxa(references, "exclude_taxa")?;
        }
        if self.clades.is_empty() {
            return Ok(excluded);
        }
        let lineages = lineages(references, "exclude_clades")?;
        let taxa: HashSet<u32> = (0..references.len())
            .filter_map(|protein| references.taxon(protein))
            .collect();
        let is_excluded = |taxon: &u32| {
            let mut clades = self.clades.iter();
            clades.any(|&clade| lineages.is_within(*taxon, clade))
        };
        excluded.extend(taxa.into_iter().filter(is_excluded));
        Ok(excluded)
    }

    /// Which references are left out for which query; `None` if that is the same for all.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] if a dataset lacks taxa or lineages; [`RunnerError::InvalidSpec`]
    /// for a rank that no taxon has.
    pub fn relatives(
        &self,
        references: &FrozenDataset,
        queries: &FrozenDataset,
    ) -> Result<Option<Relatives>, RunnerError> {
        match self.same_clade {
            Some(rank) => self.by_clade(rank, references, queries).map(Some),
            None if self.same_taxon => {
                check_taxa(queries, "exclude_same_taxon")?;
                check_taxa(references, "exclude_same_taxon")?;
                Ok(Some(Relatives {
                    queries: labels(queries, Some),
                    references: labels(references, Some),
                }))
            }
            None => Ok(None),
        }
    }

    fn by_clade(
        &self,
        rank: &str,
        references: &FrozenDataset,
        queries: &FrozenDataset,
    ) -> Result<Relatives, RunnerError> {
        let own = lineages(references, "exclude_same_clade")?;
        check_taxa(queries, "exclude_same_clade")?;
        let lineages = completed(own, queries)?;
        if !lineages.ranks().iter().any(|name| name == rank) {
            return Err(RunnerError::invalid_spec(
                "/exclude_same_clade",
                format!(
                    "no taxon has an ancestor of the rank {rank:?}; the ranks of the lineages are {}",
                    lineages.ranks().join(", ")
                ),
            ));
        }
        let clade = |taxon| {
            let clade = lineages.ancestor_of_rank(taxon, rank);
            clade.or(self.same_taxon.then_some(taxon))
        };
        Ok(Relatives {
            queries: labels(queries, clade),
            references: labels(references, clade),
        })
    }
}

/// The labels of proteins: their taxon or their clade. A reference with the label of a query is not
/// its neighbour, unless the label is [`Labels::NONE`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relatives {
    queries: Vec<u32>,
    references: Vec<u32>,
}

impl Relatives {
    /// By reference, its label.
    #[must_use]
    pub fn of_references(&self) -> &[u32] {
        &self.references
    }

    /// The labels of these queries, in their order.
    ///
    /// # Panics
    ///
    /// If a query is not in the dataset that the labels were made for.
    #[must_use]
    pub fn of_queries(&self, queries: impl IntoIterator<Item = usize>) -> Vec<u32> {
        queries
            .into_iter()
            .map(|query| self.queries[query])
            .collect()
    }
}

/// The label of each protein, by its taxon.
fn labels(dataset: &FrozenDataset, of_taxon: impl Fn(u32) -> Option<u32>) -> Vec<u32> {
    (0..dataset.len())
        .map(|protein| dataset.taxon(protein).and_then(&of_taxon))
        .map(|label| label.unwrap_or(Labels::NONE))
        .collect()
}

/// Checks that some proteins of a dataset have a taxon.
///
/// # Errors
///
/// [`RunnerError::Dataset`] with the remedy if none has one. `setting` is what needs them.
pub fn check_taxa(dataset: &FrozenDataset, setting: &str) -> Result<(), RunnerError> {
    if (0..dataset.len()).any(|protein| dataset.taxon(protein).is_some()) {
        return Ok(());
    }
    Err(RunnerError::Dataset {
        message: format!(
            "{setting} is set, but {} has no taxa; freeze it with `--taxonomy T.tsv` or from a FASTA file with OX=, or omit {setting}",
            dataset.directory().display()
        ),
    })
}

/// The lineages of a dataset, which a setting needs.
///
/// # Errors
///
/// [`RunnerError::Dataset`] with the remedy if it has none or they cannot be read.
pub fn lineages<'d>(
    dataset: &'d FrozenDataset,
    setting: &str,
) -> Result<&'d Lineages, RunnerError> {
    let found = dataset.lineages().or_dataset("reading the lineages")?;
    found.ok_or_else(|| RunnerError::Dataset {
        message: format!(
            "{setting} is set, but {} has no lineages of taxa; freeze it with `--lineages nodes.dmp`, or omit {setting}",
            dataset.directory().display()
        ),
    })
}

/// The lineages of the references, completed by those of the queries; `None` if the references have
/// none.
///
/// # Errors
///
/// [`RunnerError::Dataset`] if they cannot be read.
pub fn common_lineages(
    references: &FrozenDataset,
    queries: &FrozenDataset,
) -> Result<Option<Lineages>, RunnerError> {
    let own = references.lineages().or_dataset("reading the lineages")?;
    own.map(|own| completed(own, queries)).transpose()
}

fn completed(own: &Lineages, queries: &FrozenDataset) -> Result<Lineages, RunnerError> {
    let others = queries.lineages().or_dataset("reading the lineages")?;
    Ok(match others {
        Some(others) => own.completed_by(others),
        None => own.clone(),
    })
}
