//! The runner: what the host calls.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use protea_cafa::{
    assessment::{PredictionSink, assess, open_dataset},
    dataset::{FrozenDataset, MANIFEST_FILE},
};
use protea_contracts::prelude::*;
use rayon::prelude::*;

use crate::{
    explain,
    references::{self, Indices, References},
    search::{self, Index, Membership, Neighbours, RowBlock, SearchError, SearchOptions},
    spec::{KnnSpec, Metric},
    transfer::Transfer,
};

/// The directory of the reference set in an export.
const EXPORTED_REFERENCES: &str = "references";
/// Queries whose predictions are held in memory at a time.
const QUERIES_AT_A_TIME: usize = 8192;

/// Predicts a protein's terms from its nearest neighbours.
#[derive(Debug, Default)]
pub struct KnnRunner;

impl ExperimentRunner for KnnRunner {
    type Spec = KnnSpec;

    fn fit(&self, _: &FitRequest<KnnSpec>, _: &Emitter) -> Result<RunResult, RunnerError> {
        Err(RunnerError::unsupported(
            "fit",
            "knn has no training step, the reference set is its model; give evaluate a reference model that names the dataset",
        ))
    }

    fn evaluate(
        &self,
        request: &EvaluateRequest,
        emit: &Emitter,
    ) -> Result<EvalResult, RunnerError> {
        let model: ReferenceModel<KnnSpec> = request.read_model()?;
        let reference_set = open_references(&model, &request.model_path()?)?;
        let queries = open_dataset(&request.dataset_dir()?)?;
        check_comparable(&reference_set, &queries, emit)?;
        assess(request, &queries, emit, |predictions| {
            let references = References::open(&reference_set, emit)?;
            predict(&model.spec, &references, &queries, emit, predictions)
        })
    }

    fn export(&self, request: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
        let model: ReferenceModel<KnnSpec> = request.read_model()?;
        let reference_set = open_references(&model, &request.model_path()?)?;
        let mut bundle = request.bundle(&model.spec)?;
        bundle.write_model(&ReferenceModel {
            dataset_uri: EXPORTED_REFERENCES.to_owned(),
            ..model
        })?;
        let directory = bundle.directory().join(EXPORTED_REFERENCES);
        fs::create_dir_all(&directory).or_failed("making the directory of the references")?;
        let listed = reference_set.manifest().files.iter();
        for name in listed.map(|file| file.path.as_str()).chain([MANIFEST_FILE]) {
            let copy = bundle.add("references", &format!("{EXPORTED_REFERENCES}/{name}"));
            fs::copy(reference_set.directory().join(name), &copy)
                .or_failed(&format!("copying the references' {name}"))?;
        }
        bundle.finish()
    }

    fn explains(&self) -> bool {
        true
    }

    fn explain(
        &self,
        request: &ExplainRequest,
        emit: &Emitter,
    ) -> Result<Explanation, RunnerError> {
        explain::explain(request, emit)
    }
}

export_runner!(KnnRunner, name: "knn");

/// Opens the reference set that a model names, if it still is what the model was made with.
pub(crate) fn open_references(
    model: &ReferenceModel<KnnSpec>,
    path: &Path,
) -> Result<FrozenDataset, RunnerError> {
    let directory = model.dataset_dir(path)?;
    let dataset = FrozenDataset::open(&directory).or_model(&format!(
        "opening its references at {}",
        directory.display()
    ))?;
    if dataset.sha256() != model.dataset_sha256 {
        return Err(RunnerError::Model {
            message: format!(
                "its references at {} are another dataset now (manifest SHA-256 {}, not {}); fit again",
                directory.display(),
                dataset.sha256(),
                model.dataset_sha256
            ),
        });
    }
    dataset.verify().or_model("checking its references")?;
    Ok(dataset)
}

