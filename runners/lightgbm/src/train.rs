//! From a dataset to a model.

use std::{collections::BTreeMap, path::Path};

use protea_cafa::{
    calibration::HeldOut, dataset::FrozenDataset, ontology::Term, search_record::SearchRecord,
};
use protea_contracts::prelude::*;

use crate::{
    checkpoint::{AspectCheckpoint, Earlier, Found},
    labelled::{Labelled, Labeller, TrainingSet},
    library::{Booster, LightGbm, Threads},
    model::{self, AspectModel, Model},
    quality::{auc, f1, fmax, logloss},
    scores::{Score, score, score_probabilities},
    spec::{LightGbmSpec, Rerank},
};

/// Trains on a dataset and writes the files of the model, except its document, to `output`.
///
/// # Errors
///
/// [`RunnerError::Dataset`] for a dataset that cannot be trained on, [`RunnerError::Cancelled`],
/// [`RunnerError::Failed`] when LightGBM fails or a file cannot be written.
pub(crate) fn train(
    request: &FitRequest<LightGbmSpec>,
    library: &LightGbm,
    dataset: &FrozenDataset,
    output: &Path,
    record: &SearchRecord,
    emit: &Emitter,
) -> Result<Model, RunnerError> {
    let (spec, seed) = (&request.spec, request.seed);
    let training_set = TrainingSet::prepare(dataset, spec, seed, emit)?;
    record.note(&training_set.neighbours);
    let components =
        serde_json::to_vec(&training_set.principal).or_failed("writing the components")?;
    let components = model::write(output, model::COMPONENTS, &components)?;
    let labeller = training_set.labeller(emit)?;
    let checkpoint = request.checkpoint()?;
    let training = Training {
        library,
        training_set: &training_set,
        labeller: &labeller,
        spec,
        seed,
        threads: request.threads,
        output,
        emit,
        checkpoint: checkpoint.as_ref(),
        dataset: dataset.sha256().to_string(),
    };
    let (references, schema) = (&training_set.references, &training_set.schema);
    let namespaces = references.ontology().namespaces().len();
    let mut held_out = HeldOut::new(references.ontology());
    let aspects = (0..namespaces)
        .map(|namespace| training.aspect(namespace, &mut held_out))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Model {
        reference: ReferenceModel {
            kind: Default::default(),
            spec: spec.clone(),
            dataset_uri: request.dataset_uri.to_string(),
            dataset_sha256: dataset.sha256().to_string(),
        },
        schema_sha256: schema.sha256(),
        schema: schema.clone(),
        components,
        aspects,
        calibration: spec.calibrate.then(|| held_out.fit()),
    })
}

/// The inputs of the training of an aspect.
struct Training<'t> {
    library: &'t LightGbm,
    training_set: &'t TrainingSet<'t>,
    labeller: &'t Labeller<'t>,
    spec: &'t LightGbmSpec,
    seed: u64,
    threads: usize,
    output: &'t Path,
    emit: &'t Emitter,
    checkpoint: Option<&'t Checkpoint>,
    /// The dataset's hash.
    dataset: String,
}

