//! The terms that the neighbours of a protein suggest, with their features.

use std::sync::{Mutex, OnceLock, PoisonError};

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
    /// Tables that no thread uses at the moment.
    spare: Mutex<Vec<Tables>>,
}

/// Tables that are reused between proteins. Each thread needs its own.
struct Tables {
    /// By term, its place in `tallies` plus 1; 0 for a term without a vote.
    places: Vec<u32>,
    tallies: Vec<Tally>,
    voted: Vec<Term>,
}

impl Tables {
    /// The tally of a term, which is new if it has no vote yet.
    fn tally(&mut self, term: Term) -> &mut Tally {
        let place = &mut self.places[term.index()];
        if *place == 0 {
            self.tallies.push(Tally::default());
            self.voted.push(term);
            *place = self.tallies.len() as u32;
        }
        &mut self.tallies[*place as usize - 1]
    }

    /// The place of a term in `tallies`, if it has a vote.
    fn place(&self, term: Term) -> Option<usize> {
        (self.places[term.index()] as usize).checked_sub(1)
    }

    fn clear(&mut self) {
        for term in self.voted.drain(..) {
            self.places[term.index()] = 0;
        }
        self.tallies.clear();
    }
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
            spare: Mutex::default(),
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

    /// Calls `work` with tables, which are as large as the ontology and therefore kept.
    fn with_tables<T>(&self, work: impl FnOnce(&mut Tables) -> T) -> T {
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = spare().pop();
        let mut tables = kept.unwrap_or_else(|| Tables {
            places: vec![0; self.references.ontology().len()],
            tallies: Vec::new(),
            voted: Vec::new(),
        });
        let result = work(&mut tables);
        tables.clear();
        spare().push(tables);
        result
    }

    /// The number of terms that these neighbours suggest in a namespace.
    pub(crate) fn count_candidates(&self, list: &[Neighbour], namespace: usize) -> usize {
        let ontology = self.references.ontology();
        self.with_tables(|tables| {
            for neighbour in list {
                for (term, _) in self.references.terms(neighbour.row as usize) {
                    if tables.places[term.index()] == 0 && ontology.namespace_of(term) == namespace
                    {
                        tables.places[term.index()] = 1;
                        tables.voted.push(term);
                    }
                }
            }
            tables.voted.len()
        })
    }

    /// The candidates of a protein in these namespaces. `list` returns its neighbours in a
    /// namespace.
    pub(crate) fn candidates<'n>(
        &self,
        query: &Query<'_>,
        namespaces: &[usize],
        list: impl Fn(usize) -> &'n [Neighbour],
        alignments: &Alignments,
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
                self.with_tables(|tables| {
                    self.count(&voters, namespace, tables);
                    self.describe(namespace, neighbourhood, &view, &components, tables)
                })
            })
            .collect()
    }

    /// The rows of the nearest neighbours in these namespaces, which a protein is aligned with, in
    /// ascending order; none if no feature needs alignments.
    pub(crate) fn rows_to_align<'n>(
        &self,
        namespaces: &[usize],
        list: impl Fn(usize) -> &'n [Neighbour],
    ) -> Vec<u32> {
        if !self.schema.allows(Needs::Sequences) {
            return Vec::new();
        }
        let nearest = self.spec.aligned as usize;
        let mut rows: Vec<u32> = namespaces
            .iter()
            .flat_map(|&namespace| list(namespace).iter().take(nearest))
            .map(|neighbour| neighbour.row)
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// Aligns a protein with references, whose rows are in ascending order.
    pub(crate) fn align(&self, query: &Query<'_>, rows: &[u32]) -> Alignments {
        let dataset = self.references.dataset();
        alignments::align((query.dataset, query.protein), dataset, rows)
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
                tables.tally(term).add(voter, is_specific);
            }
        }
        tables.voted.sort_unstable();
    }

    /// Computes the features from the tables.
    fn describe(
        &self,
        namespace: usize,
        mut neighbourhood: Neighbourhood,
        view: &View<'_>,
        components: &[f32],
        tables: &Tables,
    ) -> Candidates {
        let ontology = self.references.ontology();
        let terms = tables.voted.clone();
        neighbourhood.candidates = terms.len() as u32;
        let tallies = tables.tallies.iter();
        let by_place: Vec<f64> = tallies.map(|tally| vote(tally, &neighbourhood)).collect();
        let vote_of = |term: Term| tables.place(term).map_or(0.0, |place| by_place[place]);
        let votes: Vec<f64> = terms.iter().map(|&term| vote_of(term)).collect();
        let mut falling = votes.clone();
        falling.sort_unstable_by(|a, b| b.total_cmp(a));
        let mut features = Matrix::with_rows(self.schema.features.len(), terms.len());
        let unvoted = Tally::default();
        for (&term, &own) in terms.iter().zip(&votes) {
            let parents = ontology.parents(term).iter();
            let children = ontology.children(term).iter();
            let facts = TermFacts {
                frequency: view.frequency(ontology, term),
                frequency_in_taxon: if self.schema.taxa && !self.spec.excludes_own_taxon() {
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
                tally: tables
                    .place(term)
                    .map_or(&unvoted, |place| &tables.tallies[place]),
                neighbourhood: &neighbourhood,
                term: facts,
            };
            let of_table = FEATURES.iter().zip(&self.wanted);
            let of_table = of_table.filter(|(_, wanted)| **wanted);
            let values = of_table.map(|(feature, _)| (feature.value)(&candidate) as f32);
            features.push(values.chain(components.iter().copied()));
        }
        Candidates {
            namespace,
            terms,
            votes,
            features,
        }
    }
}
