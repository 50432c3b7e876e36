//! The terms of a protein that its neighbours suggest, with their features.

use protea_cafa::{
    dataset::FrozenDataset,
    neighbours::{Neighbour, RowBlock},
    ontology::Term,
};
use rayon::prelude::*;

use super::{
    Needs, Schema,
    alignments::{self, Alignments},
    table::{Candidate, FEATURES, TermFacts, vote},
    tally::{Around, Tally, Voter},
};
use crate::{
    library::Matrix,
    principal::Principal,
    references::{References, embedding},
    spec::LightGbmSpec,
    statistics::{Statistics, View},
};

/// A protein that terms are suggested for.
#[derive(Clone, Copy)]
pub struct Query<'q> {
    /// The dataset that it is in.
    pub dataset: &'q FrozenDataset,
    /// The embeddings of that.
    pub blocks: &'q [RowBlock<'q>],
    /// Its number there.
    pub protein: usize,
    /// Its half, if trees are grown on it: counts of that half are not for it.
    pub half: Option<u8>,
}

/// The candidates of one protein in one namespace: the terms that its neighbours have, with all their
/// ancestors, by number.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// The namespace.
    pub namespace: usize,
    /// The terms.
    pub terms: Vec<Term>,
    /// What the votes for each come to, in [0, 1]: the score that `knn` gives.
    pub votes: Vec<f64>,
    /// The features of each, a row for each term.
    pub features: Matrix,
}

/// Computes the features of candidates.
pub struct Extractor<'e> {
    references: &'e References<'e>,
    statistics: Statistics,
    schema: &'e Schema,
    principal: &'e Principal,
    spec: &'e LightGbmSpec,
    /// By reference and namespace, how many terms it has there.
    densities: Vec<u32>,
    /// By term, how many ancestors it has; only of terms that a reference has.
    ancestors: Vec<u32>,
    /// Which of the table's features are in the schema.
    wanted: Vec<bool>,
}

/// Tables that are kept between proteins. One per thread.
pub struct Tables {
    tallies: Vec<Tally>,
    voted: Vec<Term>,
}

impl<'e> Extractor<'e> {
    /// An extractor of the features in `schema`.
    #[must_use]
    pub fn new(
        references: &'e References<'e>,
        statistics: Statistics,
        schema: &'e Schema,
        principal: &'e Principal,
        spec: &'e LightGbmSpec,
    ) -> Self {
        let ontology = references.ontology();
        let namespaces = ontology.namespaces().len();
        let proteins = references.dataset().len();
        let mut densities = vec![0; proteins * namespaces];
        let mut occurs = vec![false; ontology.len()];
        for protein in 0..proteins {
            for (term, _) in references.terms(protein) {
                densities[protein * namespaces + ontology.namespace_of(term)] += 1;
                occurs[term.index()] = true;
            }
        }
        let terms: Vec<Term> = ontology.terms().collect();
        let ancestors = terms
            .par_iter()
            .map(|&term| match occurs[term.index()] {
                true => ontology.propagate(&[term]).len() as u32 - 1,
                false => 0,
            })
            .collect();
        Self {
            references,
            statistics,
            schema,
            principal,
            spec,
            densities,
            ancestors,
            wanted: FEATURES
                .iter()
                .map(|feature| schema.allows(feature.needs))
                .collect(),
        }
    }

    /// The references.
    #[must_use]
    pub fn references(&self) -> &'e References<'e> {
        self.references
    }

    /// Tables for [`candidates`](Self::candidates).
    #[must_use]
    pub fn tables(&self) -> Tables {
        Tables {
            tallies: vec![Tally::default(); self.references.ontology().len()],
            voted: Vec::new(),
        }
    }

    /// How many terms these neighbours suggest in a namespace.
    #[must_use]
    pub fn suggested(&self, list: &[Neighbour], namespace: usize) -> usize {
        let ontology = self.references.ontology();
        let of = |neighbour: &Neighbour| self.references.terms(neighbour.row as usize);
        let terms = list.iter().flat_map(of).map(|(term, _)| term);
        let mut terms =
            Vec::from_iter(terms.filter(|&term| ontology.namespace_of(term) == namespace));
        terms.sort_unstable();
        terms.dedup();
        terms.len()
    }

