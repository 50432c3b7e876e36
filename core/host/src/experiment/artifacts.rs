//! What a run reads and writes elsewhere than on this machine: its model before a step, its export
//! after one.

use std::sync::Arc;

use protea_contracts::model::{FILE_NAME as MODEL_FILE, ReferenceModel};
use serde_json::Value;
use tempfile::TempDir;
use url::Url;

use super::{error::ExperimentError, observer::Observer, setup::Experiment};
use crate::{
    DatasetError, dataset,
    store::{self, Lease, Store, StoreError, Transfer, TransferObserver},
};

/// The key of a reference model under which the host keeps where its dataset was fetched from. The
/// contract knows the dataset's place on this machine only.
pub(super) const DATASET_ORIGIN: &str = "dataset_origin";

/// A model on this machine, kept there as long as this lives.
pub(super) struct LocalModel {
    /// Its URI as a runner gets to see it.
    pub(super) uri: Url,
    _kept: (Lease, Lease, Option<TempDir>),
}

/// An [`Observer`] as one of transfers.
struct Transfers(Arc<dyn Observer>);

impl TransferObserver for Transfers {
    fn transfer(&self, transfer: &Transfer<'_>) {
        self.0.transfer(transfer);
    }

    fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

impl Experiment<'_> {
    /// The store, with the experiment's observer.
    pub(super) fn store(&self) -> Result<Store, StoreError> {
        let store = match &self.store {
            Some(store) => store.clone(),
            None => Store::of_user()?,
        };
        Ok(store.with_observer(Arc::new(Transfers(Arc::clone(&self.observer)))))
    }

    /// Brings a model to this machine, and with a reference model the dataset that it names.
    pub(super) fn local_model(&self, model_uri: &Url) -> Result<LocalModel, ExperimentError> {
        if !store::is_known(model_uri) {
            // The runner's own, which it alone can find.
            return Ok(LocalModel {
                uri: model_uri.clone(),
                _kept: (Lease::default(), Lease::default(), None),
            });
        }
        let store = self.store()?;
        let staged = store.stage(model_uri)?;
        let here = |uri: Url, data: Lease, made: Option<TempDir>| LocalModel {
            uri,
            _kept: (staged.lease.clone(), data, made),
        };
        let uri = store::uri_of(&staged.path)?;
        let document = if staged.path.is_dir() {
            staged.path.join(MODEL_FILE)
        } else {
            staged.path.clone()
        };
        // The runner reads the model: it reports a document that is not one, or cannot be read.
        let Ok(Some((reference, document))) =
            ReferenceModel::<Value>::read_with_document(&document)
        else {
            return Ok(here(uri, Lease::default(), None));
        };
        // The dataset of an exported model is beside it, under a relative path.
        let Ok(dataset_uri) = Url::parse(&reference.dataset_uri) else {
            return Ok(here(uri, Lease::default(), None));
        };
        let data = store.stage(&dataset_uri);
        let data = data.ok().filter(|data| data.path.exists());
        let origin = document[DATASET_ORIGIN].as_str();
        let origin = origin.and_then(|origin| Url::parse(origin).ok());
        let origin = match (data, origin) {
            (Some(data), _) => return Ok(here(uri, data.lease, None)),
            (None, None) => return Ok(here(uri, Lease::default(), None)),
            (None, Some(origin)) => origin,
        };
        // It has been evicted from the cache since.
        let data = dataset::stage_from(origin.as_str(), &store)?;
        if data.sha256 != reference.dataset_sha256 {
            return Err(DatasetError::Replaced {
                uri: store::redacted(&origin),
                expected: reference.dataset_sha256,
                found: data.sha256,
            }
            .into());
        }
        if data.uri == dataset_uri {
            return Ok(here(uri, data.lease(), None));
        }
        let (made, uri) = elsewhere(document, &data.uri)?;
        Ok(here(uri, data.lease(), Some(made)))
    }
}

/// A copy of a reference model whose dataset is in another place now.
fn elsewhere(mut document: Value, dataset_uri: &Url) -> Result<(TempDir, Url), StoreError> {
    document["dataset_uri"] = Value::String(dataset_uri.to_string());
    let directory = tempfile::tempdir().map_err(StoreError::write(&std::env::temp_dir()))?;
    let path = directory.path().join(MODEL_FILE);
    let text = serde_json::to_vec_pretty(&document)
        .map_err(|error| StoreError::write(&path)(error.into()))?;
    store::write_atomic(&path, &text)?;
    let uri = store::uri_of(&path)?;
    Ok((directory, uri))
}
