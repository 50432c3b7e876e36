//! What the neighbours of a protein say for each term.

use super::alignments::Alignment;

/// Alignments of fewer bits are as good as by chance, and count nothing in a sum.
const BY_CHANCE: f64 = 30.0;

/// A neighbour.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voter {
    /// Its row among the references.
    pub row: u32,
    /// Its place, the nearest being 1.
    pub rank: u32,
    /// How near it is, in [0, 1].
    pub similarity: f64,
    /// How many terms of the aspect it has.
    pub density: u32,
    /// Whether it is of the protein's taxon, where both are known.
    pub same_taxon: Option<bool>,
    /// How well it aligns, where that was found out.
    pub alignment: Option<Alignment>,
}

impl Voter {
    /// Bits beyond those that come by chance.
    fn significant(&self) -> f64 {
        let bits = self.alignment.map_or(0.0, |alignment| alignment.bits);
        (bits - BY_CHANCE).max(0.0)
    }
}

/// What the voters for a term add up to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub votes: u32,
    pub similarity: f64,
    pub best_similarity: f64,
    pub first_rank: u32,
    pub ranks: u32,
    pub densities: u32,
    pub first_density: u32,
    /// Similarity of those among whose most specific terms it is.
    pub specific: f64,
    pub taxa_known: u32,
    pub taxa_same: u32,
    /// Similarity of the nearest voter of the protein's taxon.
    pub of_taxon: f64,
    pub best_alignment: Option<Alignment>,
    pub significant: f64,
}

impl Tally {
    /// Adds a voter; they come nearest first.
    pub fn add(&mut self, voter: &Voter, is_specific: bool) {
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
        if let Some(same) = voter.same_taxon {
            self.taxa_known += 1;
            if same {
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

/// What the neighbours of a protein in one aspect have in common, whatever they vote for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Around {
    pub neighbours: u32,
    pub similarity: f64,
    pub first_similarity: f64,
    pub last_similarity: f64,
    pub density: f64,
    pub best_alignment: Option<Alignment>,
    pub significant: f64,
    /// Terms that are suggested.
    pub candidates: u32,
    /// Residues of the protein, where they are known.
    pub length: Option<u32>,
}

impl Around {
    pub fn of(voters: &[Voter], length: Option<usize>) -> Self {
        let mut around = Self {
            neighbours: voters.len() as u32,
            first_similarity: voters.first().map_or(0.0, |voter| voter.similarity),
            last_similarity: voters.last().map_or(0.0, |voter| voter.similarity),
            length: length.map(|length| length as u32),
            ..Self::default()
        };
        for voter in voters {
            around.similarity += voter.similarity;
            around.density += f64::from(voter.density) / voters.len() as f64;
            around.significant += voter.significant();
            if let Some(alignment) = voter.alignment
                && around
                    .best_alignment
                    .is_none_or(|best| alignment.bits > best.bits)
            {
                around.best_alignment = Some(alignment);
            }
        }
        around
    }
}
