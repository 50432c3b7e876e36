//! The sums over the neighbours that vote for a term.

use super::alignments::Alignment;

/// Alignments with fewer bits occur by chance, and count as 0 in a sum.
const CHANCE_BITS: f64 = 30.0;

/// A neighbour that votes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voter {
    /// The row of the reference.
    pub(crate) row: u32,
    /// Its rank, from 1.
    pub(crate) rank: u32,
    /// In [0, 1].
    pub(crate) similarity: f64,
    /// The number of its terms in the aspect.
    pub(crate) density: u32,
    /// How far its taxon is from the protein's, in [0, 1], 0 for the same; `None` unless both are
    /// known.
    pub(crate) taxon_distance: Option<f64>,
    /// `None` if it was not aligned.
    pub(crate) alignment: Option<Alignment>,
}

impl Voter {
    /// The bits above those that occur by chance.
    fn significant(&self) -> f64 {
        let bits = self.alignment.map_or(0.0, |alignment| alignment.bits);
        (bits - CHANCE_BITS).max(0.0)
    }
}

/// The sums over the voters for a term.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(crate) votes: u32,
    pub(crate) similarity: f64,
    pub(crate) best_similarity: f64,
    pub(crate) first_rank: u32,
    pub(crate) ranks: u32,
    pub(crate) densities: u32,
    pub(crate) first_density: u32,
    /// Summed similarity of the voters for which the term is one of their most specific.
    pub(crate) specific: f64,
    pub(crate) taxa_known: u32,
    pub(crate) taxa_same: u32,
    /// The sum of the distances between taxa, and the least of them.
    pub(crate) taxon_distances: f64,
    pub(crate) taxon_least: f64,
    /// The similarity of the nearest voter of the protein's taxon.
    pub(crate) of_taxon: f64,
    pub(crate) best_alignment: Option<Alignment>,
    pub(crate) significant: f64,
}

impl Tally {
    /// Adds a voter. Voters must be added nearest first.
    pub(crate) fn add(&mut self, voter: &Voter, is_specific: bool) {
        if self.votes == 0 {
            self.best_similarity = voter.similarity;
            self.first_rank = voter.rank;
            self.first_density = voter.density;
        }
        self.votes += 1;
        self.similarity += voter.similarity;
        self.ranks += voter.rank;
        self.densities += voter.density;
        if is_specific {
            self.specific += voter.similarity;
        }
        if let Some(distance) = voter.taxon_distance {
            self.taxon_least = match self.taxa_known {
                0 => distance,
                _ => self.taxon_least.min(distance),
            };
            self.taxon_distances += distance;
            self.taxa_known += 1;
            if distance == 0.0 {
                if self.taxa_same == 0 {
                    self.of_taxon = voter.similarity;
                }
                self.taxa_same += 1;
            }
        }
        if let Some(alignment) = voter.alignment
            && self
                .best_alignment
                .is_none_or(|best| alignment.bits > best.bits)
        {
            self.best_alignment = Some(alignment);
        }
        self.significant += voter.significant();
    }
}

/// The sums over all neighbours of a protein in one aspect, whatever they vote for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Neighbourhood {
    pub(crate) neighbours: u32,
    pub(crate) similarity: f64,
    pub(crate) first_similarity: f64,
    pub(crate) last_similarity: f64,
    pub(crate) density: f64,
    pub(crate) best_alignment: Option<Alignment>,
    pub(crate) significant: f64,
    /// The number of suggested terms.
    pub(crate) candidates: u32,
    /// The residues of the protein, if its sequence is known.
    pub(crate) length: Option<u32>,
}

impl Neighbourhood {
    pub(crate) fn new(voters: &[Voter], length: Option<usize>) -> Self {
        let mut neighbourhood = Self {
            neighbours: voters.len() as u32,
            first_similarity: voters.first().map_or(0.0, |voter| voter.similarity),
            last_similarity: voters.last().map_or(0.0, |voter| voter.similarity),
            length: length.map(|length| length as u32),
            ..Self::default()
        };
        for voter in voters {
            neighbourhood.similarity += voter.similarity;
            neighbourhood.density += f64::from(voter.density) / voters.len() as f64;
            neighbourhood.significant += voter.significant();
            if let Some(alignment) = voter.alignment
                && neighbourhood
                    .best_alignment
                    .is_none_or(|best| alignment.bits > best.bits)
            {
                neighbourhood.best_alignment = Some(alignment);
            }
        }
        neighbourhood
    }
}
