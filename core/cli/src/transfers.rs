//! Transfers to and from stores: their progress on standard error, and cancelling them.

use std::sync::{Arc, Mutex, PoisonError};

use protea_core::store::{Store, StoreError, Transfer, TransferKind, TransferObserver};

use crate::{interrupt, output::Reporter};

/// Passes the progress of transfers to a [`Reporter`].
#[derive(Debug)]
pub struct TransferProgress {
    reporter: Reporter,
    current: Mutex<Option<(TransferKind, String)>>,
}

impl TransferProgress {
    /// An observer that has seen no transfer yet.
    pub fn new(reporter: &Reporter) -> Self {
        Self {
            reporter: reporter.clone(),
            current: Mutex::default(),
        }
    }
}

impl TransferObserver for TransferProgress {
    fn transfer(&self, transfer: &Transfer<'_>) {
        let Transfer {
            kind,
            subject: object,
            done,
            total,
            ..
        } = *transfer;
        {
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            let is_current = current
                .as_ref()
                .is_some_and(|(other_kind, other)| *other_kind == kind && other == object);
            if !is_current {
                *current = Some((kind, object.to_owned()));
                let verb = match kind {
                    TransferKind::Download => "downloading",
                    TransferKind::Upload => "uploading",
                    TransferKind::Check => "checking",
                };
                self.reporter.start(&format!("{verb} {object}"));
            }
        }
        self.reporter.bytes(done, total);
    }

    fn is_cancelled(&self) -> bool {
        interrupt::requested()
    }
}

/// The user's store, whose transfers are reported and can be cancelled.
pub fn open_store(reporter: &Reporter) -> Result<Store, StoreError> {
    Ok(Store::from_env()?.with_observer(Arc::new(TransferProgress::new(reporter))))
}
