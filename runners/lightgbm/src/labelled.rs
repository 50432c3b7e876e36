//! The candidates that trees are grown on, and those they are judged by, with labels.

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

/// Proteins whose candidates are computed at a time.
pub(crate) const AT_A_TIME: usize = 256;

/// A training set, with what goes before any tree.
pub struct Material<'d> {
    /// The training proteins.
    pub references: References<'d>,
    /// Who may not vote for whom, and who is held out.
    pub folds: Folds,
    /// The features.
    pub schema: Schema,
    /// The principal components of what is not held out.
    pub principal: Principal,
    /// The neighbours of each protein, out of its fold.
    pub neighbours: Neighbours,
    spec: &'d LightGbmSpec,
    seed: u64,
}

impl<'d> Material<'d> {
    /// Deals folds, and seeks components and neighbours.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`], [`RunnerError::Cancelled`], [`RunnerError::Failed`].
    pub fn gather(
        dataset: &'d FrozenDataset,
        spec: &'d LightGbmSpec,
        seed: u64,
        emit: &Emitter,
    ) -> Result<Self, RunnerError> {
        let references = References::open(dataset, emit)?;
        let folds = Folds::deal(dataset, spec.folds as usize, spec.held_out, seed)?;
        let schema = Schema::of(dataset, spec.components as usize, spec.aligned > 0);
        let blocks = embedding_rows(dataset)?;
        // What is held out stays unseen here too.
        let seen: Vec<usize> = (0..dataset.len()).filter(|&p| !folds.held_out[p]).collect();
        let width = schema.embedding_width;
        let principal = Principal::fit(&blocks, width, &seen, schema.components(), seed);
        emit.check()?;
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

    /// Chooses the proteins whose candidates are trained on, and aligns them with their neighbours.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Dataset`], [`RunnerError::Cancelled`].
    pub fn labeller(&self, emit: &Emitter) -> Result<Labeller<'_>, RunnerError> {
        let statistics = Statistics::of_learnt(&self.references, &self.folds);
        let mut labeller = Labeller {
            material: self,
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

/// Candidates of some proteins in one namespace, with labels.
pub struct Labelled {
    /// The proteins.
    pub proteins: Vec<usize>,
    /// The candidates of each, whose features are in the whole.
    pub candidates: Vec<Candidates>,
    /// The features of all, a row for each candidate.
    pub features: Matrix,
    /// Of each row, whether the protein has the term: 0 or 1.
    pub labels: Vec<f32>,
}

impl Labelled {
    /// Whether there are right candidates and wrong ones.
    #[must_use]
    pub fn both_labels(&self) -> bool {
        let right = self.labels.iter().filter(|label| **label > 0.5).count();
        right > 0 && right < self.labels.len()
    }
}

/// Proteins of one namespace, in an order by chance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chosen {
    /// Those whose candidates are computed.
    pub proteins: Vec<usize>,
    /// How many more there are, whose candidates would be more than the spec wants.
    pub left_out: usize,
}

/// Labels the candidates of training proteins.
pub struct Labeller<'m> {
    material: &'m Material<'m>,
    extractor: Extractor<'m>,
    blocks: Vec<RowBlock<'m>>,
    /// By namespace: to learn from, and held out.
    chosen: Vec<[Chosen; 2]>,
    /// By protein, with the neighbours of every namespace that it is chosen in. An alignment costs more than all
    /// other features, and the same neighbour may be one in each namespace.
    alignments: Vec<Alignments>,
}

impl Labeller<'_> {
    /// The proteins of a namespace whose candidates are computed: those that are held out, or the others.
    #[must_use]
    pub fn chosen(&self, namespace: usize, held_out: bool) -> &Chosen {
        &self.chosen[namespace][usize::from(held_out)]
    }

