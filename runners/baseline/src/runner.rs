//! The operations that the host calls.

use std::{
    fs,
    path::{Path, PathBuf},
};

use protea_cafa::{
    assessment::{assess, open_dataset},
    dataset::FrozenDataset,
    prediction::{PredictionSink, with_threads, write_predictions},
};
use protea_contracts::prelude::{
    serde_json::{Map, Value},
    *,
};

use crate::{
    align::{self, Database, DatabaseOrigin, EarlierDatabase, InstalledAligner, Scratch},
    explain::{explain_frequencies, naive_evidence, predicted_frequencies},
    model::Model,
    naive::TermFrequencies,
    spec::{BaselineSpec, Method},
};

/// Baselines that need no embeddings.
#[derive(Debug, Default)]
pub struct BaselineRunner;

impl ExperimentRunner for BaselineRunner {
    type Spec = BaselineSpec;

    fn programs(&self) -> Vec<ProgramDeclaration> {
        align::declarations()
    }

    fn fit(
        &self,
        request: &FitRequest<BaselineSpec>,
        emit: &Emitter,
    ) -> Result<RunResult, RunnerError> {
        let dataset = open_dataset(&request.dataset_dir()?)?;
        emit.info(
            "runner.baseline.fit_start",
            &json!({ "proteins": dataset.len() }),
        );
        match request.spec.method {
            Method::Naive => count_terms(request, &dataset, emit),
            _ => make_database(request, &dataset, emit),
        }
    }

    fn evaluate(
        &self,
        request: &EvaluateRequest,
        emit: &Emitter,
    ) -> Result<EvalResult, RunnerError> {
        let task = Task::open(request)?;
        let output = request.output_dir()?;
        let mut extras = Extras::new();
        let mut result = assess(request, &task.dataset, emit, |predictions| {
            extras = task.predict(&output, emit, predictions)?;
            Ok(())
        })?;
        result.extras.extend(extras);
        Ok(result)
    }

    fn predicts(&self) -> bool {
        true
    }

    fn predict(
        &self,
        request: &PredictRequest,
        emit: &Emitter,
    ) -> Result<PredictResult, RunnerError> {
        let task = Task::open(request)?;
        let output = request.output_dir()?;
        let mut extras = Extras::new();
        let mut result = write_predictions(request, &task.dataset, emit, |predictions| {
            extras = task.predict(&output, emit, predictions)?;
            Ok(())
        })?;
        result.extras.extend(extras);
        Ok(result)
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        let model = Model::read(request)?;
        let path = request.model_path()?;
        let mut bundle = request.bundle(&model.spec)?;
        match &model.database {
            Some(database) => database.copy(directory(&path), &mut bundle)?,
            // Models of earlier versions have none.
            None => {
                let ontology = directory(&path).join(align::ONTOLOGY);
                if ontology.symlink_metadata().is_ok_and(|it| it.is_file()) {
                    fs::copy(ontology, bundle.add("ontology", align::ONTOLOGY))
                        .or_failed("copying the ontology")?;
                }
            }
        }
        bundle.finish()
    }

    fn explains(&self) -> bool {
        true
    }

    fn explain(&self, request: &ExplainRequest, _: &Emitter) -> Result<Explanation, RunnerError> {
        let model = Model::read(request)?;
        match &model.frequencies {
            Some(frequencies) if model.spec.method == Method::Naive => {
                explain_frequencies(request, &model, frequencies)
            }
            _ => Err(RunnerError::unsupported(
                "explain",
                "only the method `naive` explains its scores; the hits of the other methods are in hits.tsv, in the directory of the predictions",
            )),
        }
    }
}

export_runner!(BaselineRunner, name: "baseline");

fn directory(model: &Path) -> &Path {
    model.parent().unwrap_or(Path::new("."))
}

fn count_terms(
    request: &FitRequest<BaselineSpec>,
    dataset: &FrozenDataset,
    emit: &Emitter,
) -> Result<RunResult, RunnerError> {
    let frequencies = TermFrequencies::count(dataset, emit)?;
    let terms = frequencies.len();
    let spec = &request.spec;
    let calibrated = spec
        .calibrate
        .then(|| frequencies.calibrated(dataset, spec.minimum_score, request.seed))
        .transpose()?;
    // With it, an export can name its terms and predict without the training set.
    fs::copy(
        dataset.ontology_path(),
        request.output_dir()?.join(align::ONTOLOGY),
    )
    .or_failed("copying the ontology")?;
    let model_uri = request.write_model(&Model {
        spec: spec.clone(),
        frequencies: Some(frequencies),
        calibrated,
        database: None,
        calibration: None,
    })?;
    Ok(RunResult::new(model_uri).with_extra("terms", terms))
}

