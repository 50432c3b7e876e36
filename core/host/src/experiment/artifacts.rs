//! Remote inputs and outputs of a run: fetches its model before a step, publishes its export after.

use std::{ffi::OsStr, path::Path, sync::Arc, time::Duration};

use protea_contracts::model::{FILE_NAME as MODEL_FILE, ReferenceModel};
use protea_files::{Directory, FilesError, Links, TemporaryDirectory};
use serde_json::Value;
use tracing::{Span, debug};
use url::Url;

use super::{
    error::ExperimentError, known_datasets::KnownDatasets, model_record, observer::Observer,
    setup::Experiment,
};
use crate::{
    Dataset,
    store::{self, Lease, Store, StoreError, Transfer, TransferObserver},
};

const LARGEST_REFERENCE: u64 = ReferenceModel::<Value>::SIZE_LIMIT;

/// A model on this machine, kept there as long as this lives.
pub(super) struct LocalModel {
    /// Its URI as a runner gets to see it.
    pub(super) uri: Url,
    _kept: (Lease, Lease, Option<TemporaryDirectory>),
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

impl Experiment {
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
    /// `fitted_on` are the datasets that models were fitted on in the current run.
    pub(super) fn local_model(
        &self,
        model_uri: &Url,
        fitted_on: &[Dataset],
    ) -> Result<LocalModel, ExperimentError> {
        if !store::is_known(model_uri) {
            // A URI of the runner's own scheme, which only the runner resolves.
            return Ok(LocalModel {
                uri: model_uri.clone(),
                _kept: (Lease::default(), Lease::default(), None),
            });
        }
        let store = self.store()?;
        let staged = store.stage(model_uri)?;
        // A model of the current run is not on record yet.
        if fitted_on.is_empty() {
            model_record::check(&staged.path)?;
        }
        let local = |uri: Url, data: Lease, made: Option<TemporaryDirectory>| LocalModel {
            uri,
            _kept: (staged.lease.clone(), data, made),
        };
        let uri = store::uri_of(&staged.path)?;
        // The user names the path of a model, so it may be a link; what is in it may not.
        let read = match Directory::open(&staged.path, Links::Follow) {
            Ok(directory) => directory.read(Path::new(MODEL_FILE), LARGEST_REFERENCE),
            Err(FilesError::NotDirectory { .. }) => {
                protea_files::read(&staged.path, Links::Follow, LARGEST_REFERENCE)
            }
            Err(error) => Err(error),
        };
        let reference = match read {
            Ok(bytes) => ReferenceModel::<Value>::parse_with_document(&bytes),
            // Larger than every reference model. What is missing or cannot be read, the runner
            // reports.
            Err(FilesError::TooLarge { .. } | FilesError::Read { .. }) => None,
            Err(error) => return Err(StoreError::from(error).into()),
        };
        let Some((reference, document)) = reference else {
            return Ok(local(uri, Lease::default(), None));
        };
        let known = KnownDatasets::new(self, &staged.path, fitted_on);
        let Some(data) = known.find(&reference, &document, &store)? else {
            return Ok(local(uri, Lease::default(), None));
        };
        if Url::parse(&reference.dataset_uri).is_ok_and(|uri| uri == data.uri) {
            return Ok(local(uri, data.lease(), None));
        }
        let (made, uri) = elsewhere(document, &data.uri)?;
        Ok(local(uri, data.lease(), Some(made)))
    }
}

/// A copy of a reference model whose dataset is in another place now.
fn elsewhere(
    mut document: Value,
    dataset_uri: &Url,
) -> Result<(TemporaryDirectory, Url), StoreError> {
    document["dataset_uri"] = Value::String(dataset_uri.to_string());
    let place = std::env::temp_dir();
    let directory = TemporaryDirectory::create_in(&place, OsStr::new("protea-model-"), 0o700)
        .map_err(StoreError::write(&place))?;
    let path = directory.path().join(MODEL_FILE);
    let text = serde_json::to_vec_pretty(&document)
        .map_err(|error| StoreError::write(&path)(error.into()))?;
    store::write_atomic(&path, &text)?;
    let uri = store::uri_of(&path)?;
    Ok((directory, uri))
}
