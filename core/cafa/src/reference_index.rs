//! The index of a reference set, with what earlier calls computed from the same references.
//!
//! A search with pruning computes norms, leading directions and leading coordinates of all references.
//! They depend on the references only, so the user's cache keeps them in files. The name of a file
//! begins with the identity of the references: the SHA-256 of the dataset, which proteins and groups
//! take part, the precision and the metric, and the version of protea.
//!
//! The cache is used only for references whose files the call has hashed, so that no file in it
//! belongs to other content than its name says. In a sandbox, a runner cannot open the cache and
//! computes everything in memory.

use std::{env, fmt, ops::Range, path::Path, sync::Arc};

use protea_contracts::{Emitter, content::digest_bytes, prelude::json};
use protea_files::ComputedFiles;

use crate::{
    dataset::{FrozenDataset, map_computed},
    neighbours::{
        CachePart, CachedBytes, DistanceMetric, Index, IndexCache, Membership,
        NeighbourSearchError, RowBlock, Values,
    },
};

/// If this variable is `off`, nothing is kept or taken from the cache.
const SWITCH: &str = "PROTEA_INDEX_CACHE";

/// Where the parts of indexes are kept.
#[derive(Debug, Clone)]
pub struct IndexFiles(Option<ComputedFiles>);

impl IndexFiles {
    /// In the user's cache, unless `PROTEA_INDEX_CACHE` is `off`.
    #[must_use]
    pub fn of_user() -> Self {
        let is_off = env::var_os(SWITCH).is_some_and(|value| value == "off");
        Self(ComputedFiles::of_user().filter(|_| !is_off))
    }

    /// In this cache.
    #[must_use]
    pub fn below(cache: &Path) -> Self {
        Self(Some(ComputedFiles::below(cache)))
    }

    /// Creates the index of some proteins of a dataset, whose embeddings are in `blocks`: as they are,
    /// or rounded to half precision.
    ///
    /// # Errors
    ///
    /// Those of [`Index::new`].
    pub fn index<'a>(
        self,
        (dataset, proteins): (&'a FrozenDataset, &Range<usize>),
        blocks: Vec<RowBlock<'a>>,
        membership: Membership<'_>,
        metric: DistanceMetric,
        emit: &Emitter,
    ) -> Result<Index<'a>, NeighbourSearchError> {
        let width = dataset.embedding_width().unwrap_or_default();
        let Some(files) = self.0.filter(|_| dataset.is_verified()) else {
            return Index::new(width, blocks, membership, metric);
        };
        let identity = identity(dataset, proteins, &blocks, membership, metric);
        let cache = ReferenceCache {
            files,
            identity,
            dataset,
            emit: emit.clone(),
        };
        Index::with_cache(width, blocks, membership, metric, Arc::new(cache))
    }
}

/// Stands for everything that the numbers of an index depend on, besides the code.
fn identity(
    dataset: &FrozenDataset,
    proteins: &Range<usize>,
    blocks: &[RowBlock<'_>],
    membership: Membership<'_>,
    metric: DistanceMetric,
) -> String {
    let groups = match membership {
        Membership::Masks { masks, groups } => format!("{groups} {}", digest_bytes(masks)),
        _ => "all".to_owned(),
    };
    let is_half = |block: &RowBlock<'_>| matches!(block.values, Values::F16(_));
    let text = format!(
        "{}\n{}\n{proteins:?}\n{}\n{groups}\n{metric:?}\n",
        env!("CARGO_PKG_VERSION"),
        dataset.sha256(),
        if blocks.iter().any(is_half) {
            "f16"
        } else {
            "f32"
        },
    );
    digest_bytes(text.as_bytes()).to_string()
}

struct ReferenceCache<'d> {
    files: ComputedFiles,
    identity: String,
    dataset: &'d FrozenDataset,
    emit: Emitter,
}

impl ReferenceCache<'_> {
    fn file(&self, name: &str) -> String {
        format!("{}.{name}", self.identity)
    }

    fn tell(&self, what: &str, name: &str, bytes: usize, reason: Option<&str>) {
        self.emit.debug(
            &format!("runner.cafa.index_{what}"),
            &json!({ "file": self.file(name), "bytes": bytes, "reason": reason }),
        );
    }
}

impl IndexCache for ReferenceCache<'_> {
    fn load(&self, name: &str) -> Option<CachedBytes> {
        let file = self.files.open(&self.file(name))?;
        let bytes = map_computed(&file).ok()?;
        self.tell("loaded", name, (*bytes).as_ref().len(), None);
        Some(bytes)
    }

    fn save(&self, parts: &[CachePart<'_>]) {
        // First what fails soon if the cache cannot be written, as in a sandbox.
        let prepared = self.files.prepare().map_err(|error| error.to_string());
        // The numbers come from the files as they were mapped. If one has changed since it was hashed,
        // they may be those of other content.
        let verified = prepared.and_then(|()| {
            let verified = self.dataset.verify_changed();
            verified.map_err(|error| error.to_string())
        });
        for part in parts {
            let bytes = part.pieces.iter().map(|piece| piece.len()).sum();
            let written = verified.clone().and_then(|()| {
                let written = self.files.write(&self.file(part.name), &part.pieces);
                written.map_err(|error| error.to_string())
            });
            match written {
                Ok(()) => self.tell("saved", part.name, bytes, None),
                Err(reason) => self.tell("not_saved", part.name, bytes, Some(&reason)),
            }
        }
    }

    fn reject(&self, name: &str, reason: &'static str) {
        self.tell("rejected", name, 0, Some(reason));
    }
}

impl fmt::Debug for ReferenceCache<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReferenceCache")
            .field("files", &self.files)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}
