//! Candidates with labels: those that trees are trained on, and those that they are validated with.

use protea_cafa::{
    assessment::embedding_rows,
    dataset::FrozenDataset,
    neighbours::{Neighbours, RowBlock},
};
use protea_contracts::prelude::*;
use rayon::prelude::*;

use crate::{
    features::{Alignments, Candidates, Extractor, Query, Schema},
    folds::{Folds, shuffled},
    library::Matrix,
    neighbours::out_of_fold,
    principal::Principal,
    progress::Progress,
    references::References,
    spec::LightGbmSpec,
    statistics::Statistics,
};

/// How many proteins' candidates are computed at a time.
pub(crate) const BATCH: usize = 256;

/// A training set, with everything that is computed before the first tree.
pub(crate) struct TrainingSet<'d> {
    /// The training proteins.
    pub(crate) references: References<'d>,
    /// The folds, and the proteins that are held out.
    pub(crate) folds: Folds,
    /// The features.
    pub(crate) schema: Schema,
    /// The principal components of the proteins that are not held out.
    pub(crate) principal: Principal,
    /// The neighbours of each protein from the other folds.
    pub(crate) neighbours: Neighbours,
    spec: &'d LightGbmSpec,
    seed: u64,
}

impl<'d> TrainingSet<'d> {
    /// Assigns the folds, and computes components and neighbours.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] for a dataset that cannot be trained on,
    /// [`RunnerError::Cancelled`], [`RunnerError::Failed`] when the search fails.
    pub(crate) fn prepare(
        dataset: &'d FrozenDataset,
        spec: &'d LightGbmSpec,
        seed: u64,
        emit: &Emitter,
    ) -> Result<Self, RunnerError> {
        let references = References::open(dataset, spec, emit)?;
        let folds = Folds::assign(dataset, spec.folds as usize, spec.held_out, seed)?;
        let schema = Schema::from_dataset(dataset, spec.components as usize, spec.aligned > 0);
        let blocks = embedding_rows(dataset)?;
        // The components must not depend on held-out proteins either.
        let seen: Vec<usize> = (0..dataset.len())
            .filter(|&p| !folds.held_out[p] && !references.is_excluded(p))
            .collect();
        let width = schema.embedding_width;
        emit.stage(&StageEvent::new("principal components"));
        let principal = Principal::fit(&blocks, width, &seen, schema.components(), seed);
        emit.check()?;
        emit.stage(&StageEvent::new("searching neighbours"));
        let neighbours = out_of_fold(&references, &folds, spec, emit)?;
        Ok(Self {
            references,
            folds,
            schema,
            principal,
            neighbours,
            spec,
            seed,
        })
    }

    /// Chooses the proteins whose candidates are used, and aligns them with their neighbours.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`] without embeddings, [`RunnerError::Cancelled`].
    pub(crate) fn labeller(&self, emit: &Emitter) -> Result<Labeller<'_>, RunnerError> {
        let statistics = Statistics::of_trained(&self.references, &self.folds);
        let mut labeller = Labeller {
            training_set: self,
            extractor: Extractor::new(
                &self.references,
                statistics,
                &self.schema,
                &self.principal,
                self.spec,
            ),
            blocks: embedding_rows(self.references.dataset())?,
            chosen: Vec::new(),
            alignments: Vec::new(),
        };
        labeller.choose(emit)?;
        labeller.align(emit)?;
        Ok(labeller)
    }
}

/// The candidates of some proteins in one namespace, with labels.
pub(crate) struct Labelled {
    /// The proteins.
    pub(crate) proteins: Vec<usize>,
    /// By protein, its candidates. Their features are in `features` instead.
    pub(crate) candidates: Vec<Candidates>,
    /// The features of all candidates, one row each.
    pub(crate) features: Matrix,
    /// By row: 1 if the protein has the term, otherwise 0.
    pub(crate) labels: Vec<f32>,
}

impl Labelled {
    /// Whether there are both right and wrong candidates.
    pub(crate) fn both_labels(&self) -> bool {
        let right = self.labels.iter().filter(|label| **label > 0.5).count();
        right > 0 && right < self.labels.len()
    }
}

/// Proteins of one namespace in random order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// The proteins whose candidates are computed.
    pub(crate) proteins: Vec<usize>,
    /// How many more there are, omitted because of `maximum_rows`.
    pub(crate) omitted: usize,
}

/// Labels the candidates of training proteins.
pub(crate) struct Labeller<'m> {
    training_set: &'m TrainingSet<'m>,
    extractor: Extractor<'m>,
    blocks: Vec<RowBlock<'m>>,
    /// By namespace: those to train on, and those held out.
    chosen: Vec<[Chosen; 2]>,
    /// By protein, its alignments with the neighbours in every namespace for which it is chosen.
    /// They are computed once: an alignment costs more than all other features, and a protein can
    /// be a neighbour in several namespaces.
    alignments: Vec<Alignments>,
}

