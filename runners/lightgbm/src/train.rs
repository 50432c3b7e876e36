//! From a dataset to a model.

use std::{collections::BTreeMap, path::Path};

use protea_cafa::dataset::FrozenDataset;
use protea_contracts::prelude::*;

use crate::{
    features::Candidates,
    labelled::{AT_A_TIME, Labelled, Labeller, Material},
    library::{Booster, LightGbm, threads_for},
    model::{self, AspectModel, Model},
    quality::{auc, f1, fmax, logloss},
    scores::score,
    spec::{LightGbmSpec, Rerank},
};

/// Trains on a dataset and writes what belongs to the model, but for its document, to `output`.
///
/// # Errors
///
/// [`RunnerError::Dataset`], [`RunnerError::Cancelled`], [`RunnerError::Failed`].
pub fn train(
    request: &FitRequest<LightGbmSpec>,
    library: &LightGbm,
    dataset: &FrozenDataset,
    output: &Path,
    emit: &Emitter,
) -> Result<Model, RunnerError> {
    let (spec, seed) = (&request.spec, request.seed);
    let material = Material::gather(dataset, spec, seed, emit)?;
    let components = serde_json::to_vec(&material.principal).or_failed("writing the components")?;
    let components = model::write(output, model::COMPONENTS, &components)?;
    let labeller = material.labeller(emit)?;
    let training = Training {
        library,
        material: &material,
        labeller: &labeller,
        spec,
        seed,
        threads: request.threads,
        output,
        emit,
    };
    let (references, schema) = (&material.references, &material.schema);
    let namespaces = references.ontology().namespaces().len();
    let aspects = (0..namespaces)
        .map(|namespace| training.aspect(namespace, namespaces))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Model {
        reference: ReferenceModel {
            kind: Default::default(),
            spec: spec.clone(),
            dataset_uri: request.dataset_uri.to_string(),
            dataset_sha256: dataset.sha256().to_owned(),
        },
        schema_sha256: schema.sha256(),
        schema: schema.clone(),
        components,
        aspects,
    })
}

/// What training an aspect takes.
struct Training<'t> {
    library: &'t LightGbm,
    material: &'t Material<'t>,
    labeller: &'t Labeller<'t>,
    spec: &'t LightGbmSpec,
    seed: u64,
    threads: usize,
    output: &'t Path,
    emit: &'t Emitter,
}

