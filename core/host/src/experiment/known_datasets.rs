//! The datasets that a reference model may name.
//!
//! A runner can write a reference model, and so can whoever passes one on. The host reads the dataset
//! that it names, lets the runner read it, and may fetch it with the user's credentials. So the host
//! goes by what it knows itself: the dataset that it gave to `fit`, or that the user named.

use std::path::{Path, PathBuf};

use protea_contracts::{ReferenceModel, Sha256, content};
use serde_json::Value;
use url::Url;

use super::{error::ExperimentError, setup::Experiment};
use crate::{
    Dataset, StageDatasetError, dataset,
    store::{self, Store, StoreManifest},
    workspace::{RUN_MANIFEST, RunManifest},
};

/// The key in a reference model with the origin of its dataset. The contract has the local path of
/// the dataset only.
pub(super) const DATASET_ORIGIN: &str = "dataset_origin";

/// What is known about the dataset of a model.
pub(super) struct KnownDatasets<'e> {
    model: &'e Path,
    /// Those that the user named.
    named: &'e [Dataset],
    /// Those that the host gave to the `fit` that made the model. None if the model is not of a run
    /// in the workspace.
    fitted_on: Option<Vec<Dataset>>,
}

impl<'e> KnownDatasets<'e> {
    /// `fitted_on` are the datasets that models were fitted on in the current run.
    pub(super) fn new(experiment: &'e Experiment, model: &'e Path, fitted_on: &[Dataset]) -> Self {
        let workspace = experiment.workspace.directory();
        let fitted_on = match fitted_on {
            [] => recorded(workspace, model).map(|dataset| vec![dataset]),
            known => Some(known.to_vec()),
        };
        Self {
            model,
            named: &experiment.model_datasets,
            fitted_on,
        }
    }

    /// The dataset of a reference model, on this machine. None if the model holds its dataset itself,
    /// and if there is nothing at the place that it names, which the runner reports.
    ///
    /// # Errors
    ///
    /// [`ExperimentError::UnknownDataset`]; [`StageDatasetError`] if a known dataset cannot be brought
    /// here or has changed.
    pub(super) fn find(
        &self,
        reference: &ReferenceModel<Value>,
        document: &Value,
        store: &Store,
    ) -> Result<Option<Dataset>, ExperimentError> {
        // An exported model refers to its dataset by a relative path.
        let Ok(uri) = Url::parse(&reference.dataset_uri) else {
            return Ok(None);
        };
        let is_it = |dataset: &&Dataset| dataset.sha256 == *reference.dataset_sha256;
        if let Some(named) = self.named.iter().find(is_it) {
            return Ok(Some(named.clone()));
        }
        if let Some(fitted_on) = &self.fitted_on {
            return match fitted_on.iter().find(is_it) {
                Some(recorded) => bring(recorded, store),
                None => Err(self.unknown(&uri)),
            };
        }
        let origin = document[DATASET_ORIGIN].as_str();
        let origin = origin.and_then(|origin| Url::parse(origin).ok());
        // A malformed hash is that of no dataset.
        let sha256 = reference.dataset_sha256.parse().ok();
        let found = sha256.map_or(Ok(None), |sha256| here(&uri, sha256, store))?;
        match found {
            Some(dataset) => Ok(Some(dataset)),
            None if !store::is_local(&uri) => Err(self.unknown(&uri)),
            None => origin.map_or(Ok(None), |origin| Err(self.unknown(&origin))),
        }
    }

    fn unknown(&self, uri: &Url) -> ExperimentError {
        ExperimentError::UnknownDataset {
            model: self.model.to_owned(),
            uri: store::redacted(uri),
        }
    }
}

/// The dataset that the host gave to `fit`, from where it was or, if the cache evicted it, from its
/// origin.
fn bring(recorded: &Dataset, store: &Store) -> Result<Option<Dataset>, ExperimentError> {
    if let Some(dataset) = here(&recorded.uri, recorded.sha256, store)? {
        return Ok(Some(dataset));
    }
    let Some(origin) = &recorded.origin else {
        // The runner reports that it is missing or was changed.
        return Ok(None);
    };
    let fetched = dataset::stage_from(origin.as_str(), store)?;
    if fetched.sha256 != recorded.sha256 {
        return Err(StageDatasetError::Replaced {
            uri: store::redacted(origin),
            expected: recorded.sha256,
            found: fetched.sha256,
        }
        .into());
    }
    Ok(Some(fetched))
}

/// The frozen dataset with this identity in a local directory, if it is there. Its files are not
/// checked, which the runner does for those that it reads.
fn here(uri: &Url, sha256: Sha256, store: &Store) -> Result<Option<Dataset>, ExperimentError> {
    if !store::is_local(uri) {
        return Ok(None);
    }
    let staged = store.stage(uri)?;
    let Ok(Some(manifest)) = StoreManifest::read(&staged.path, dataset::MANIFEST) else {
        return Ok(None);
    };
    if content::digest_bytes(&manifest.bytes) != sha256 {
        return Ok(None);
    }
    Ok(Some(Dataset::known(uri.clone(), sha256, staged.lease)))
}

/// The dataset that a run of the workspace was fitted on, by the run that has the model.
fn recorded(workspace: &Path, model: &Path) -> Option<Dataset> {
    let workspace = workspace.canonicalize().ok()?;
    let model: PathBuf = model.canonicalize().ok()?;
    let inside = model
        .ancestors()
        .skip(1)
        .take_while(|above| above.starts_with(&workspace));
    let mut manifests = inside.filter(|above| protea_files::is_regular(&above.join(RUN_MANIFEST)));
    // The outermost: a runner can write files of that name inside its model.
    let run = manifests.by_ref().last()?;
    let manifest = RunManifest::read(run).ok()?;
    serde_json::from_value(manifest.datasets.get("train")?.clone()).ok()
}
