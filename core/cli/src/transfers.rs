//! Transfers to and from stores on standard error, and Ctrl-C as the wish to end them.

use std::sync::{Arc, Mutex, PoisonError};

use protea_core::store::{Store, StoreError, Transfer, TransferKind, TransferObserver};

use crate::{interrupt, output::Reporter};

/// Carries how far transfers have come to a [`Reporter`].
#[derive(Debug)]
pub struct Transfers {
    reporter: Reporter,
    current: Mutex<Option<(TransferKind, String)>>,
}

impl Transfers {
    /// Tells `reporter`.
    pub fn new(reporter: &Reporter) -> Self {
        Self {
            reporter: reporter.clone(),
            current: Mutex::default(),
        }
    }
}

impl TransferObserver for Transfers {
    fn transfer(&self, transfer: &Transfer<'_>) {
        let Transfer {
            kind,
            what,
            done,
            total,
        } = *transfer;
        {
            let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
            let same =
                |(before, of): &(TransferKind, String)| (*before, of.as_str()) == (kind, what);
            if !current.as_ref().is_some_and(same) {
                *current = Some((kind, what.to_owned()));
                let doing = match kind {
                    TransferKind::Download => "downloading",
                    TransferKind::Upload => "uploading",
                    TransferKind::Check => "checking",
                };
                self.reporter.start(&format!("{doing} {what}"));
            }
        }
        self.reporter.bytes(done, total);
    }

    fn is_cancelled(&self) -> bool {
        interrupt::requested()
    }
}

/// The user's store, with its transfers shown. From here on the first Ctrl-C asks them to end.
pub fn store(reporter: &Reporter) -> Result<Store, StoreError> {
    Ok(Store::of_user()?.with_observer(Arc::new(Transfers::new(reporter))))
}
