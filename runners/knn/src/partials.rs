//! The neighbours in all references, from those in all parts of them.

use std::path::PathBuf;

use protea_cafa::{
    dataset::FrozenDataset,
    neighbours::{Neighbour, Neighbours},
};
use protea_contracts::{ReferenceShard, Sha256, content::digest_bytes, prelude::*};

use crate::{
    model::Model,
    partial_file::{Header, PartialReader},
    spec::KnnSpec,
};

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
    pub(crate) fn header(&self, model: &Model, shard: ReferenceShard, groups: usize) -> Header {
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

/// The neighbours in all references, from those in all parts.
pub(crate) struct Partials {
    parts: Vec<PartialReader>,
    pub(crate) groups: usize,
    k: usize,
    include_ties: bool,
    left: usize,
}

impl Partials {
    pub(crate) fn open(
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

    pub(crate) fn not_of(&self, what: &str) -> RunnerError {
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
