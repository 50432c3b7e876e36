//! What a user of the command can do about a library error, by variant.

use std::{
    io::{self, ErrorKind},
    path::Path,
};

use protea_cafa::{
    dataset,
    formats::FormatError,
    ontology::{OntologyError, compressed::ZstdNotBuilt, foreign::Foreign},
};
#[cfg(unix)]
use protea_conformance::{ConfigError, SelectionError};
#[cfg(unix)]
use protea_core::worker::WorkerError;
use protea_core::{
    CatalogError, DispatchError, ExperimentError, LoadError, StageDatasetError, StoreError,
    WorkspaceError,
    catalog::{Insecure, LockError},
    contracts::{Explain, Operation, Predict, RunnerError},
    tracking::TrackerError,
};

pub(super) use super::{
    nearby::{self, near},
    run_selection_remedy::{run, run_selection},
};

use super::{STANDARD_INPUT, file_kind::freeze_first};
use crate::{
    baseline::{BASELINE, METHOD, METHODS},
    build_features,
};

pub(super) fn catalog(error: &CatalogError) -> Option<String> {
    match error {
        CatalogError::Unknown { name, found, .. }
            if METHODS.contains(&name.as_str()) && found.iter().any(|it| it == BASELINE) =>
        {
            Some(format!(
                "{name} is a method of the runner {BASELINE}: use {BASELINE} with --set {METHOD}={name}"
            ))
        }
        CatalogError::Unknown { name, found, .. } => {
            let no_runner = "give a directory with --runner-dir or PROTEA_RUNNER_PATH";
            build_features::runner_remedy(name)
                .or(found.is_empty().then_some(no_runner))
                .map(str::to_owned)
        }
        CatalogError::Name { .. } => text(
            "give the name that `protea runners list` shows, and its directory with --runner-dir",
        ),
        CatalogError::Insecure { insecure, .. } => Some(self::insecure(insecure)),
        CatalogError::Locked(error) => lock(error),
        _ => None,
    }
}

pub(super) fn load(error: &LoadError) -> Option<String> {
    match error {
        LoadError::Catalog(error) => catalog(error),
        LoadError::Describe { source, .. } => dispatch(source),
        _ => None,
    }
}

pub(super) fn insecure(insecure: &Insecure) -> String {
    match insecure {
        Insecure::Writable { .. } | Insecure::Owner { .. } | Insecure::Shared { .. } => {
            "or override with --allow-insecure-dir".to_owned()
        }
    }
}

fn lock(error: &LockError) -> Option<String> {
    text(match error {
        LockError::Missing { .. } => {
            "write one with `protea runners lock`, or give another with --lock-file"
        }
        LockError::Unusable { .. } => "write it again with `protea runners lock`",
        LockError::NotPinned { .. } => "if you trust it, pin it with `protea runners lock`",
        LockError::Differs { .. } => {
            "put the pinned file back or, if you trust this one, pin it with `protea runners lock`"
        }
        _ => return None,
    })
}

pub(super) fn experiment(error: &ExperimentError) -> Option<String> {
    match error {
        ExperimentError::Spec { source }
        | ExperimentError::Step { source, .. }
        | ExperimentError::Fold { source, .. }
        | ExperimentError::Explain { source }
        | ExperimentError::Predict { source } => dispatch(source),
        ExperimentError::Publish { .. } => {
            text("the export is complete in the run's directory; send it with `protea store cp`")
        }
        ExperimentError::UnknownDataset { .. } => {
            text("if you trust the model, name that dataset with --train DATASET")
        }
        ExperimentError::Workspace(error) => workspace(error),
        ExperimentError::Dataset(error) => host_dataset(error),
        ExperimentError::Store(error) => store(error),
        ExperimentError::Tracker(error) => tracker(error),
        _ => None,
    }
}

pub(super) fn host_dataset(error: &StageDatasetError) -> Option<String> {
    match error {
        StageDatasetError::Store(error) => store(error),
        error => nearby::staged(error),
    }
}

#[cfg(unix)]
pub(super) fn dispatch(error: &DispatchError) -> Option<String> {
    let error = match error {
        DispatchError::Worker(error) => error,
        error => return runner(error),
    };
    text(match error {
        WorkerError::TimedOut { .. } => "raise the limit with --time-limit",
        WorkerError::OutOfMemory { limit: Some(_), .. } => "raise the limit with --memory-limit",
        WorkerError::OutputTooLarge { .. } => "raise the limit with --output-limit",
        WorkerError::Sandbox { .. } => {
            "--sandbox restricts what this system supports, and warns of the rest"
        }
        _ => return None,
    })
}

