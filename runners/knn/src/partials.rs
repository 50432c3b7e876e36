//! A search that is split by references: writes the neighbours in a part of them, and predicts from the
//! neighbours in all parts.
//!
//! The result is that of one search, bit for bit. A distance depends on a query and a reference only, and
//! ties are broken by the row in the dataset, which a part keeps. So the nearest of all are among the
//! nearest of each part, and with `include_ties` every reference as near as the k-th is in the list of its
//! part, whose own k-th is not nearer.

use std::path::PathBuf;

use protea_cafa::{
    dataset::FrozenDataset,
    neighbours::{Neighbour, Neighbours},
    prediction::PredictionSink,
};
use protea_contracts::{
    PredictionCounts, ReferenceShard, Sha256, content::digest_bytes, prelude::*, request::file_uri,
};

use crate::{
    model::Model,
    partial_file::{Header, PartialReader, PartialWriter},
    predict::{Predictor, Prepared},
    references::{Indices, References, Scope},
    search::Searcher,
    spec::KnnSpec,
};

/// The name of the file in the output directory.
const NEIGHBOURS: &str = "neighbours.bin";
/// Bytes of neighbours in memory at a time.
const BLOCK_BYTES: usize = 64 << 20;
/// The most queries at a time.
const LARGEST_BLOCK: usize = 8192;

/// What a call is about.
pub(crate) struct Datasets<'d> {
    pub(crate) references: &'d FrozenDataset,
    pub(crate) queries: &'d FrozenDataset,
}

impl Datasets<'_> {
    fn header(&self, model: &Model, shard: ReferenceShard, groups: usize) -> Header {
        Header {
            references: self.references.sha256(),
            reference_count: self.references.len(),
            queries: self.queries.sha256(),
            query_count: self.queries.len(),
            spec: digest(&model.reference.spec),
            shard,
            groups,
        }
    }
}

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

/// The neighbours in all references, from those in all parts.
pub(crate) struct Partials {
    parts: Vec<PartialReader>,
    groups: usize,
    k: usize,
    include_ties: bool,
    left: usize,
}

impl Partials {
    fn open(
        request: &PredictRequest,
        model: &Model,
        datasets: &Datasets<'_>,
    ) -> Result<Self, RunnerError> {
        let spec = &model.reference.spec;
        let mut parts = Vec::with_capacity(request.partials.len());
        for uri in &request.partials {
            let path: PathBuf = uri.to_file_path().map_err(|()| {
                RunnerError::failed(format!("{uri} is not the URI of a local file"))
            })?;
            parts.push(PartialReader::open(&path)?);
        }
        let groups = parts.first().map_or(1, |part| part.header().groups);
        let partials = Self {
            groups,
            k: spec.k as usize,
            include_ties: spec.include_ties,
            left: datasets.queries.len(),
            parts,
        };
        let count = partials.parts.len();
        for (index, part) in partials.parts.iter().enumerate() {
            let expected = datasets.header(model, ReferenceShard { index, count }, groups);
            if *part.header() != expected {
                return Err(RunnerError::failed(format!(
                    "{} is not the partial result for part {index} of {count}: {}",
                    part.path().display(),
                    difference(part.header(), &expected)
                )));
            }
        }
        if !(1..=8).contains(&groups) {
            return Err(partials.not_of("a number of indices that is not 1 to 8"));
        }
        Ok(partials)
    }

    fn not_of(&self, what: &str) -> RunnerError {
        let paths: Vec<String> = self
            .parts
            .iter()
            .take(3)
            .map(|part| part.path().display().to_string())
            .collect();
        RunnerError::failed(format!(
            "the partial results {} have {what}",
            paths.join(", ")
        ))
    }

    /// How many queries to ask for at a time.
    pub(crate) fn block(&self) -> usize {
        let most = self
            .k
            .saturating_mul(self.groups)
            .saturating_mul(size_of::<Neighbour>());
        (BLOCK_BYTES / most.max(1)).clamp(1, LARGEST_BLOCK)
    }

    /// The neighbours of the next queries.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] when a part cannot be read or is damaged.
    pub(crate) fn next(&mut self, queries: usize) -> Result<Neighbours, RunnerError> {
        let mut lists = Vec::with_capacity(queries * self.groups);
        for _ in 0..queries * self.groups {
            let mut list = Vec::new();
            for part in &mut self.parts {
                part.list(&mut list)?;
            }
            // Each part is sorted, which a stable sort makes use of.
            list.sort_by(Neighbour::order);
            list.truncate(self.kept(&list));
            lists.push(list);
        }
        self.left = self.left.saturating_sub(queries);
        if self.left == 0 {
            self.parts
                .iter_mut()
                .try_for_each(PartialReader::check_end)?;
        }
        Ok(Neighbours::from_lists(self.groups, lists))
    }

    /// How many of a sorted list are neighbours.
    fn kept(&self, list: &[Neighbour]) -> usize {
        let Some(last) = list.get(self.k - 1).filter(|_| self.include_ties) else {
            return self.k.min(list.len());
        };
        list.partition_point(|neighbour| neighbour.distance <= last.distance)
    }
}

/// What differs between the header of a file and the expected one.
fn difference(found: &Header, expected: &Header) -> String {
    let part = |header: &Header| format!("part {} of {}", header.shard.index, header.shard.count);
    let hashes = [
        ("references", found.references, expected.references),
        ("queries", found.queries, expected.queries),
        ("settings", found.spec, expected.spec),
    ];
    match hashes.iter().find(|(_, found, expected)| found != expected) {
        Some((what, found, expected)) => {
            format!("its {what} have SHA-256 {found}, those of this call {expected}")
        }
        None => format!("it is {}", part(found)),
    }
}

fn digest(spec: &KnnSpec) -> Sha256 {
    digest_bytes(json!(spec).to_string().as_bytes())
}
