//! What the alignment methods need of a program: the trait that each of them implements.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::spec::{Method, Sensitivity};

/// How a method makes a database of sequences and searches it. The implementations have no state and
/// start nothing: [`InstalledAligner`](super::InstalledAligner) finds the programs and runs the steps.
pub(crate) trait Aligner: Sync {
    /// The setting that selects this aligner.
    fn method(&self) -> Method;

    /// The programs that it needs, each with its alternative names, the usual one first. The last
    /// program is the one that searches.
    fn programs(&self) -> Vec<Vec<&'static str>>;

    /// The command that installs the programs.
    fn install_command(&self) -> &'static str;

    /// The argument with which the searching program prints its version.
    fn version_argument(&self) -> &'static str;

    /// The steps that make a database, in their order.
    fn make_database(&self, task: &MakeDatabase<'_>) -> Vec<Step>;

    /// The steps that search a database and write the table of hits, in their order.
    fn search(&self, task: &Search<'_>) -> Vec<Step>;
}

/// One call of a program.
#[derive(Debug)]
pub(crate) struct Step {
    /// Which of [`programs`](Aligner::programs) is called.
    pub(crate) program: usize,
    /// The step for a message: `makedb on the references`.
    pub(crate) name: String,
    pub(crate) arguments: Vec<OsString>,
    /// The current directory of the program.
    pub(crate) directory: PathBuf,
}

/// A database to be made.
#[derive(Debug, Clone)]
pub(crate) struct MakeDatabase<'m> {
    /// The sequences, as a FASTA file in `database`.
    pub(crate) fasta: &'m Path,
    /// The directory of the database.
    pub(crate) database: &'m Path,
    /// The directory for temporary files.
    pub(crate) scratch: &'m Path,
    /// The number of threads, at least 1.
    pub(crate) threads: usize,
}

/// A search to be made.
#[derive(Debug, Clone)]
pub(crate) struct Search<'s> {
    /// The directory of the database.
    pub(crate) database: &'s Path,
    /// The queries, as FASTA.
    pub(crate) queries: &'s Path,
    /// The table to write: query, reference, identity in per cent, expectation value, bit score.
    pub(crate) hits: &'s Path,
    /// The directory for temporary files.
    pub(crate) scratch: &'s Path,
    /// The largest expectation value.
    pub(crate) e_value: f64,
    /// The most references per query.
    pub(crate) max_hits: u32,
    pub(crate) sensitivity: Sensitivity,
    /// The number of threads, at least 1.
    pub(crate) threads: usize,
}

/// The name of a database in its directory.
pub(super) const DATABASE: &str = "references";

/// The path of a database, to which the programs add their extensions.
pub(super) fn in_database(directory: &Path) -> PathBuf {
    directory.join(DATABASE)
}
