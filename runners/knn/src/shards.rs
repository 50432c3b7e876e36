//! A search that is split by references: writes the neighbours in a part of them, and predicts from the
//! neighbours in all parts.
//!
//! The result is that of one search, bit for bit. A distance depends on a query and a reference only, and
//! ties are broken by the row in the dataset, which a part keeps. So the nearest of all are among the
//! nearest of each part, and with `include_ties` every reference as near as the k-th is in the list of its
//! part, whose own k-th is not nearer.

use protea_cafa::prediction::PredictionSink;
use protea_contracts::{PredictionCounts, ReferenceShard, prelude::*, request::file_uri};

use crate::{
    model::Model,
    partial_file::PartialWriter,
    partials::{Datasets, Partials},
    predict::{Predictor, Prepared},
    references::{Indices, References, Scope},
    search::Searcher,
};

/// The name of the file in the output directory.
const NEIGHBOURS: &str = "neighbours.bin";

/// Searches for neighbours in a part of the references and writes them.
///
/// # Errors
///
/// [`RunnerError::Failed`] for a part without references or if the file cannot be written; those of a
/// search.
pub(crate) fn write(
    request: &PredictRequest,
    shard: ReferenceShard,
    model: &Model,
    datasets: &Datasets<'_>,
    emit: &Emitter,
) -> Result<PredictResult, RunnerError> {
    let spec = &model.reference.spec;
    let rows = shard.rows(datasets.references.len());
    if shard.index >= shard.count || rows.is_empty() {
        return Err(RunnerError::failed(format!(
            "part {} of {} has no references: the model has {}; split them into at most that many parts",
            shard.index,
            shard.count,
            datasets.references.len()
        )));
    }
    emit.info(
        "runner.knn.partial_start",
        &json!({ "references": rows.len(), "of": datasets.references.len(), "queries": datasets.queries.len() }),
    );
    let scope = Scope::Rows(rows);
    let references = References::open_some(datasets.references, &scope, spec, emit)?;
    let prepared = Prepared::new(spec, &references)?;
    let searcher = Searcher::new(
        spec,
        &references,
        prepared.halved(),
        prepared.indices(),
        datasets.queries,
        emit,
    )?;
    let path = request.output_dir()?.join(NEIGHBOURS);
    let doing = format!("writing {}", path.display());
    let header = datasets.header(model, shard, searcher.groups());
    let mut file = PartialWriter::create(&path, &header).or_failed(&doing)?;
    let queries: Vec<usize> = (0..datasets.queries.len()).collect();
    let (total, mut done) = (queries.len() as u64, 0);
    for block in queries.chunks(searcher.block()) {
        let report = |part: f64| {
            emit.progress(done + (part * block.len() as f64) as u64, total);
        };
        let found = searcher.find(block, emit, &report)?;
        file.add(&found).or_failed(&doing)?;
        done += block.len() as u64;
    }
    file.finish().or_failed(&doing)?;
    emit.progress(total, total);
    let mut result = PredictResult::new(file_uri(&path)?, PredictionCounts::default());
    result.extras.extend(searcher.record.extras());
    Ok(result)
}

/// Predicts from the neighbours in all parts.
///
/// # Errors
///
/// [`RunnerError::Failed`] for partial results that are damaged, or are not those of all parts of these
/// references for these queries; those of a prediction.
pub(crate) fn predict(
    request: &PredictRequest,
    model: &Model,
    datasets: &Datasets<'_>,
    emit: &Emitter,
    predictions: &mut PredictionSink<'_>,
) -> Result<(), RunnerError> {
    let spec = &model.reference.spec;
    let open = || Partials::open(request, model, datasets);
    // Read twice, so that only the annotations of neighbours are in memory.
    let mut voting = vec![0_u64; datasets.references.len().div_ceil(64)];
    let mut first = open()?;
    let mut left = datasets.queries.len();
    while left > 0 {
        emit.check()?;
        let queries = left.min(first.block());
        let found = first.next(queries)?;
        for neighbour in found.iter() {
            voting[neighbour.row as usize / 64] |= 1 << (neighbour.row % 64);
        }
        left -= queries;
    }
    // Each part is an open file.
    drop(first);
    let scope = Scope::Neighbours(&voting);
    let references = References::open_some(datasets.references, &scope, spec, emit)?;
    let indices = Indices::of_neighbours(&references, spec.per_aspect)?;
    let partials = open()?;
    if partials.groups != indices.namespaces.len() {
        return Err(partials.not_of("another number of indices"));
    }
    let mut predictor =
        Predictor::from_partials(spec, &references, &indices, datasets.queries, partials)?;
    predictor.calibration = model.calibration.as_ref();
    predictor.predict(emit, predictions)
}