fn make_database(
    request: &FitRequest<BaselineSpec>,
    dataset: &FrozenDataset,
    emit: &Emitter,
) -> Result<RunResult, RunnerError> {
    let output = request.output_dir()?;
    let scratch = Scratch::create_in(&output)?;
    let aligner = InstalledAligner::find(request.spec.method, scratch.path(), emit)?;
    let threads = match request.threads {
        0 => std::thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let earlier = request.earlier_models.iter();
    let earlier = earlier.filter_map(|uri| uri.to_file_path().ok());
    let earlier: Vec<EarlierDatabase> = [output.join("model.json")]
        .into_iter()
        .chain(earlier)
        .filter_map(|model| earlier_database(&model))
        .collect();
    let (database, origin) = Database::make(
        dataset,
        &aligner,
        &output,
        scratch.path(),
        earlier,
        threads,
        emit,
    )?;
    let references = database.references;
    // The database can be opened now.
    let calibration = request
        .spec
        .calibrate
        .then(|| {
            let task = align::Task {
                spec: &request.spec,
                database: &database,
                directory: &output,
                dataset,
                output: &output,
                aligner: &aligner,
                calibration: None,
            };
            with_threads(request.threads, || {
                align::calibrate(&task, request.seed, emit)
            })
        })
        .transpose()?;
    let model_uri = request.write_model(&Model {
        spec: request.spec.clone(),
        frequencies: None,
        calibrated: None,
        database: Some(database),
        calibration,
    })?;
    Ok(RunResult::new(model_uri)
        .with_extra("program", aligner.program())
        .with_extra("program_version", aligner.version())
        .with_extra("references", references)
        .with_extra(
            "database",
            match origin {
                DatabaseOrigin::Made => "made",
                DatabaseOrigin::Reused => "reused",
            },
        ))
}

/// The database of an earlier model; `None` if the document cannot be read or has none.
fn earlier_database(model: &Path) -> Option<EarlierDatabase> {
    let document = fs::read(model).ok()?;
    Some(EarlierDatabase {
        database: serde_json::from_slice::<Model>(&document).ok()?.database?,
        directory: directory(model).to_owned(),
    })
}

/// What `evaluate` and `predict` read.
struct Task {
    model: Model,
    /// Where the model is.
    path: PathBuf,
    dataset: FrozenDataset,
}

/// What a method tells of a call besides its predictions, by name.
type Extras = Map<String, Value>;

impl Task {
    fn open(request: &(impl HasModel + HasDataset)) -> Result<Self, RunnerError> {
        Ok(Self {
            model: Model::read(request)?,
            path: request.model_path()?,
            dataset: open_dataset(&request.dataset_dir()?)?,
        })
    }

    fn predict(
        &self,
        output: &Path,
        emit: &Emitter,
        predictions: &mut PredictionSink<'_>,
    ) -> Result<Extras, RunnerError> {
        let model = &self.model;
        match (model.spec.method, &model.frequencies, &model.database) {
            (Method::Naive, Some(frequencies), _) => {
                self.predict_by_frequency(frequencies, emit, predictions)?;
                Ok(Extras::new())
            }
            (Method::Naive, None, _) | (_, _, None) => Err(RunnerError::Model {
                message: "the model lacks the result of its method's training; fit again"
                    .to_owned(),
            }),
            (_, _, Some(database)) => {
                self.predict_by_alignment(database, output, emit, predictions)
            }
        }
    }

    fn predict_by_frequency(
        &self,
        frequencies: &TermFrequencies,
        emit: &Emitter,
        predictions: &mut PredictionSink<'_>,
    ) -> Result<(), RunnerError> {
        let dataset = &self.dataset;
        let predicted = predicted_frequencies(&self.model, frequencies);
        // It is the same for every protein.
        let explains = predictions.contributions() > 0;
        let evidence = explains.then(|| naive_evidence(&self.model, &predicted, frequencies));
        for protein in 0..dataset.len() {
            if protein % 1024 == 0 {
                emit.progress(protein as u64, dataset.len() as u64);
                emit.check()?;
            }
            let accession = dataset.accession(protein);
            let evidence = evidence.clone().map(|mut evidence| {
                accession.clone_into(&mut evidence.accession);
                evidence
            });
            predictions.add_explained(accession, &mut predicted.clone(), evidence)?;
        }
        emit.progress(dataset.len() as u64, dataset.len() as u64);
        Ok(())
    }

    fn predict_by_alignment(
        &self,
        database: &Database,
        output: &Path,
        emit: &Emitter,
        predictions: &mut PredictionSink<'_>,
    ) -> Result<Extras, RunnerError> {
        let spec = &self.model.spec;
        let aligner = {
            let scratch = Scratch::create_in(output)?;
            InstalledAligner::find(spec.method, scratch.path(), emit)?
        };
        if aligner.version() != database.program_version {
            emit.warning(
                "runner.baseline.program_version",
                &format!(
                    "the database was made with {} {} and is searched with version {}; fit again if the program cannot read it",
                    database.program,
                    database.program_version,
                    aligner.version()
                ),
                &json!({}),
            );
        }
        let hits = align::predict(
            &align::Task {
                spec,
                database,
                directory: directory(&self.path),
                dataset: &self.dataset,
                output,
                aligner: &aligner,
                calibration: self.model.calibration.as_ref(),
            },
            emit,
            predictions,
        )?;
        let extras = [
            ("program", json!(aligner.program())),
            ("program_version", json!(aligner.version())),
            ("hits", json!(hits)),
        ];
        Ok(extras
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect())
    }
}
