//! The terms that the neighbours of a protein suggest, with their features.

use std::sync::OnceLock;

use protea_cafa::{
    dataset::FrozenDataset,
    formats::Lineages,
    neighbours::{Neighbour, RowBlock},
    ontology::Term,
};
use rayon::prelude::*;

use super::{
    Needs, Schema,
    alignments::{self, Alignments},
    table::{Candidate, FEATURES, TermFacts, vote},
    tally::{Neighbourhood, Tally, Voter},
    taxa::TaxonDistances,
};
use crate::{
    library::Matrix,
    principal::Principal,
    references::{References, embedding},
    spec::LightGbmSpec,
    statistics::{Statistics, View},
};

/// A protein for which terms are suggested.
#[derive(Clone, Copy)]
pub(crate) struct Query<'q> {
    pub(crate) dataset: &'q FrozenDataset,
    /// The embeddings of the dataset.
    pub(crate) blocks: &'q [RowBlock<'q>],
    /// The row of the protein.
    pub(crate) protein: usize,
    /// The protein's half if trees are trained on it. It does not see the counts of that half.
    pub(crate) half: Option<u8>,
}

/// The candidates of one protein in one namespace: the terms of its neighbours with all ancestors,
/// in ascending order.
#[derive(Debug, Clone)]
pub(crate) struct Candidates {
    pub(crate) namespace: usize,
    pub(crate) terms: Vec<Term>,
    /// By term, its votes, in [0, 1]: the score that the runner `knn` gives.
    pub(crate) votes: Vec<f64>,
    /// The features, one row per term.
    pub(crate) features: Matrix,
}

/// Computes the features of candidates.
pub(crate) struct Extractor<'e> {
    references: &'e References<'e>,
    statistics: Statistics,
    schema: &'e Schema,
    principal: &'e Principal,
    spec: &'e LightGbmSpec,
    /// By reference and namespace, the number of its terms.
    densities: Vec<u32>,
    /// By term, the number of its ancestors; 0 for a term that no reference has.
    ancestors: Vec<u32>,
    /// By feature of the table, whether the schema has it.
    wanted: Vec<bool>,
    /// The lineages of references and queries, once they are needed.
    lineages: OnceLock<Option<Lineages>>,
}

/// Tables that are reused between proteins. Each thread needs its own.
pub(crate) struct Tables {
    tallies: Vec<Tally>,
    voted: Vec<Term>,
}

impl<'e> Extractor<'e> {
    /// An extractor of the features in `schema`.
    pub(crate) fn new(
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
            .map(|&term| {
                if occurs[term.index()] {
                    ontology.propagate(&[term]).len() as u32 - 1
                } else {
                    0
                }
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
            lineages: OnceLock::new(),
        }
    }

    /// The lineages of the references and of the queries, which are those of one call; `None` if the
    /// references have none.
    fn lineages(&self, queries: &FrozenDataset) -> Option<&Lineages> {
        // `Schema::check_data` has read both before.
        let read = |dataset: &FrozenDataset| dataset.lineages().ok().flatten().cloned();
        let common = || {
            let own = read(self.references.dataset())?;
            Some(match read(queries) {
                Some(others) => own.completed_by(&others),
                None => own,
            })
        };
        self.lineages.get_or_init(common).as_ref()
    }

    /// The references.
    pub(crate) fn references(&self) -> &'e References<'e> {
        self.references
    }

    /// Tables for [`candidates`](Self::candidates).
    pub(crate) fn tables(&self) -> Tables {
        Tables {
            tallies: vec![Tally::default(); self.references.ontology().len()],
            voted: Vec::new(),
        }
    }

    /// The number of terms that these neighbours suggest in a namespace.
    pub(crate) fn count_candidates(&self, list: &[Neighbour], namespace: usize) -> usize {
        let ontology = self.references.ontology();
        let terms = list
            .iter()
            .flat_map(|neighbour| self.references.terms(neighbour.row as usize))
            .map(|(term, _)| term);
        let mut terms =
            Vec::from_iter(terms.filter(|&term| ontology.namespace_of(term) == namespace));
        terms.sort_unstable();
        terms.dedup();
        terms.len()
    }

    /// The candidates of a protein in these namespaces. `list` returns its neighbours in a
    /// namespace.
    pub(crate) fn candidates<'n>(
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
        let mut distances = TaxonDistances::new(taxon, self.lineages(query.dataset));
        let length = query.dataset.sequence(query.protein).map(str::len);
        let namespaces = namespaces.iter();
        namespaces
            .map(|&namespace| {
                let voters = self.voters(list(namespace), namespace, &mut distances, alignments);
                let neighbourhood = Neighbourhood::new(&voters, length);
                self.count(&voters, namespace, tables);
                self.describe(namespace, neighbourhood, &view, &components, tables)
            })
            .collect()
    }

    /// Aligns a protein with its nearest neighbours in these namespaces, if any feature needs it.
    pub(crate) fn align<'n>(
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
        distances: &mut TaxonDistances<'_>,
        alignments: &Alignments,
    ) -> Vec<Voter> {
        let namespaces = self.references.ontology().namespaces().len();
        let dataset = self.references.dataset();
        (1..)
            .zip(list)
            .map(|(rank, neighbour)| {
                let row = neighbour.row as usize;
                // A farther neighbour may be aligned because it is near in another namespace.
                let is_aligned = rank <= self.spec.aligned;
                Voter {
                    row: neighbour.row,
                    rank,
                    similarity: self.spec.metric.similarity(neighbour),
                    density: self.densities[row * namespaces + namespace],
                    taxon_distance: distances.to(dataset.taxon(row)),
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

    /// Computes the features from the tables, and clears the tables.
    fn describe(
        &self,
        namespace: usize,
        mut neighbourhood: Neighbourhood,
        view: &View<'_>,
        components: &[f32],
        tables: &mut Tables,
    ) -> Candidates {
        let ontology = self.references.ontology();
        let terms = std::mem::take(&mut tables.voted);
        neighbourhood.candidates = terms.len() as u32;
        let vote_of = |term: Term| vote(&tables.tallies[term.index()], &neighbourhood);
        let votes: Vec<f64> = terms.iter().map(|&term| vote_of(term)).collect();
        let mut falling = votes.clone();
        falling.sort_unstable_by(|a, b| b.total_cmp(a));
        let mut features = Matrix::new(self.schema.features.len());
        for (&term, &own) in terms.iter().zip(&votes) {
            let parents = ontology.parents(term).iter();
            let children = ontology.children(term).iter();
            let facts = TermFacts {
                frequency: view.frequency(ontology, term),
                frequency_in_taxon: if self.schema.taxa {
                    view.frequency_in_taxon(ontology, term)
                } else {
                    f64::NAN
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
                neighbourhood: &neighbourhood,
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