/// Limits apply to workers, which this system does not have.
#[cfg(not(unix))]
pub(super) fn dispatch(error: &DispatchError) -> Option<String> {
    runner(error)
}

fn runner(error: &DispatchError) -> Option<String> {
    match error {
        DispatchError::Runner(RunnerError::Unsupported { operation, .. })
            if operation == Explain::NAME =>
        {
            text("`protea runners info` shows whether a runner explains its scores")
        }
        DispatchError::Runner(RunnerError::Unsupported { operation, .. })
            if operation == Predict::NAME =>
        {
            text("`protea runners info` shows whether a runner predicts")
        }
        _ => None,
    }
}

pub(super) fn workspace(error: &WorkspaceError) -> Option<String> {
    match error {
        WorkspaceError::Manifest { .. } => text("restore it, or remove the run"),
        WorkspaceError::Document { .. } | WorkspaceError::Labels(_) => {
            text("restore it, or remove the file")
        }
        WorkspaceError::Bound { .. } => text("bind it to another run with --rebind"),
        WorkspaceError::Store(error) => store(error),
        WorkspaceError::Tracker(error) => tracker(error),
        _ => None,
    }
}

pub(super) fn store(error: &StoreError) -> Option<String> {
    match error {
        StoreError::Elsewhere { .. } => text("copy it to this machine with `protea store cp`"),
        StoreError::NoCloud { .. } => Some(build_features::remedy()),
        StoreError::NotPublished { .. } => {
            text("publish it with `protea store cp DIRECTORY URI` or `protea export --output URI`")
        }
        StoreError::CacheChanged { .. } => text(
            "wait for the other runs that use it and try again, or clear the cache with `protea \
             store cache --clear`",
        ),
        StoreError::Write { source, .. } => failed_write(source),
        _ => None,
    }
}

pub(super) fn tracker(error: &TrackerError) -> Option<String> {
    match error {
        TrackerError::NotSet { .. } | TrackerError::NoServer { .. } => {
            text("or record with --offline and send the run later with `protea sync`")
        }
        TrackerError::TlsUnsupported { .. } => Some(build_features::remedy()),
        _ => None,
    }
}

fn failed_write(error: &io::Error) -> Option<String> {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            text("free some space and run the command again")
        }
        ErrorKind::FileTooLarge => text("raise the limit on the size of files (`ulimit -f`)"),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            text("choose a directory that you may write to")
        }
        _ => None,
    }
}

pub(super) fn dataset(error: &dataset::DatasetError) -> Option<String> {
    use dataset::DatasetError as Error;
    match error {
        Error::NotADataset(path) if path.is_file() => Some(freeze_first(path)),
        Error::Missing(path) | Error::NotADataset(path) => near(path)
            .or_else(|| text("create one with `protea dataset freeze`, or check the path")),
        Error::NoEmbeddings(_) => text("freeze it with --embeddings FILE or with --features kmer"),
        Error::MissingEmbeddings {
            ids_path: path,
            are_numbered: true,
            ..
        } => Some(format!(
            "give their names with --ids LIST; {}",
            inspect(path)
        )),
        Error::MissingEmbeddings { ids_path, .. } => {
            Some(format!("or use --features kmer; {}", inspect(ids_path)))
        }
        Error::NoLineages(_) => text("the option of `protea dataset freeze` is --lineages FILE"),
        Error::NoSuchEvidence { .. } => text("give other codes with --evidence"),
        Error::NoTaxon { .. } => text("give it with --taxonomy FILE, or group by clusters"),
        Error::NoAnnotations {
            annotations: path, ..
        }
        | Error::NoKnownTerm {
            annotations: path, ..
        }
        | Error::MissingSequences { ids_path: path, .. }
        | Error::Clusters { path, .. }
        | Error::UnknownAccretion { path, .. } => Some(inspect(path)),
        Error::Read { .. } => text("check the path and its permissions"),
        Error::Write { .. } => {
            text("nothing was published; check free space and permissions there")
        }
        Error::Input(error) => format(error),
        Error::Ontology(error) => ontology(error),
        _ => None,
    }
}