impl Training<'_> {
    /// Trains in a namespace, and adds the scores of the held-out proteins to `calibration`.
    fn aspect(
        &self,
        namespace: usize,
        calibration: &mut HeldOut<'_>,
    ) -> Result<AspectModel, RunnerError> {
        let in_ontology = &self.training_set.references.ontology().namespaces()[namespace];
        let in_go = in_ontology.aspect().map(|aspect| aspect.name());
        let mut aspect = AspectModel {
            namespace: in_ontology.name().to_owned(),
            name: in_go.unwrap_or(in_ontology.name()).to_owned(),
            ..AspectModel::default()
        };
        let [training, held_out] = self.labelled(namespace, &aspect.name)?;
        let ontology = self.training_set.references.ontology();
        let by_protein: Vec<&_> = held_out.candidates.iter().collect();
        let voted = score(ontology, &by_protein, None, self.threads)?;
        let votes = if held_out.proteins.is_empty() {
            None
        } else {
            Some(self.fmax(namespace, &held_out, &voted)?)
        };
        if let Some(votes) = votes {
            aspect.held_out.insert("fmax_votes".to_owned(), votes);
        }
        if !training.both_labels() || !held_out.both_labels() {
            aspect.reason = self.too_few(namespace);
            self.calibrate(&held_out, &voted, calibration);
            return Ok(aspect);
        }
        let directory = match in_go {
            Some(name) => name.to_owned(),
            // The name in the ontology may not be a valid directory name.
            None => format!("namespace-{}", namespace + 1),
        };
        let text = self.train_trees(&aspect.name, &directory, training, &held_out)?;
        let file = format!("{directory}/{}", model::TREES);
        aspect.trees = Some(model::write(self.output, &file, text.as_bytes())?);
        // Read back from the text, as `evaluate` does.
        let trees = self.library.read(&text)?;
        aspect.count = text
            .lines()
            .filter(|line| line.starts_with("Tree="))
            .count();
        self.stage(format!("scoring the held-out proteins in {}", aspect.name));
        let probabilities = trees.predict(&held_out.features, self.threads)?;
        self.emit.check()?;
        let candidates = held_out.candidates.iter();
        let scored = score_probabilities(ontology, candidates, &probabilities);
        let fmax = self.fmax(namespace, &held_out, &scored)?;
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
        let used = if aspect.reranks { &scored } else { &voted };
        self.calibrate(&held_out, used, calibration);
        aspect.reason = match (wins, aspect.reranks) {
            (true, _) => "the trees have the larger Fmax on the held-out proteins",
            (false, true) => {
                "the setting `rerank` is `always`, though the votes have the larger Fmax on the held-out proteins"
            }
            (false, false) => "the Fmax of the votes on the held-out proteins is at least as large",
        }
        .to_owned();
        let features = self.training_set.schema.features.iter().cloned();
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

    /// Why there are not both right and wrong candidates.
    fn too_few(&self, namespace: usize) -> String {
        let parts = [false, true].map(|held_out| self.labeller.chosen(namespace, held_out));
        match parts.iter().map(|chosen| chosen.omitted).sum() {
            0 => "the training proteins do not have both right and wrong candidates".to_owned(),
            omitted => format!(
                "maximum_rows: {} omits {omitted} proteins, and the others do not have both right and wrong candidates; raise it",
                self.spec.maximum_rows
            ),
        }
    }

    /// The candidates to train on, and those that are held out.
    fn labelled(&self, namespace: usize, name: &str) -> Result<[Labelled; 2], RunnerError> {
        self.stage(format!("features of the candidates in {name}"));
        let proteins = |held_out| self.labeller.chosen(namespace, held_out).proteins.len();
        let (first, all) = (proteins(false), proteins(false) + proteins(true));
        let part = |held_out, before: usize| {
            self.labeller.labelled(namespace, held_out, |described| {
                let done = (before + described) as u64;
                self.emit.progress(done, all as u64);
                self.emit.check()
            })
        };
        Ok([part(false, 0)?, part(true, first)?])
    }

    fn stage(&self, name: String) {
        self.emit.stage(&StageEvent::new(name));
    }

    /// Trains trees until the loss on the held-out proteins stops falling. Returns the trees with
    /// the smallest loss as text. `file` is the name of their checkpoint.
    fn train_trees(
        &self,
        name: &str,
        file: &str,
        training: Labelled,
        held_out: &Labelled,
    ) -> Result<String, RunnerError> {
        let fit = json!([self.dataset, self.spec, self.seed, name]);
        let mut checkpoint = AspectCheckpoint::new(self.checkpoint, file, &fit, self.emit);
        let mut curve = Curve::new(name, self.spec, self.emit);
        let earlier = match checkpoint.find() {
            Found::Nothing => None,
            Found::Unfinished(earlier) => {
                let (library, threads) = (self.library, self.threads);
                Earlier::read(library, earlier, &training, held_out, threads)?
            }
            Found::Finished(trees, losses) => {
                curve.continue_with(&losses);
                return Ok(trees);
            }
        };
        self.stage(format!("sorting the features in {name} into bins"));
        // Held until the booster is dropped: its buffers have the size for this number.
        let threads = Threads::claim(training.labels.len(), self.threads);
        let parameters = self.spec.parameters(self.seed, threads.get());
        let names = &self.training_set.schema.features;
        let data = |labelled: &Labelled, reference| {
            let (features, labels) = (&labelled.features, &labelled.labels);
            self.library
                .data(features, labels, names, &parameters, reference)
        };
        let mut binned = data(&training, None)?;
        // LightGBM has copied the data.
        drop(training);
        let mut validation = data(held_out, Some(&binned))?;
        if let Some(earlier) = &earlier {
            earlier.begin(&mut binned, &mut validation)?;
        }
        let mut booster = Booster::train(&binned, &validation, &parameters)?;
        if let Some(earlier) = earlier {
            if let Some(losses) = earlier.resume(&mut booster)? {
                curve.continue_with(&losses);
            } else {
                drop(booster);
                Earlier::forget(&mut binned, &mut validation)?;
                booster = Booster::train(&binned, &validation, &parameters)?;
            }
        }
        curve.begin();
        while !curve.has_ended() {
            self.emit.check()?;
            let finished = booster.update()?;
            let loss = booster.losses()?.first().copied().unwrap_or(f64::NAN);
            curve.add(loss);
            if finished {
                break;
            }
            checkpoint.save(&booster, &curve.losses)?;
        }
        let text = booster.to_text(curve.best)?;
        checkpoint.end(&text, &curve.losses);
        Ok(text)
    }

    /// Fmax of the held-out proteins with these scores.
    fn fmax(
        &self,
        namespace: usize,
        held_out: &Labelled,
        scores: &[Vec<Score>],
    ) -> Result<f64, RunnerError> {
        fmax(
            &self.training_set.references,
            namespace,
            &held_out.proteins,
            scores,
            self.spec.minimum_score,
        )
    }

    /// Counts the held-out predictions with these scores, if the spec asks for calibration.
    fn calibrate(&self, held_out: &Labelled, scores: &[Vec<Score>], calibration: &mut HeldOut<'_>) {
        if !self.spec.calibrate {
            return;
        }
        let references = &self.training_set.references;
        for (&protein, scores) in held_out.proteins.iter().zip(scores) {
            let known: Vec<Term> = references.terms(protein).map(|(term, _)| term).collect();
            let predicted = scores
                .iter()
                .filter(|score| score.score >= self.spec.minimum_score)
                .map(|score| (score.term, score.score));
            calibration.add(&known, predicted);
        }
    }
}

