//! Folds of a frozen dataset, for cross-validation: each protein is held out once.
//!
//! ```text
//! <cache>/<SHA-256 of the dataset>-<k>-<seed>-<grouping>/
//!   folds.tsv            accession and fold of every protein
//!   fold-0/train/        a frozen dataset: the proteins of the other folds
//!   fold-0/eval/         a frozen dataset: the proteins of the fold
//!   fold-1/…
//! ```
//!
//! The same dataset, number of folds, seed and groups make the same files, byte for byte, so that
//! a fold has the same identity wherever it is made: its manifest has the time of the dataset that
//! it is of, and names that one as its parent.
//!
//! **Information accretion** is that of the dataset, unchanged, in every fold. In CAFA the
//! organisers compute one table from the annotations that are known when the challenge begins, and
//! weigh all predictions by it: it belongs to the benchmark, and is not learned from. With a table
//! of its own each fold would be weighed by other weights, and neither their mean nor a comparison
//! with the benchmark's own test set would mean anything. A dataset without a table makes folds
//! without.

mod assign;
pub(super) mod groups;

use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use protea_contracts::content::digest_bytes;

use super::error::DatasetError;
use super::frozen::FrozenDataset;
use super::staging::{Staging, sync_directory, write_new};
use super::subset::Subset;
pub use groups::Grouping;

/// How the proteins of a dataset are dealt to folds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldsRequest {
    /// How many folds, at least 2.
    pub folds: usize,
    /// Which of the ways to deal them.
    pub seed: u64,
    /// What stays together.
    pub grouping: Grouping,
}

/// The folds of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folds {
    /// The directory that holds them all.
    pub directory: PathBuf,
    /// Each fold.
    pub folds: Vec<FoldPlace>,
    /// How many groups there are; without grouping, how many proteins.
    pub groups: usize,
    /// Whether they were there already.
    pub cached: bool,
}

/// Where a fold is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoldPlace {
    /// The dataset of the other folds.
    pub train: PathBuf,
    /// The dataset of the fold.
    pub eval: PathBuf,
    /// Proteins in the fold.
    pub proteins: usize,
}

/// Makes the folds of a dataset in the directory `cache`, or finds them there. They appear whole or
/// not at all. `watch` is told how many of the datasets are written, and how many there will be;
/// it may end the work. Folds take as much space as the dataset, once for each of them.
///
/// # Errors
/// [`DatasetError::Folds`] for a number of folds that cannot be, or groups that are not known of
/// every protein; [`DatasetError::Input`] for a file of clusters that cannot be read;
/// [`DatasetError::Cancelled`]; [`DatasetError::Write`].
pub fn folds(
    dataset: &FrozenDataset,
    request: &FoldsRequest,
    cache: &Path,
    watch: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
) -> Result<Folds, DatasetError> {
    let refused = |problem| DatasetError::Folds {
        dataset: dataset.directory().to_owned(),
        problem,
    };
    let groups = groups::of(dataset, &request.grouping, refused)?;
    let assigned = assign::assign(
        &groups.of_protein,
        groups.count,
        request.folds,
        request.seed,
    )
    .map_err(refused)?;
    let name = format!(
        "{}-{}-{}-{}",
        dataset.sha256(),
        request.folds,
        request.seed,
        name_of(&request.grouping, &groups.of_protein)
    );
    let directory = cache.join(name);
    let cached = directory.is_dir();
    if !cached {
        fs::create_dir_all(cache).map_err(DatasetError::write(cache))?;
        write(dataset, request.folds, &assigned, &directory, watch)?;
    }
    let folds = (0..request.folds).map(|fold| {
        let of_fold = directory.join(format!("fold-{fold}"));
        FoldPlace {
            train: of_fold.join("train"),
            eval: of_fold.join("eval"),
            proteins: assigned.iter().filter(|other| **other == fold).count(),
        }
    });
    Ok(Folds {
        folds: folds.collect(),
        directory,
        groups: groups.count,
        cached,
    })
}

/// Other clusters, other folds: a file of clusters is known by what it says of the proteins.
fn name_of(grouping: &Grouping, of_protein: &[u32]) -> String {
    match grouping {
        Grouping::None => "none".to_owned(),
        Grouping::Taxon => "taxon".to_owned(),
        Grouping::Clusters(_) => {
            let bytes: Vec<u8> = of_protein.iter().flat_map(|g| g.to_le_bytes()).collect();
            format!("clusters-{}", &digest_bytes(&bytes)[..16])
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
    let staging = match Staging::beside(directory) {
        Err(DatasetError::Exists(_)) if directory.is_dir() => return Ok(()),
        staging => staging?,
    };
    write_table(dataset, assigned, &staging.path().join("folds.tsv"))?;
    let mut written = 0;
    let mut tell = |written| match watch(written, 2 * folds) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(DatasetError::Cancelled),
    };
    for fold in 0..folds {
        let of_fold = staging.path().join(format!("fold-{fold}"));
        fs::create_dir(&of_fold).map_err(DatasetError::write(&of_fold))?;
        for (half, held_out) in [("train", false), ("eval", true)] {
            tell(written)?;
            let proteins: Vec<usize> = (0..dataset.len())
                .filter(|&protein| (assigned[protein] == fold) == held_out)
                .collect();
            let name = format!("{}-fold-{fold}-{half}", dataset.manifest().name);
            Subset::of(dataset, &proteins, &name).write(&of_fold.join(half))?;
            written += 1;
        }
        sync_directory(&of_fold)?;
    }
    tell(written)?;
    match staging.publish() {
        // Another process was faster, with the same bytes.
        Err(DatasetError::Exists(_)) if directory.is_dir() => Ok(()),
        published => published,
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
