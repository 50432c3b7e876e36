//! An example runner with embeddings, taxa and information accretion: a term is likely for a protein
//! whose embedding is similar to the mean embedding of the term's proteins.

use std::collections::BTreeMap;

use protea_cafa::assessment::{assess, open_dataset, open_ontology};
use protea_cafa::dataset::FrozenDataset;
use protea_cafa::inputs::{Embeddings, information_accretion};
use protea_cafa::propagated::PropagatedTerms;
use protea_contracts::prelude::*;

spec! {
    /// How the similarity of two embeddings is measured.
    #[derive(Copy, Eq)]
    pub enum Similarity {
        /// The cosine of the angle between them.
        Cosine,
        /// 1 / (1 + their Euclidean distance).
        Distance,
    }
}

spec! {
    /// The settings that a user may choose.
    #[schemars(extend("x-needs" = json!({
        "embeddings": { "same": ["width", "source"] },
        "taxa": { "optional": true }
    })))]
    pub struct Spec {
        /// How the similarity of two embeddings is measured.
        pub similarity: Similarity,
        /// Weight of the fraction of proteins of the same taxon that have the term.
        #[schemars(range(min = 0.0, max = 1.0))]
        pub taxon_weight: f64,
        /// Terms with a lower information accretion, in bits, are not predicted.
        #[schemars(range(min = 0.0))]
        pub minimum_information: f64,
    }
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            similarity: Similarity::Cosine,
            taxon_weight: 0.2,
            minimum_information: 0.0,
        }
    }
}

/// What `fit` learned about a term.
#[derive(Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde")]
struct TermModel {
    id: String,
    /// The mean embedding of its proteins.
    centroid: Vec<f32>,
    /// By taxon, the fraction of its proteins that have the term.
    of_taxon: BTreeMap<u32, f64>,
}

#[derive(Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde")]
struct Model {
    spec: Spec,
    /// The width of the embeddings.
    width: usize,
    terms: Vec<TermModel>,
}

impl Model {
    /// The terms of a protein with their scores.
    fn predict(&self, embedding: &[f32], taxon: Option<u32>) -> Vec<(&str, f64)> {
        let weight = self.spec.taxon_weight;
        let terms = self.terms.iter().map(|term| {
            let similar = similarity(self.spec.similarity, embedding, &term.centroid);
            let in_taxon = taxon.and_then(|taxon| term.of_taxon.get(&taxon));
            let score = (1.0 - weight) * similar + weight * in_taxon.unwrap_or(&0.0);
            (term.id.as_str(), score.clamp(0.0, 1.0))
        });
        terms.filter(|(_, score)| *score > 0.0).collect()
    }

    /// Reads the embeddings of a dataset and checks that they fit the model.
    fn embeddings(&self, dataset: &FrozenDataset) -> Result<Embeddings, RunnerError> {
        let embeddings = Embeddings::read(dataset)?;
        if embeddings.width() == self.width {
            return Ok(embeddings);
        }
        Err(RunnerError::dataset(format!(
            "its embeddings have {} numbers, those of the training set {}; freeze both with \
             embeddings of one source",
            embeddings.width(),
            self.width
        )))
    }
}

fn similarity(kind: Similarity, one: &[f32], other: &[f32]) -> f64 {
    let sum = |term: fn(f64, f64) -> f64, a: &[f32], b: &[f32]| -> f64 {
        a.iter()
            .zip(b)
            .map(|(a, b)| term(f64::from(*a), f64::from(*b)))
            .sum()
    };
    match kind {
        Similarity::Cosine => {
            let product = |a, b| sum(|a, b| a * b, a, b);
            let norms = (product(one, one) * product(other, other)).sqrt();
            if norms > 0.0 {
                product(one, other) / norms
            } else {
                0.0
            }
        }
        Similarity::Distance => 1.0 / (1.0 + sum(|a, b| (a - b).powi(2), one, other).sqrt()),
    }
}

struct Centroids;

impl ExperimentRunner for Centroids {
    type Spec = Spec;

    fn fit(&self, request: &FitRequest<Spec>, emit: &Emitter) -> Result<RunResult, RunnerError> {
        let dataset = open_dataset(&request.dataset_dir()?)?;
        let ontology = open_ontology(&dataset)?;
        let terms = PropagatedTerms::read(&dataset, &ontology).or_dataset("reading annotations")?;
        let embeddings = Embeddings::read(&dataset)?;
        let accretion = information_accretion(&dataset, &ontology)?;
        if accretion.is_none() && request.spec.minimum_information > 0.0 {
            return Err(RunnerError::invalid_spec(
                "/minimum_information",
                "the dataset has no information accretion; freeze it with --ia",
            ));
        }

        let mut proteins_of = BTreeMap::<_, Vec<usize>>::new();
        let mut of_taxon = BTreeMap::<u32, f64>::new();
        for protein in 0..dataset.len() {
            for &term in terms.terms(protein) {
                proteins_of.entry(term).or_default().push(protein);
            }
            if let Some(taxon) = dataset.taxon(protein) {
                *of_taxon.entry(taxon).or_default() += 1.0;
            }
        }
        let informative = |term| {
            let bits = accretion
                .as_ref()
                .map_or(0.0, |accretion| accretion.value(term));
            bits >= request.spec.minimum_information
        };
        proteins_of.retain(|term, _| informative(*term));

        let mut learned = Vec::new();
        let total = proteins_of.len() as u64;
        for (done, (term, proteins)) in proteins_of.into_iter().enumerate() {
            let mut centroid = vec![0.0; embeddings.width()];
            let mut share = BTreeMap::new();
            for &protein in &proteins {
                for (mean, value) in centroid.iter_mut().zip(embeddings.row(protein)) {
                    *mean += value / proteins.len() as f32;
                }
                if let Some(taxon) = dataset.taxon(protein) {
                    *share.entry(taxon).or_insert(0.0) += 1.0 / of_taxon[&taxon];
                }
            }
            let id = ontology.id(term).to_owned();
            learned.push(TermModel {
                id,
                centroid,
                of_taxon: share,
            });
            emit.progress(done as u64 + 1, total);
            emit.check()?;
        }
        let (spec, width) = (request.spec.clone(), embeddings.width());
        let model = Model {
            spec,
            width,
            terms: learned,
        };
        Ok(RunResult::new(request.write_model(&model)?))
    }

    fn evaluate(
        &self,
        request: &EvaluateRequest,
        emit: &Emitter,
    ) -> Result<EvalResult, RunnerError> {
        let model: Model = request.read_model()?;
        let dataset = open_dataset(&request.dataset_dir()?)?;
        let embeddings = model.embeddings(&dataset)?;
        assess(request, &dataset, emit, |predictions| {
            for protein in 0..dataset.len() {
                let mut scores = model.predict(embeddings.row(protein), dataset.taxon(protein));
                predictions.add(dataset.accession(protein), &mut scores)?;
                emit.check()?;
            }
            Ok(())
        })
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        let model: Model = request.read_model()?;
        request.bundle(&model.spec)?.finish()
    }
}

export_runner!(Centroids);
