//! The features: name, what each needs, and how it is computed.

use super::tally::{Around, Tally};

/// What a dataset must have for a feature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Embeddings and annotations, which it has in any case.
    Nothing,
    /// Taxa.
    Taxa,
    /// Sequences.
    Sequences,
}

/// What a candidate's features are computed from.
pub struct Candidate<'c> {
    pub(super) tally: &'c Tally,
    pub(super) around: &'c Around,
    pub(super) term: TermFacts,
}

/// What is known of a candidate's term.
#[derive(Debug, Clone, Copy)]
pub(super) struct TermFacts {
    pub frequency: f64,
    pub frequency_in_taxon: f64,
    pub information_accretion: f64,
    pub depth: u32,
    pub ancestors: u32,
    /// How many candidates of the protein have more votes, and this one.
    pub rank: u32,
    /// The least of what its parents' votes come to, 1 for a root.
    pub parents_vote: f64,
    /// The most of what its children's votes come to, 0 without any.
    pub children_vote: f64,
}

/// A feature of a candidate.
pub struct Feature {
    /// Its name, as `model.txt` and explanations have it.
    pub name: &'static str,
    /// What a dataset must have for it.
    pub needs: Needs,
    /// How it is computed; what is not a number is missing.
    pub value: fn(&Candidate<'_>) -> f64,
}

/// The part of the whole; missing where the whole is nothing.
fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { f64::NAN }
}

impl Candidate<'_> {
    /// What the votes come to: the similarity of the neighbours that have the term, over that of all.
    pub(super) fn vote(&self) -> f64 {
        vote(self.tally, self.around)
    }

    fn votes(&self) -> f64 {
        f64::from(self.tally.votes)
    }
}

/// The similarity of the neighbours that have a term, over that of all; 0 where nobody is similar.
pub(super) fn vote(tally: &Tally, around: &Around) -> f64 {
    match around.similarity > 0.0 {
        // A sum of parts may exceed the sum of the whole by a rounding.
        true => (tally.similarity / around.similarity).min(1.0),
        false => 0.0,
    }
}

macro_rules! features {
    ($( $needs:ident { $( $name:ident: $value:expr; )* } )*) => {
        /// The features that do not come from the embedding itself, in the order of the columns.
        pub const FEATURES: &[Feature] = &[
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
        vote_fraction: |c| share(c.votes(), f64::from(c.around.neighbours));
        votes: |c| c.votes();
        rank: |c| f64::from(c.term.rank);
        specific_vote: |c| share(c.tally.specific, c.around.similarity);
        vote_over_parents: |c| share(c.vote(), c.term.parents_vote);
        children_vote: |c| c.term.children_vote;
        similarity_best: |c| c.tally.best_similarity;
        similarity_mean: |c| share(c.tally.similarity, c.votes());
        similarity_nearest: |c| c.around.first_similarity;
        similarity_kth: |c| c.around.last_similarity;
        similarity_neighbours: |c| share(c.around.similarity, f64::from(c.around.neighbours));
        neighbour_rank_first: |c| f64::from(c.tally.first_rank);
        neighbour_rank_mean: |c| share(f64::from(c.tally.ranks), c.votes());
        neighbours: |c| f64::from(c.around.neighbours);
        candidates: |c| f64::from(c.around.candidates);
        term_frequency: |c| c.term.frequency;
        vote_over_frequency: |c| share(c.vote(), c.term.frequency);
        information_accretion: |c| c.term.information_accretion;
        depth: |c| f64::from(c.term.depth);
        ancestors: |c| f64::from(c.term.ancestors);
        density_nearest_voter: |c| f64::from(c.tally.first_density);
        density_voters: |c| share(f64::from(c.tally.densities), c.votes());
        density_neighbours: |c| c.around.density;
    }
    Taxa {
        taxon_distance_mean: |c| {
            let other = c.tally.taxa_known - c.tally.taxa_same;
            share(f64::from(other), f64::from(c.tally.taxa_known))
        };
        taxon_distance_least: |c| match (c.tally.taxa_known, c.tally.taxa_same) {
            (0, _) => f64::NAN,
            (_, 0) => 1.0,
            _ => 0.0,
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
        alignment_vote: |c| share(c.tally.significant, c.around.significant);
        alignment_bits_neighbours: |c| c.around.best_alignment.map_or(f64::NAN, |best| best.bits);
        alignment_ratio_neighbours: |c| c.around.best_alignment.map_or(f64::NAN, |best| best.ratio);
        sequence_length: |c| c.around.length.map_or(f64::NAN, f64::from);
    }
}
