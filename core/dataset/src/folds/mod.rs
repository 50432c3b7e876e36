//! Folds of a frozen dataset for cross-validation: each protein is held out once.
//!
//! ```text
//! <cache>/<SHA-256 of the dataset>-<k>-<seed>-<grouping>/
//!   folds.tsv            accession and fold of every protein
//!   fold-0/train/        a frozen dataset: the proteins of the other folds
//!   fold-0/eval/         a frozen dataset: the proteins of the fold
//!   fold-1/…
//! ```
//!
//! The same dataset, number of folds, seed and groups give the same files byte for byte, so a fold
//! has the same identity on every machine. Its manifest has the creation time of the dataset and
//! names it as the parent.
//!
//! **Information accretion** is copied unchanged from the dataset to every fold. In CAFA the
//! organisers compute one table from the annotations that are known when the challenge starts and
//! weight all predictions with it: it is part of the benchmark and not training data. If each fold
//! had its own table, its scores would have different weights, and neither their mean nor a
//! comparison with the benchmark's test set would be meaningful. Folds of a dataset without a table
//! have no table.

mod assign;
pub(super) mod groups;

use std::{
    fs,
    io::Write,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use protea_contracts::content::digest_bytes;
use protea_files::StagingError;

use super::{
    error::DatasetError,
    freeze::Tally,
    frozen::FrozenDataset,
    staging::{self, sync_directory, write_new},
    subset::Subset,
};

pub use groups::Grouping;

/// How to assign the proteins of a dataset to folds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldsRequest {
    /// Number of folds, at least 2.
    pub folds: usize,
    /// Seed of the random assignment.
    pub seed: u64,
    /// Proteins that stay together.
    pub grouping: Grouping,
}

/// The folds of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Folds {
    /// Directory of all folds.
    pub directory: PathBuf,
    /// The folds, in order.
    pub folds: Vec<FoldPlace>,
    /// Number of groups; without grouping, the number of proteins.
    pub groups: usize,
    /// The taxa without an ancestor of the rank, each of which is a group; for groups by clade.
    pub without_rank: Tally,
    /// Whether the folds were found in the cache.
    pub cached: bool,
}

/// The datasets of a fold.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoldPlace {
    /// Directory of the training dataset: the proteins of the other folds.
    pub train: PathBuf,
    /// Directory of the evaluation dataset: the proteins of the fold.
    pub eval: PathBuf,
    /// Number of proteins in the fold.
    pub proteins: usize,
}

/// Creates the folds of a dataset in the directory `cache`, or reuses them. They are published
/// atomically. Calls `watch` with the number of datasets written and their total; `Break` cancels
/// the work. The proteins and annotations of each fold take as much space as those of the dataset;
/// the ontology and the other whole files take it once.
///
/// # Errors
///
/// [`DatasetError::Folds`] for an invalid number of folds, or if a protein has no group;
/// [`DatasetError::Input`] if the file of clusters cannot be read; [`DatasetError::Cancelled`] if
/// `watch` returned `Break`; [`DatasetError::Write`] if writing fails.
pub fn folds(
    dataset: &FrozenDataset,
    request: &FoldsRequest,
    cache: &Path,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Folds, DatasetError> {
    let folds_error = |problem| DatasetError::Folds {
        dataset: dataset.directory().to_owned(),
        problem,
    };
    let groups = groups::group_proteins(dataset, &request.grouping, folds_error)?;
    let assigned = assign::assign(
        &groups.of_protein,
        groups.count,
        request.folds,
        request.seed,
    )
    .map_err(folds_error)?;
    let name = format!(
        "{}-{}-{}-{}",
        dataset.sha256(),
        request.folds,
        request.seed,
        grouping_name(&request.grouping, &groups.of_protein)
    );
    let directory = cache.join(name);
    let cached = directory.is_dir();
    if !cached {
        fs::create_dir_all(cache).map_err(DatasetError::write(cache))?;
        write(dataset, request.folds, &assigned, &directory, watch)?;
    }
    let folds = (0..request.folds).map(|fold| {
        let fold_directory = directory.join(format!("fold-{fold}"));
        FoldPlace {
            train: fold_directory.join("train"),
            eval: fold_directory.join("eval"),
            proteins: assigned.iter().filter(|other| **other == fold).count(),
        }
    });
    Ok(Folds {
        folds: folds.collect(),
        directory,
        groups: groups.count,
        without_rank: groups.without_rank(),
        cached,
    })
}

/// The name of the grouping in the cache. Clusters are identified by the groups that they give, not
/// by the path of their file.
fn grouping_name(grouping: &Grouping, of_protein: &[u32]) -> String {
    match grouping {
        Grouping::None => "none".to_owned(),
        Grouping::Taxon => "taxon".to_owned(),
        Grouping::Clade(rank) => {
            format!("clade-{:.16}", digest_bytes(rank.as_bytes()))
        }
        Grouping::Clusters(_) => {
            let bytes: Vec<u8> = of_protein.iter().flat_map(|g| g.to_le_bytes()).collect();
            format!("clusters-{:.16}", digest_bytes(&bytes))
        }
    }
}

fn write(
    dataset: &FrozenDataset,
    folds: usize,
    assigned: &[usize],
    directory: &Path,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<(), DatasetError> {
    let staging = match staging::begin(directory) {
        Err(DatasetError::Exists(_)) if directory.is_dir() => return Ok(()),
        staging => staging?,
    };
    write_table(dataset, assigned, &staging.path().join("folds.tsv"))?;
    let (mut written, mut twin) = (0, None::<PathBuf>);
    let mut report = |written| match watch(written, 2 * folds) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DatasetError::Cancelled),
    };
    for fold in 0..folds {
        let fold_directory = staging.path().join(format!("fold-{fold}"));
        fs::create_dir(&fold_directory).map_err(DatasetError::write(&fold_directory))?;
        for (half, held_out) in [("train", false), ("eval", true)] {
            report(written)?;
            let proteins: Vec<usize> = (0..dataset.len())
                .filter(|&protein| (assigned[protein] == fold) == held_out)
                .collect();
            let name = format!("{}-fold-{fold}-{half}", dataset.manifest().name);
            let out = fold_directory.join(half);
            let subset = Subset {
                twin: twin.as_deref(),
                ..Subset::new(dataset, &proteins, &name)
            };
            subset.write(&out)?;
            twin.get_or_insert(out);
            written += 1;
        }
        sync_directory(&fold_directory)?;
    }
    report(written)?;
    match staging.publish_synced() {
        // Another process has published the same bytes meanwhile.
        Err(StagingError::Exists { .. }) if directory.is_dir() => Ok(()),
        published => Ok(published.map(drop)?),
    }
}

fn write_table(
    dataset: &FrozenDataset,
    assigned: &[usize],
    path: &Path,
) -> Result<(), DatasetError> {
    let mut text = Vec::from(b"accession\tfold\n");
    for (protein, fold) in assigned.iter().enumerate() {
        writeln!(text, "{}\t{fold}", dataset.accession(protein))
            .map_err(DatasetError::write(path))?;
    }
    write_new(path, text)
}