impl Training<'_> {
    fn aspect(&self, namespace: usize, namespaces: usize) -> Result<AspectModel, RunnerError> {
        let of_ontology = &self.material.references.ontology().namespaces()[namespace];
        let of_go = of_ontology.aspect().map(|aspect| aspect.name());
        let mut aspect = AspectModel {
            namespace: of_ontology.name().to_owned(),
            name: of_go.unwrap_or(of_ontology.name()).to_owned(),
            ..AspectModel::default()
        };
        let [to_learn, held_out] = self.labelled(namespace, namespaces)?;
        let votes = match held_out.proteins.is_empty() {
            true => None,
            false => Some(self.fmax(namespace, &held_out, None)?),
        };
        if let Some(votes) = votes {
            aspect.held_out.insert("fmax_votes".to_owned(), votes);
        }
        if !to_learn.both_labels() || !held_out.both_labels() {
            aspect.reason = self.too_few(namespace);
            self.advance(namespace + 1, 0.0, namespaces);
            return Ok(aspect);
        }
        let text = self.grow(namespace, &aspect.name, namespaces, to_learn, &held_out)?;
        let directory = match of_go {
            Some(name) => name.to_owned(),
            // What an ontology calls it may be no name for a directory.
            None => format!("namespace-{}", namespace + 1),
        };
        let file = format!("{directory}/{}", model::TREES);
        aspect.trees = Some(model::write(self.output, &file, text.as_bytes())?);
        // From the text, as evaluate has them.
        let trees = self.library.read(&text)?;
        aspect.count = text
            .lines()
            .filter(|line| line.starts_with("Tree="))
            .count();
        let probabilities = trees.predict(&held_out.features, self.threads)?;
        let fmax = self.fmax(namespace, &held_out, Some(&trees))?;
        aspect.held_out.extend(
            [
                ("auc", auc(&probabilities, &held_out.labels).unwrap_or(0.5)),
                ("logloss", logloss(&probabilities, &held_out.labels)),
                ("f1", f1(&probabilities, &held_out.labels)),
                ("fmax_trees", fmax),
            ]
            .map(|(name, value)| (name.to_owned(), value)),
        );
        let wins = votes.is_none_or(|votes| fmax > votes);
        aspect.reranks = wins || self.spec.rerank == Rerank::Always;
        aspect.reason = match (wins, aspect.reranks) {
            (true, _) => "the trees have the larger Fmax on the held-out proteins",
            (false, true) => {
                "asked for, though the votes have the larger Fmax on the held-out proteins"
            }
            (false, false) => "the votes have no smaller Fmax on the held-out proteins",
        }
        .to_owned();
        let features = self.material.schema.features.iter().cloned();
        aspect.gain = BTreeMap::from_iter(features.zip(trees.gain()?));
        self.emit.info(
            "runner.lightgbm.aspect",
            &json!({
                "aspect": aspect.name,
                "trees": aspect.count,
                "reranks": aspect.reranks,
                "held_out": aspect.held_out,
            }),
        );
        Ok(aspect)
    }

    /// Why there is nothing to tell right candidates from wrong ones by.
    fn too_few(&self, namespace: usize) -> String {
        let parts = [false, true].map(|held_out| self.labeller.chosen(namespace, held_out));
        match parts.iter().map(|chosen| chosen.left_out).sum() {
            0 => "the training proteins do not have both right and wrong candidates".to_owned(),
            left_out => format!(
                "maximum_rows: {} leaves {left_out} proteins out, and the others do not have both right and wrong candidates; raise it",
                self.spec.maximum_rows
            ),
        }
    }

    /// The candidates to learn from, and those that are held out.
    fn labelled(&self, namespace: usize, namespaces: usize) -> Result<[Labelled; 2], RunnerError> {
        let proteins = |held_out| self.labeller.chosen(namespace, held_out).proteins.len();
        let (first, all) = (proteins(false), proteins(false) + proteins(true));
        let of_part = |held_out, before: usize| {
            self.labeller.labelled(namespace, held_out, |described| {
                let share = (before + described) as f64 / all as f64;
                self.advance(namespace, 0.5 * share, namespaces);
                self.emit.check()
            })
        };
        Ok([of_part(false, 0)?, of_part(true, first)?])
    }

    /// Grows trees until the loss of the held-out proteins falls no more, and gives those that made it least.
    fn grow(
        &self,
        namespace: usize,
        name: &str,
        namespaces: usize,
        to_learn: Labelled,
        held_out: &Labelled,
    ) -> Result<String, RunnerError> {
        let threads = threads_for(to_learn.labels.len(), self.threads);
        let parameters = self.spec.parameters(self.seed, threads);
        let names = &self.material.schema.features;
        let data = self.library.data(
            &to_learn.features,
            &to_learn.labels,
            names,
            &parameters,
            None,
        )?;
        // LightGBM has its own copy, in bins.
        drop(to_learn);
        let validation = self.library.data(
            &held_out.features,
            &held_out.labels,
            names,
            &parameters,
            Some(&data),
        )?;
        let mut booster = Booster::train(&data, &validation, &parameters)?;
        let (most, patience) = (self.spec.trees as usize, self.spec.patience as usize);
        let (mut best, mut least) = (1, f64::INFINITY);
        for tree in 1..=most {
            self.emit.check()?;
            let finished = booster.update()?;
            let loss = booster.losses()?.first().copied().unwrap_or(f64::NAN);
            self.emit
                .metric(&format!("{name}.logloss"), loss, tree as u64);
            self.advance(namespace, 0.5 + 0.5 * tree as f64 / most as f64, namespaces);
            if loss < least {
                (best, least) = (tree, loss);
            }
            if finished || tree - best >= patience {
                break;
            }
        }
        self.advance(namespace + 1, 0.0, namespaces);
        Ok(booster.to_text(best)?)
    }

    /// Tells how far the training has come: so many aspects, and so much of the next. Candidates are one half
    /// of an aspect, trees are the other.
    fn advance(&self, aspects: usize, of_next: f64, namespaces: usize) {
        let whole = 2.0 * f64::from(self.spec.trees);
        let done = aspects as f64 * whole + (of_next * whole).round();
        self.emit
            .progress(done as u64, (namespaces as f64 * whole) as u64);
    }

    /// Fmax of held-out proteins by trees, or by votes.
    fn fmax(
        &self,
        namespace: usize,
        held_out: &Labelled,
        trees: Option<&Booster<'_>>,
    ) -> Result<f64, RunnerError> {
        let ontology = self.material.references.ontology();
        let mut all = Vec::with_capacity(held_out.proteins.len());
        let mut row = 0;
        for some in held_out.candidates.chunks(AT_A_TIME) {
            self.emit.check()?;
            // The features of each are in the whole.
            let some: Vec<Candidates> = some
                .iter()
                .map(|candidates| {
                    let mut candidates = candidates.clone();
                    for _ in 0..candidates.terms.len() {
                        candidates
                            .features
                            .push(held_out.features.row(row).iter().copied());
                        row += 1;
                    }
                    candidates
                })
                .collect();
            let some: Vec<&Candidates> = some.iter().collect();
            all.extend(score(ontology, &some, trees, self.threads)?);
        }
        let minimum = self.spec.minimum_score;
        fmax(
            &self.material.references,
            namespace,
            &held_out.proteins,
            &all,
            minimum,
        )
    }
}
