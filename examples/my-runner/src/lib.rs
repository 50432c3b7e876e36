//! An example runner: predicts the terms that are frequent among proteins of similar length.

use std::collections::BTreeMap;

use protea_cafa::assessment::{assess, open_dataset, open_ontology};
use protea_cafa::propagated::PropagatedTerms;
use protea_contracts::prelude::*;

spec! {
    /// The settings that a user may choose.
    pub struct LengthSpec {
        /// Width of a length class in residues. Proteins in the same class count as similar.
        #[schemars(range(min = 1))]
        pub span: usize,
    }
}

impl Default for LengthSpec {
    fn default() -> Self {
        Self { span: 100 }
    }
}

/// The result of `fit`: by length class, the fraction of its proteins that have each term.
#[derive(Serialize, Deserialize)]
#[serde(crate = "protea_contracts::prelude::serde")]
struct Model {
    spec: LengthSpec,
    frequencies: BTreeMap<usize, BTreeMap<String, f64>>,
}

struct LengthRunner;

impl ExperimentRunner for LengthRunner {
    type Spec = LengthSpec;

    fn fit(&self, request: &FitRequest<LengthSpec>, emit: &Emitter) -> Result<RunResult, RunnerError> {
        let dataset = open_dataset(&request.dataset_dir()?)?;
        let ontology = open_ontology(&dataset)?;
        let terms = PropagatedTerms::read(&dataset, &ontology).or_dataset("reading annotations")?;
        emit.info("runner.length.fit_start", &json!({ "proteins": dataset.len() }));

        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for protein in 0..dataset.len() {
            let length = dataset.sequence(protein).map_or(0, str::len);
            members.entry(length / request.spec.span).or_default().push(protein);
        }
        let frequencies = members
            .into_iter()
            .map(|(span, proteins)| {
                let share = 1.0 / proteins.len() as f64;
                let mut frequency = BTreeMap::new();
                for &term in proteins.iter().flat_map(|&protein| terms.terms(protein)) {
                    *frequency.entry(ontology.id(term).to_owned()).or_insert(0.0) += share;
                }
                (span, frequency)
            })
            .collect();
        let spec = request.spec.clone();
        Ok(RunResult::new(request.write_model(&Model { spec, frequencies })?))
    }

    fn evaluate(&self, request: &EvaluateRequest, emit: &Emitter) -> Result<EvalResult, RunnerError> {
        let model: Model = request.read_model()?;
        let dataset = open_dataset(&request.dataset_dir()?)?;
        assess(request, &dataset, emit, |predictions| {
            for protein in 0..dataset.len() {
                let length = dataset.sequence(protein).map_or(0, str::len);
                let class = model.frequencies.get(&(length / model.spec.span));
                let mut scores: Vec<(&str, f64)> = class
                    .into_iter()
                    .flatten()
                    .map(|(term, frequency)| (term.as_str(), frequency.min(1.0)))
                    .collect();
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

export_runner!(LengthRunner, name: "length");
