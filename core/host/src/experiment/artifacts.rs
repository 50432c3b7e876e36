//! Remote inputs and outputs of a run: fetches its model before a step, publishes its export after.

use std::{sync::Arc, time::Duration};

use protea_contracts::model::{FILE_NAME as MODEL_FILE, ReferenceModel};
use serde_json::Value;
use tempfile::TempDir;
use tracing::{Span, debug};
use url::Url;

use super::{error::ExperimentError, observer::Observer, setup::Experiment};
use crate::{
    StageDatasetError, dataset,
    store::{self, Lease, Store, StoreError, Transfer, TransferObserver},
};

/// The key in a reference model with the origin of its dataset. The contract has the local path of
/// the dataset only.
pub(super) const DATASET_ORIGIN: &str = "dataset_origin";

/// A model on this machine, kept there as long as this lives.
pub(super) struct LocalModel {
    /// Its URI as a runner gets to see it.
    pub(super) uri: Url,
    _kept: (Lease, Lease, Option<TempDir>),
}

/// An [`Observer`] as an observer of transfers. Retries become events of the span that the store
/// was opened in, because the store works on its own thread.
struct Transfers {
    observer: Arc<dyn Observer>,
    span: Span,
}

impl TransferObserver for Transfers {
    fn transfer(&self, transfer: &Transfer<'_>) {
        self.observer.transfer(transfer);
    }

    fn is_cancelled(&self) -> bool {
        self.observer.is_cancelled()
    }

    fn retrying(&self, uri: &str, reason: &str, wait: Duration) {
        let seconds = wait.as_secs_f64();
        self.span
            .in_scope(|| debug!(uri, reason, seconds, "retrying a request to the store"));
    }

    fn cache_used(&self, uri: &str) {
        self.span.in_scope(|| debug!(uri, "using the cache"));
    }
}

impl Experiment<'_> {
    /// The store, with the experiment's observer.
    pub(super) fn store(&self) -> Result<Store, StoreError> {
        let store = match &self.store {
            Some(store) => store.clone(),
            None => Store::from_env()?,
        };
        Ok(store.with_observer(Arc::new(Transfers {
            observer: Arc::clone(&self.observer),
            span: Span::current(),
        })))
    }

    /// Brings a model to this machine, and with a reference model the dataset that it names.
    pub(super) fn local_model(&self, model_uri: &Url) -> Result<LocalModel, ExperimentError> {
        if !store::is_known(model_uri) {
            // A URI of the runner's own scheme, which only the runner resolves.
            return Ok(LocalModel {
                uri: model_uri.clone(),
                _kept: (Lease::default(), Lease::default(), None),
            });
        }
        let store = self.store()?;
        let staged = store.stage(model_uri)?;
        let local = |uri: Url, data: Lease, made: Option<TempDir>| LocalModel {
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
            return Ok(local(uri, Lease::default(), None));
        };
        // An exported model refers to its dataset by a relative path.
        let Ok(dataset_uri) = Url::parse(&reference.dataset_uri) else {
            return Ok(local(uri, Lease::default(), None));
        };
        let data = store.stage(&dataset_uri);
        let data = data.ok().filter(|data| data.path.exists());
        let origin = document[DATASET_ORIGIN].as_str();
        let origin = origin.and_then(|origin| Url::parse(origin).ok());
        let origin = match (data, origin) {
            (Some(data), _) => return Ok(local(uri, data.lease, None)),
            (None, None) => return Ok(local(uri, Lease::default(), None)),
            (None, Some(origin)) => origin,
        };
        // The dataset was evicted from the cache.
        let data = dataset::stage_from(origin.as_str(), &store)?;
        if data.sha256 != reference.dataset_sha256 {
            return Err(StageDatasetError::Replaced {
                uri: store::redacted(&origin),
                expected: reference.dataset_sha256,
                found: data.sha256,
            }
            .into());
        }
        if data.uri == dataset_uri {
            return Ok(local(uri, data.lease(), None));
        }
        let (made, uri) = elsewhere(document, &data.uri)?;
        Ok(local(uri, data.lease(), Some(made)))
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