/// Vectors can only be compared that were made alike.
pub(crate) fn check_comparable(
    references: &FrozenDataset,
    queries: &FrozenDataset,
    emit: &Emitter,
) -> Result<(), RunnerError> {
    let describe = |dataset: &FrozenDataset| {
        let embedding = dataset.manifest().embedding.as_ref();
        embedding
            .map(|embedding| (embedding.width, embedding.source.clone()))
            .ok_or_else(|| RunnerError::Dataset {
                message: format!(
                    "{} has no embeddings; freeze it with `--embeddings E.npy --ids I.txt` or `--features kmer`",
                    dataset.directory().display()
                ),
            })
    };
    let (reference_width, reference_source) = describe(references)?;
    let (query_width, query_source) = describe(queries)?;
    if reference_width != query_width {
        return Err(RunnerError::Dataset {
            message: format!(
                "the embeddings of {} are {query_width} wide, those of the references {} are {reference_width}; freeze both with the same embedding",
                queries.directory().display(),
                references.directory().display()
            ),
        });
    }
    if let (Some(reference_source), Some(query_source)) = (reference_source, query_source)
        && reference_source != query_source
    {
        emit.warning(
            "runner.knn.embedding_source",
            &format!(
                "the embeddings come from different sources ({reference_source:?} and {query_source:?}); their distances mean nothing unless both are the same embedding"
            ),
            &json!({}),
        );
    }
    queries
        .check_finite()
        .or_dataset("checking the embeddings to predict for")
}

fn predict(
    spec: &KnnSpec,
    references: &References<'_>,
    queries: &FrozenDataset,
    emit: &Emitter,
    predictions: &mut PredictionSink<'_>,
) -> Result<(), RunnerError> {
    emit.info(
        "runner.knn.search_start",
        &json!({ "references": references.dataset.len(), "queries": queries.len(), "k": spec.k }),
    );
    let indices = references.indices(spec.per_aspect)?;
    let excluded: Option<Vec<Option<u32>>> = spec.exclude_self.then(|| {
        (0..queries.len())
            .map(|query| itself(references.dataset, queries, query))
            .collect()
    });
    let neighbours = find_neighbours(
        spec,
        references,
        &indices,
        &references::rows(queries)?,
        excluded.as_deref(),
        emit,
    )?;

    let ontology = references.ontology();
    for first in (0..queries.len()).step_by(QUERIES_AT_A_TIME) {
        emit.check()?;
        let last = queries.len().min(first + QUERIES_AT_A_TIME);
        let predicted: Vec<_> = (first..last)
            .into_par_iter()
            .map_init(
                || Transfer::new(references, &indices, spec),
                |transfer, query| transfer.predict(&neighbours, query),
            )
            .collect();
        for (query, terms) in (first..last).zip(predicted) {
            let mut terms: Vec<(&str, f64)> = terms
                .into_iter()
                .map(|(term, score)| (ontology.id(term), score))
                .collect();
            predictions.add(queries.accession(query), &mut terms)?;
        }
    }
    Ok(())
}

/// The row of a query among the references, if it is one.
pub(crate) fn itself(
    references: &FrozenDataset,
    queries: &FrozenDataset,
    query: usize,
) -> Option<u32> {
    let row = references.index_of(queries.accession(query))?;
    u32::try_from(row).ok()
}

/// The nearest references of every query, in every index; a query's `excluded` is passed over.
pub(crate) fn find_neighbours(
    spec: &KnnSpec,
    references: &References<'_>,
    indices: &Indices,
    queries: &[RowBlock<'_>],
    excluded: Option<&[Option<u32>]>,
    emit: &Emitter,
) -> Result<Neighbours, RunnerError> {
    let width = references.dataset.embedding_width().unwrap_or_default();
    let index = Index::new(
        width,
        references::rows(references.dataset)?,
        Membership::Masks {
            masks: &indices.masks,
            groups: indices.namespaces.len(),
        },
        match spec.metric {
            Metric::Cosine => search::Metric::Cosine,
            Metric::L2 => search::Metric::L2,
        },
    )
    .or_failed("preparing the references")?;
    let options = SearchOptions {
        exclude: excluded,
        ..SearchOptions::nearest(spec.k as usize)
    };
    // Threads report as they come; what goes out never falls.
    let reported = Mutex::new(0);
    let report = |done, total| {
        let mut reported = reported.lock().unwrap_or_else(PoisonError::into_inner);
        if done > *reported {
            *reported = done;
            emit.progress(done, total);
        }
        !emit.is_cancelled()
    };
    index
        .search(queries, &options, &report)
        .map_err(|error| match error {
            SearchError::Cancelled => RunnerError::Cancelled,
            error => RunnerError::failed(format!("searching the neighbours: {error}")),
        })
}
