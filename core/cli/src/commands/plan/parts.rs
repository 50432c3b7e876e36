//! The runners and datasets of a plan, unchanged since it was made.

use protea_core::{
    Catalog, CatalogError, Dataset, StageDatasetError, StoreError,
    contracts::content::digest_file,
    engine::{EngineError, Plan, TaskDataset},
    store::{self, DATASET_MANIFEST},
};

use crate::{
    args::ExecutionArgs, commands::run_setup::trusted, failure::Failure, output::Reporter,
    transfers::open_store,
};

/// Why a part of a plan cannot be used.
pub(super) enum PartError {
    /// It may be there on another machine, or later.
    Missing(Failure),
    /// It is there, and is another one.
    Other(Failure),
}

impl From<PartError> for Failure {
    fn from(error: PartError) -> Self {
        match error {
            PartError::Missing(failure) | PartError::Other(failure) => failure,
        }
    }
}

/// The runners on the search path. Those of the plan are the ones that it was made with.
pub(super) fn runners(plan: &Plan, execution: &ExecutionArgs) -> Result<Catalog, PartError> {
    let catalog = trusted(&execution.runners, &execution.lock).map_err(PartError::Other)?;
    for planned in &plan.runners {
        let entry = catalog.find(&planned.name).map_err(|error| match error {
            error @ CatalogError::Unknown { .. } => PartError::Missing(error.into()),
            error => PartError::Other(error.into()),
        })?;
        if entry.sha256 != planned.sha256 {
            let error = EngineError::RunnerChanged {
                name: planned.name.clone(),
                path: entry.path.clone(),
                found: Box::new(entry.sha256),
                expected: Box::new(planned.sha256),
            };
            return Err(PartError::Other(error.into()));
        }
    }
    Ok(catalog)
}

/// Fetches a dataset of a task and checks that it is the one that was planned with.
pub(super) fn dataset(planned: &TaskDataset, reporter: &Reporter) -> Result<Dataset, PartError> {
    let staged = open_store(reporter)
        .map_err(StageDatasetError::from)
        .and_then(|store| protea_core::dataset::stage_from(planned.uri.as_str(), &store));
    let dataset = staged.map_err(|error| match error {
        error @ (StageDatasetError::Missing { .. }
        | StageDatasetError::NotThere { .. }
        | StageDatasetError::Store(
            StoreError::NotFound { .. }
            | StoreError::Unreachable { .. }
            | StoreError::Failed { .. }
            | StoreError::Cancelled,
        )) => PartError::Missing(error.into()),
        error => PartError::Other(error.into()),
    })?;
    if dataset.sha256 == planned.sha256 {
        Ok(dataset)
    } else {
        Err(changed(planned.uri.to_string(), &dataset, planned))
    }
}

fn changed(uri: String, found: &Dataset, planned: &TaskDataset) -> PartError {
    PartError::Other(
        EngineError::DatasetChanged {
            uri,
            found: Box::new(found.sha256),
            expected: Box::new(planned.sha256),
        }
        .into(),
    )
}

/// Checks the manifests of the datasets of a plan on this machine. Their files are checked where they
/// are used.
pub(super) fn datasets(plan: &Plan) -> Result<(), Failure> {
    for planned in &plan.datasets {
        let Ok(directory) = store::local_path(planned.source()) else {
            continue;
        };
        let Ok((found, _)) = digest_file(&directory.join(DATASET_MANIFEST)) else {
            continue;
        };
        if found != planned.sha256 {
            return Err(EngineError::DatasetChanged {
                uri: planned.source().to_string(),
                found: Box::new(found),
                expected: Box::new(planned.sha256),
            }
            .into());
        }
    }
    Ok(())
}
