//! The references that are too closely related to a query to vote: those of its taxon, or of its
//! clade of a rank.

use protea_cafa::{dataset::FrozenDataset, neighbours::Labels};
use protea_contracts::prelude::*;

use crate::{
    checks::{check_taxa, common_lineages, lineages},
    spec::KnnSpec,
};

/// The labels of proteins. A reference with the label of a query is not its neighbour, unless that is
/// [`Labels::NONE`].
pub(crate) struct Relatives {
    /// By query.
    pub(crate) queries: Vec<u32>,
    /// By reference.
    pub(crate) references: Vec<u32>,
}

impl Relatives {
    /// The labels that the spec asks for, if it does.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] when a dataset lacks taxa or lineages; [`RunnerError::InvalidSpec`]
    /// for a rank that no taxon has.
    pub(crate) fn new(
        spec: &KnnSpec,
        references: &FrozenDataset,
        queries: &FrozenDataset,
    ) -> Result<Option<Self>, RunnerError> {
        match &spec.exclude_same_clade {
            Some(rank) => Self::by_clade(rank, spec.exclude_same_taxon, references, queries),
            None if spec.exclude_same_taxon => {
                check_taxa(queries, "exclude_same_taxon")?;
                check_taxa(references, "exclude_same_taxon")?;
                Ok(Some(Self {
                    queries: labels(queries, Some),
                    references: labels(references, Some),
                }))
            }
            None => Ok(None),
        }
    }

    fn by_clade(
        rank: &String,
        or_taxon: bool,
        references: &FrozenDataset,
        queries: &FrozenDataset,
    ) -> Result<Option<Self>, RunnerError> {
        lineages(references, "exclude_same_clade")?;
        check_taxa(queries, "exclude_same_clade")?;
        let Some(lineages) = common_lineages(references, queries)? else {
            return Ok(None);
        };
        if !lineages.ranks().contains(rank) {
            return Err(RunnerError::invalid_spec(
                "/exclude_same_clade",
                format!(
                    "no taxon has an ancestor of the rank {rank:?}; the ranks of the lineages are {}",
                    lineages.ranks().join(", ")
                ),
            ));
        }
        let clade = |taxon| {
            // A protein without such a clade still has its taxon.
            let clade = lineages.ancestor_of_rank(taxon, rank);
            clade.or(or_taxon.then_some(taxon))
        };
        Ok(Some(Self {
            queries: labels(queries, clade),
            references: labels(references, clade),
        }))
    }
}

/// The label of each protein, by its taxon.
fn labels(dataset: &FrozenDataset, of_taxon: impl Fn(u32) -> Option<u32>) -> Vec<u32> {
    (0..dataset.len())
        .map(|protein| dataset.taxon(protein).and_then(&of_taxon))
        .map(|label| label.unwrap_or(Labels::NONE))
        .collect()
}
