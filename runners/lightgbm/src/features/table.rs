//! The features: name, required data, and computation.

use super::tally::{Neighbourhood, Tally};

/// The data that a feature requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Only embeddings and annotations, which every training set has.
    Nothing,
    /// Taxa.
    Taxa,
    /// Sequences.
    Sequences,
}

/// The inputs of a candidate's features.
pub(crate) struct Candidate<'c> {
    pub(super) tally: &'c Tally,
    pub(super) neighbourhood: &'c Neighbourhood,
    pub(super) term: TermFacts,
}

/// Facts about a candidate's term.
#[derive(Debug, Clone, Copy)]
pub(super) struct TermFacts {
    pub(crate) frequency: f64,
    pub(crate) frequency_in_taxon: f64,
    pub(crate) information_accretion: f64,
    pub(crate) depth: u32,
    pub(crate) ancestors: u32,
    /// The rank among the protein's candidates by votes, from 1.
    pub(crate) rank: u32,
    /// The smallest vote of its parents; 1 for a root.
    pub(crate) parents_vote: f64,
    /// The largest vote of its children; 0 without any.
    pub(crate) children_vote: f64,
}

/// A feature of a candidate.
pub(crate) struct Feature {
    /// The name in `model.txt` and in explanations.
    pub(crate) name: &'static str,
    pub(crate) needs: Needs,
    /// Computes the feature; NaN means missing.
    pub(crate) value: fn(&Candidate<'_>) -> f64,
}

/// The ratio of two sums; missing if the divisor is not positive.
fn share(part: f64, divisor: f64) -> f64 {
    if divisor > 0.0 {
        part / divisor
    } else {
        f64::NAN
    }
}

impl Candidate<'_> {
    /// The summed similarity of the neighbours that have the term, divided by that of all.
    pub(super) fn vote(&self) -> f64 {
        vote(self.tally, self.neighbourhood)
    }

    fn votes(&self) -> f64 {
        f64::from(self.tally.votes)
    }
}

/// The summed similarity of the neighbours that have a term, divided by that of all; 0 if none is
/// similar.
pub(super) fn vote(tally: &Tally, neighbourhood: &Neighbourhood) -> f64 {
    if neighbourhood.similarity > 0.0 {
        // Rounding can make the sum exceed the divisor.
        (tally.similarity / neighbourhood.similarity).min(1.0)
    } else {
        0.0
    }
}

macro_rules! features {
    ($( $needs:ident { $( $name:ident: $value:expr; )* } )*) => {
        /// The features other than principal components, in the order of the columns.
        pub(crate) const FEATURES: &[Feature] = &[
            $( $( Feature {
                name: stringify!($name),
                needs: Needs::$needs,
                value: $value,
            }, )* )*
        ];
    };
}

features! {
    Nothing {
        vote: |c| c.vote();
        vote_fraction: |c| share(c.votes(), f64::from(c.neighbourhood.neighbours));
        votes: |c| c.votes();
        rank: |c| f64::from(c.term.rank);
        specific_vote: |c| share(c.tally.specific, c.neighbourhood.similarity);
        vote_over_parents: |c| share(c.vote(), c.term.parents_vote);
        children_vote: |c| c.term.children_vote;
        similarity_best: |c| c.tally.best_similarity;
        similarity_mean: |c| share(c.tally.similarity, c.votes());
        similarity_nearest: |c| c.neighbourhood.first_similarity;
        similarity_kth: |c| c.neighbourhood.last_similarity;
        similarity_neighbours: |c| share(c.neighbourhood.similarity, f64::from(c.neighbourhood.neighbours));
        neighbour_rank_first: |c| f64::from(c.tally.first_rank);
        neighbour_rank_mean: |c| share(f64::from(c.tally.ranks), c.votes());
        neighbours: |c| f64::from(c.neighbourhood.neighbours);
        candidates: |c| f64::from(c.neighbourhood.candidates);
        term_frequency: |c| c.term.frequency;
        vote_over_frequency: |c| share(c.vote(), c.term.frequency);
        information_accretion: |c| c.term.information_accretion;
        depth: |c| f64::from(c.term.depth);
        ancestors: |c| f64::from(c.term.ancestors);
        density_nearest_voter: |c| f64::from(c.tally.first_density);
        density_voters: |c| share(f64::from(c.tally.densities), c.votes());
        density_neighbours: |c| c.neighbourhood.density;
    }
    Taxa {
        taxon_distance_mean: |c| {
            share(c.tally.taxon_distances, f64::from(c.tally.taxa_known))
        };
        taxon_distance_least: |c| match c.tally.taxa_known {
            0 => f64::NAN,
            _ => c.tally.taxon_least,
        };
        similarity_same_taxon: |c| match c.tally.taxa_same {
            0 => f64::NAN,
            _ => c.tally.of_taxon,
        };
        term_frequency_in_taxon: |c| c.term.frequency_in_taxon;
    }
    Sequences {
        alignment_bits: |c| c.tally.best_alignment.map_or(f64::NAN, |best| best.bits);
        alignment_ratio: |c| c.tally.best_alignment.map_or(f64::NAN, |best| best.ratio);
        alignment_length_ratio: |c| c.tally.best_alignment.map_or(f64::NAN, |best| best.length);
        alignment_vote: |c| share(c.tally.significant, c.neighbourhood.significant);
        alignment_bits_neighbours: |c| c.neighbourhood.best_alignment.map_or(f64::NAN, |best| best.bits);
        alignment_ratio_neighbours: |c| c.neighbourhood.best_alignment.map_or(f64::NAN, |best| best.ratio);
        sequence_length: |c| c.neighbourhood.length.map_or(f64::NAN, f64::from);
    }
}