    fn query(&self, protein: usize) -> Query<'_> {
        Query {
            dataset: self.material.references.dataset(),
            blocks: &self.blocks,
            protein,
            half: self.material.folds.half_learnt(protein),
        }
    }

    fn choose(&mut self, emit: &Emitter) -> Result<(), RunnerError> {
        let Material {
            references,
            folds,
            seed,
            ..
        } = self.material;
        let namespaces = references.ontology().namespaces().len();
        let order = shuffled(references.dataset().len(), *seed);
        let progress = Progress::of(emit, order.len() * namespaces);
        for namespace in 0..namespaces {
            let mut chosen = <[Chosen; 2]>::default();
            for (held_out, chosen) in [false, true].into_iter().zip(&mut chosen) {
                let of_part = order.iter().copied();
                let of_part = of_part.filter(|&protein| folds.held_out[protein] == held_out);
                let proteins = Vec::from_iter(of_part.filter(|&p| references.is_in(p, namespace)));
                *chosen = self.as_many_as_wanted(namespace, proteins, &progress)?;
            }
            self.chosen.push(chosen);
            progress.reach(order.len() * (namespace + 1));
        }
        Ok(())
    }

    /// The first of some proteins, whose candidates are no more than `maximum_rows`; at least one of them.
    fn as_many_as_wanted(
        &self,
        namespace: usize,
        mut proteins: Vec<usize>,
        progress: &Progress<'_>,
    ) -> Result<Chosen, RunnerError> {
        let most = self.material.spec.maximum_rows as usize;
        let (mut rows, mut taken) = (0, 0);
        'chunks: for some in proteins.chunks(AT_A_TIME) {
            let counted: Vec<usize> = some
                .par_iter()
                .map(|&protein| self.material.neighbours.list(protein, namespace))
                .map(|list| self.extractor.suggested(list, namespace))
                .collect();
            for more in counted {
                rows += more;
                if rows > most && taken > 0 {
                    break 'chunks;
                }
                taken += 1;
            }
            progress.advance(some.len())?;
        }
        let left_out = proteins.len() - taken;
        proteins.truncate(taken);
        Ok(Chosen { proteins, left_out })
    }

    fn align(&mut self, emit: &Emitter) -> Result<(), RunnerError> {
        let proteins = self.material.references.dataset().len();
        let mut namespaces: Vec<Vec<usize>> = vec![Vec::new(); proteins];
        for (namespace, parts) in self.chosen.iter().enumerate() {
            for &protein in parts.iter().flat_map(|part| &part.proteins) {
                namespaces[protein].push(namespace);
            }
        }
        let progress = Progress::of(emit, proteins);
        self.alignments = namespaces
            .par_iter()
            .enumerate()
            .map(|(protein, namespaces)| {
                let list = |namespace| self.material.neighbours.list(protein, namespace);
                let aligned = self.extractor.align(&self.query(protein), namespaces, list);
                progress.advance(1)?;
                Ok(aligned)
            })
            .collect::<Result<_, RunnerError>>()?;
        Ok(())
    }

    /// The candidates of the proteins that are chosen in a namespace. `described` hears after how many of them.
    ///
    /// # Errors
    ///
    /// What `described` answers.
    pub fn labelled(
        &self,
        namespace: usize,
        held_out: bool,
        mut described: impl FnMut(usize) -> Result<(), RunnerError>,
    ) -> Result<Labelled, RunnerError> {
        let columns = self.material.schema.features.len();
        let mut labelled = Labelled {
            proteins: Vec::new(),
            candidates: Vec::new(),
            features: Matrix::new(columns),
            labels: Vec::new(),
        };
        for some in self.chosen(namespace, held_out).proteins.chunks(AT_A_TIME) {
            let found: Vec<Candidates> = some
                .par_iter()
                .map_init(
                    || self.extractor.tables(),
                    |tables, &protein| {
                        let list = |namespace| self.material.neighbours.list(protein, namespace);
                        let found = self.extractor.candidates(
                            &self.query(protein),
                            &[namespace],
                            list,
                            &self.alignments[protein],
                            tables,
                        );
                        found.into_iter().next()
                    },
                )
                .flatten()
                .collect();
            for (&protein, mut candidates) in some.iter().zip(found) {
                let terms = candidates.terms.iter();
                let has = |&term| self.material.references.has(protein, term);
                labelled
                    .labels
                    .extend(terms.map(|term| f32::from(u8::from(has(term)))));
                labelled.features.append(&candidates.features);
                // They are in the whole now.
                candidates.features = Matrix::new(columns);
                labelled.proteins.push(protein);
                labelled.candidates.push(candidates);
            }
            described(labelled.proteins.len())?;
        }
        Ok(labelled)
    }
}