impl Labeller<'_> {
    /// The chosen proteins of a namespace: those that are held out, or the others.
    pub(crate) fn chosen(&self, namespace: usize, held_out: bool) -> &Chosen {
        &self.chosen[namespace][usize::from(held_out)]
    }

    fn query(&self, protein: usize) -> Query<'_> {
        Query {
            dataset: self.training_set.references.dataset(),
            blocks: &self.blocks,
            protein,
            half: self.training_set.folds.trained_half(protein),
        }
    }

    fn choose(&mut self, emit: &Emitter) -> Result<(), RunnerError> {
        let TrainingSet {
            references,
            folds,
            seed,
            ..
        } = self.training_set;
        let namespaces = references.ontology().namespaces().len();
        let order = shuffled(references.dataset().len(), *seed);
        emit.stage(&StageEvent::new("counting candidates"));
        let progress = Progress::new(emit, order.len() * namespaces);
        for namespace in 0..namespaces {
            let mut chosen = <[Chosen; 2]>::default();
            for (held_out, chosen) in [false, true].into_iter().zip(&mut chosen) {
                let proteins = order.iter().copied().filter(|&protein| {
                    folds.held_out[protein] == held_out && references.is_in(protein, namespace)
                });
                let proteins = Vec::from_iter(proteins);
                *chosen = self.within_maximum_rows(namespace, proteins, &progress)?;
            }
            self.chosen.push(chosen);
            progress.reach(order.len() * (namespace + 1));
        }
        Ok(())
    }

    /// The first of some proteins that together have at most `maximum_rows` candidates; at least
    /// one protein.
    fn within_maximum_rows(
        &self,
        namespace: usize,
        mut proteins: Vec<usize>,
        progress: &Progress<'_>,
    ) -> Result<Chosen, RunnerError> {
        let most = self.training_set.spec.maximum_rows as usize;
        let (mut rows, mut taken) = (0, 0);
        'batches: for batch in proteins.chunks(BATCH) {
            let counts: Vec<usize> = batch
                .par_iter()
                .map(|&protein| self.training_set.neighbours.list(protein, namespace))
                .map(|list| self.extractor.count_candidates(list, namespace))
                .collect();
            for count in counts {
                rows += count;
                if rows > most && taken > 0 {
                    break 'batches;
                }
                taken += 1;
            }
            progress.advance(batch.len())?;
        }
        let omitted = proteins.len() - taken;
        proteins.truncate(taken);
        Ok(Chosen { proteins, omitted })
    }

    fn align(&mut self, emit: &Emitter) -> Result<(), RunnerError> {
        let proteins = self.training_set.references.dataset().len();
        let mut namespaces: Vec<Vec<usize>> = vec![Vec::new(); proteins];
        for (namespace, parts) in self.chosen.iter().enumerate() {
            for &protein in parts.iter().flat_map(|part| &part.proteins) {
                namespaces[protein].push(namespace);
            }
        }
        emit.stage(&StageEvent::new("aligning with neighbours"));
        let neighbours = &self.training_set.neighbours;
        let rows: Vec<Vec<u32>> = namespaces
            .par_iter()
            .enumerate()
            .map(|(protein, namespaces)| {
                let list = |namespace| neighbours.list(protein, namespace);
                self.extractor.rows_to_align(namespaces, list)
            })
            .collect();
        // Two proteins that are neighbours of each other are aligned once, for the first of them.
        let is_mirrored = |protein: usize, row: u32| {
            let mirror = || rows[row as usize].binary_search(&(protein as u32));
            (row as usize) < protein && mirror().is_ok()
        };
        let progress = Progress::new(emit, proteins);
        let own: Vec<Alignments> = rows
            .par_iter()
            .enumerate()
            .map(|(protein, rows)| {
                let rows = rows.iter().copied();
                let rows: Vec<u32> = rows.filter(|&row| !is_mirrored(protein, row)).collect();
                let aligned = self.extractor.align(&self.query(protein), &rows);
                progress.advance(1)?;
                Ok(aligned)
            })
            .collect::<Result<_, RunnerError>>()?;
        self.alignments = rows
            .par_iter()
            .enumerate()
            .map(|(protein, rows)| {
                Alignments::of_rows(rows, |row| {
                    if is_mirrored(protein, row) {
                        own[row as usize].get(protein as u32)
                    } else {
                        own[protein].get(row)
                    }
                })
            })
            .collect();
        Ok(())
    }

    /// The candidates of the proteins that are chosen in a namespace. Calls `described` after each
    /// batch with the number of proteins so far.
    ///
    /// # Errors
    ///
    /// The errors of `described`.
    pub(crate) fn labelled(
        &self,
        namespace: usize,
        held_out: bool,
        mut described: impl FnMut(usize) -> Result<(), RunnerError>,
    ) -> Result<Labelled, RunnerError> {
        let columns = self.training_set.schema.features.len();
        let mut labelled = Labelled {
            proteins: Vec::new(),
            candidates: Vec::new(),
            features: Matrix::new(columns),
            labels: Vec::new(),
        };
        for batch in self.chosen(namespace, held_out).proteins.chunks(BATCH) {
            let found: Vec<Candidates> = batch
                .par_iter()
                .map(|&protein| {
                    let list = |namespace| self.training_set.neighbours.list(protein, namespace);
                    let found = self.extractor.candidates(
                        &self.query(protein),
                        &[namespace],
                        list,
                        &self.alignments[protein],
                    );
                    found.into_iter().next()
                })
                .flatten()
                .collect();
            for (&protein, mut candidates) in batch.iter().zip(found) {
                let terms = candidates.terms.iter();
                let has = |&term| self.training_set.references.has(protein, term);
                labelled
                    .labels
                    .extend(terms.map(|term| f32::from(u8::from(has(term)))));
                labelled.features.append(&candidates.features);
                // `labelled.features` has them now.
                candidates.features = Matrix::new(columns);
                labelled.proteins.push(protein);
                labelled.candidates.push(candidates);
            }
            described(labelled.proteins.len())?;
        }
        Ok(labelled)
    }
}