    /// The candidates of a protein in these namespaces, whose neighbours `list` gives by namespace.
    #[must_use]
    pub fn candidates<'n>(
        &self,
        query: &Query<'_>,
        namespaces: &[usize],
        list: impl Fn(usize) -> &'n [Neighbour],
        alignments: &Alignments,
        tables: &mut Tables,
    ) -> Vec<Candidates> {
        let taxon = query.dataset.taxon(query.protein);
        let view = self.statistics.view(query.half, taxon);
        let width = self.schema.embedding_width;
        let components: Vec<f32> = match self.schema.components() {
            0 => Vec::new(),
            _ => self
                .principal
                .project(embedding(query.blocks, width, query.protein))
                .into_iter()
                .map(|value| value as f32)
                .collect(),
        };
        let length = query.dataset.sequence(query.protein).map(str::len);
        let namespaces = namespaces.iter();
        namespaces
            .map(|&namespace| {
                let voters = self.voters(list(namespace), namespace, taxon, alignments);
                let around = Around::of(&voters, length);
                self.count(&voters, namespace, tables);
                self.describe(namespace, around, &view, &components, tables)
            })
            .collect()
    }

    /// Aligns a protein with its nearest neighbours in these namespaces, as far as the features need it.
    #[must_use]
    pub fn align<'n>(
        &self,
        query: &Query<'_>,
        namespaces: &[usize],
        list: impl Fn(usize) -> &'n [Neighbour],
    ) -> Alignments {
        if !self.schema.allows(Needs::Sequences) {
            return Alignments::default();
        }
        let nearest = self.spec.aligned as usize;
        let mut rows: Vec<u32> = namespaces
            .iter()
            .flat_map(|&namespace| list(namespace).iter().take(nearest))
            .map(|neighbour| neighbour.row)
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let dataset = self.references.dataset();
        alignments::align((query.dataset, query.protein), dataset, &rows)
    }

    fn voters(
        &self,
        list: &[Neighbour],
        namespace: usize,
        taxon: Option<u32>,
        alignments: &Alignments,
    ) -> Vec<Voter> {
        let namespaces = self.references.ontology().namespaces().len();
        let dataset = self.references.dataset();
        (1..)
            .zip(list)
            .map(|(rank, neighbour)| {
                let row = neighbour.row as usize;
                let taxa = taxon.zip(dataset.taxon(row));
                // It may be aligned because it is near in another namespace.
                let is_aligned = rank <= self.spec.aligned;
                Voter {
                    row: neighbour.row,
                    rank,
                    similarity: self.spec.metric.similarity(neighbour),
                    density: self.densities[row * namespaces + namespace],
                    same_taxon: taxa.map(|(own, other)| own == other),
                    alignment: alignments.get(neighbour.row).filter(|_| is_aligned),
                }
            })
            .collect()
    }

    /// Counts the votes for every term of the namespace.
    fn count(&self, voters: &[Voter], namespace: usize, tables: &mut Tables) {
        let ontology = self.references.ontology();
        for voter in voters {
            for (term, is_specific) in self.references.terms(voter.row as usize) {
                if ontology.namespace_of(term) != namespace {
                    continue;
                }
                let tally = &mut tables.tallies[term.index()];
                if tally.votes == 0 {
                    tables.voted.push(term);
                }
                tally.add(voter, is_specific);
            }
        }
        tables.voted.sort_unstable();
    }

    /// Turns what was counted into features, and clears the tables.
    fn describe(
        &self,
        namespace: usize,
        mut around: Around,
        view: &View<'_>,
        components: &[f32],
        tables: &mut Tables,
    ) -> Candidates {
        let ontology = self.references.ontology();
        let terms = std::mem::take(&mut tables.voted);
        around.candidates = terms.len() as u32;
        let vote_of = |term: Term| vote(&tables.tallies[term.index()], &around);
        let votes: Vec<f64> = terms.iter().map(|&term| vote_of(term)).collect();
        let mut falling = votes.clone();
        falling.sort_unstable_by(|a, b| b.total_cmp(a));
        let mut features = Matrix::new(self.schema.features.len());
        for (&term, &own) in terms.iter().zip(&votes) {
            let parents = ontology.parents(term).iter();
            let children = ontology.children(term).iter();
            let facts = TermFacts {
                frequency: view.frequency(ontology, term),
                frequency_in_taxon: match self.schema.taxa {
                    true => view.frequency_in_taxon(ontology, term),
                    false => f64::NAN,
                },
                information_accretion: view.information_accretion(ontology, term),
                depth: ontology.depth(term) as u32,
                ancestors: self.ancestors[term.index()],
                rank: 1 + falling.partition_point(|&other| other > own) as u32,
                parents_vote: parents.map(|&parent| vote_of(parent)).fold(1.0, f64::min),
                children_vote: children.map(|&child| vote_of(child)).fold(0.0, f64::max),
            };
            let candidate = Candidate {
                tally: &tables.tallies[term.index()],
                around: &around,
                term: facts,
            };
            let of_table = FEATURES.iter().zip(&self.wanted);
            let of_table = of_table.filter(|(_, wanted)| **wanted);
            let values = of_table.map(|(feature, _)| (feature.value)(&candidate) as f32);
            features.push(values.chain(components.iter().copied()));
        }
        for term in &terms {
            tables.tallies[term.index()] = Tally::default();
        }
        Candidates {
            namespace,
            terms,
            votes,
            features,
        }
    }
}