pub(super) fn format(error: &FormatError) -> Option<String> {
    let (path, option) = match error {
        FormatError::Read { path, source, .. } => return unreadable(path, source),
        FormatError::NotBuilt { .. } => return Some(build_features::remedy()),
        FormatError::Choice { path, .. } => (
            path,
            Some("the options are --ids, --ids-key and --embeddings-key"),
        ),
        FormatError::PerResidue { path, .. } => (path, Some("--pool mean averages them")),
        FormatError::Nameless { path } => (path, Some("the option is --ids")),
        FormatError::Foreign { path, .. }
        | FormatError::Malformed { path, .. }
        | FormatError::Duplicate { path, .. }
        | FormatError::Empty { path, .. }
        | FormatError::NoUsableRow { path, .. }
        | FormatError::Matrix { path, .. }
        | FormatError::Pickle { path, .. }
        | FormatError::AmbiguousName { path, .. }
        | FormatError::SharedName { path, .. }
        | FormatError::NotFinite { path, .. } => (path, None),
        FormatError::RowCount { ids_path, .. } => (ids_path, None),
        _ => return None,
    };
    if path == Path::new(STANDARD_INPUT) {
        return option.map(str::to_owned);
    }
    let option = option.map_or_else(String::new, |option| format!("{option}; "));
    Some(option + &inspect(path))
}

/// What to do about a file that cannot be read. Only a file that is there can be inspected.
pub(super) fn unreadable(path: &Path, source: &io::Error) -> Option<String> {
    let check = "check that the path is right and that the file is readable and, if compressed, \
                 complete";
    match source.kind() {
        ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::IsADirectory => text(check),
        _ if path == Path::new(STANDARD_INPUT) => text(check),
        _ => Some(format!("{check}; {}", inspect(path))),
    }
}

/// Names the command that says what a file is.
pub(super) fn inspect(path: &Path) -> String {
    format!(
        "`protea dataset inspect {}` shows what the file is",
        path.display()
    )
}

/// Whether a file could not be read because this build does not read Zstandard.
pub(super) fn lacks_zstd(error: &io::Error) -> bool {
    error
        .get_ref()
        .is_some_and(|cause| cause.is::<ZstdNotBuilt>())
}

pub(super) fn ontology(error: &OntologyError) -> Option<String> {
    match error {
        OntologyError::Read { source, .. } if lacks_zstd(source) => Some(build_features::remedy()),
        OntologyError::Read { file, source } => {
            let give =
                "give the path of an ontology in OBO or OBO Graphs JSON (plain, gzip or zstd)";
            match source.kind() {
                ErrorKind::NotFound | ErrorKind::PermissionDenied => text(give),
                _ => Some(format!("{give}; {}", inspect(Path::new(file)))),
            }
        }
        OntologyError::Foreign {
            file,
            content: Foreign::Xml,
        } => Some(format!(
            "if it is OWL, convert it: robot convert --input {file} --output ontology.obo; {}",
            inspect(Path::new(file))
        )),
        OntologyError::Foreign { file, .. }
        | OntologyError::NoTerms { file, .. }
        | OntologyError::Malformed { file, .. }
        | OntologyError::DuplicateTerm { file, .. }
        | OntologyError::Cycle { file, .. } => Some(inspect(Path::new(file))),
        _ => None,
    }
}

#[cfg(unix)]
pub(super) fn selection(error: &SelectionError) -> Option<String> {
    match error {
        SelectionError::Pattern { list, .. } => Some(format!("correct the value of --{list}")),
        SelectionError::FindsNothing { .. } | SelectionError::NoSuchTest { .. } => text(LIST_TESTS),
        SelectionError::NothingLeft => text("check --filter and --exclude"),
        _ => None,
    }
}

#[cfg(unix)]
pub(super) fn conformance_config(error: &ConfigError) -> Option<String> {
    match error {
        ConfigError::UnknownTest(_) => text(LIST_TESTS),
        _ => None,
    }
}

#[cfg(unix)]
const LIST_TESTS: &str = "`protea runners check --list` shows the names of the tests";

pub(super) fn text(remedy: &str) -> Option<String> {
    Some(remedy.to_owned())
}

#[cfg(test)]
#[path = "remedy_test.rs"]
mod tests;