/// The losses of a training after each tree, and when it ends.
struct Curve<'c> {
    metric: String,
    name: &'c str,
    emit: &'c Emitter,
    most: usize,
    patience: usize,
    losses: Vec<f64>,
    /// The number of trees with the smallest loss, and that loss.
    best: usize,
    least: f64,
}

impl<'c> Curve<'c> {
    fn new(name: &'c str, spec: &LightGbmSpec, emit: &'c Emitter) -> Self {
        Self {
            metric: format!("{name}.logloss"),
            name,
            emit,
            most: spec.trees as usize,
            patience: spec.patience as usize,
            losses: Vec::new(),
            best: 1,
            least: f64::INFINITY,
        }
    }

    fn begin(&self) {
        let stage = StageEvent::new(format!("training of {}", self.name));
        self.emit.stage(&stage.ending_early());
        if !self.losses.is_empty() {
            self.emit
                .progress(self.losses.len() as u64, self.most as u64);
        }
    }

    /// Takes over the losses of an earlier call, which the record of this one shall have too.
    fn continue_with(&mut self, losses: &[f64]) {
        for loss in losses {
            self.record(*loss);
        }
        self.emit.info(
            "runner.lightgbm.continued",
            &json!({ "aspect": self.name, "trees": losses.len() }),
        );
    }

    fn add(&mut self, loss: f64) {
        self.record(loss);
        self.emit
            .progress(self.losses.len() as u64, self.most as u64);
    }

    fn record(&mut self, loss: f64) {
        self.losses.push(loss);
        let tree = self.losses.len();
        self.emit.metric(&self.metric, loss, tree as u64);
        if loss < self.least {
            (self.best, self.least) = (tree, loss);
        }
    }

    fn has_ended(&self) -> bool {
        let trees = self.losses.len();
        trees >= self.most || trees > 0 && trees - self.best >= self.patience
    }
}
