//! What lies elsewhere than on this machine. Everything that waits for a network is in here, behind
//! calls that block.

#[cfg(not(feature = "cloud"))]
mod absent;
#[cfg(feature = "cloud")]
mod aws;
#[cfg(feature = "cloud")]
mod connect;
#[cfg(feature = "cloud")]
mod download;
#[cfg(feature = "cloud")]
mod fault;
#[cfg(feature = "cloud")]
mod object;
#[cfg(feature = "cloud")]
mod transport;
#[cfg(feature = "cloud")]
mod upload;

use std::{collections::BTreeMap, env, sync::Arc, time::Duration};

#[cfg(not(feature = "cloud"))]
pub(super) use absent::Remote;
#[cfg(feature = "cloud")]
pub(super) use object::Remote;

use super::meter::TransferObserver;

/// How a store is spoken to.
#[cfg_attr(
    not(feature = "cloud"),
    expect(
        dead_code,
        reason = "nothing is asked in a build without stores elsewhere"
    )
)]
#[derive(Clone)]
pub(super) struct Manner {
    /// A store that gives no answer and no byte for so long is given up.
    pub(super) patience: Duration,
    /// What goes over the environment.
    pub(super) settings: Arc<BTreeMap<String, String>>,
    /// Who is told, and may end it.
    pub(super) observer: Arc<dyn TransferObserver>,
}

#[cfg_attr(
    not(feature = "cloud"),
    expect(
        dead_code,
        reason = "nothing is asked in a build without stores elsewhere"
    )
)]
impl Manner {
    /// A setting, as it was given or as the environment has it.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        let given = self.settings.get(name).cloned();
        given
            .or_else(|| env::var(name).ok())
            .filter(|value| !value.is_empty())
    }
}

/// An object as the store describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stat {
    /// Its size in bytes.
    pub(super) size: u64,
    /// What changes when it does.
    pub(super) etag: Option<String>,
}

/// What an object's content is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    /// SHA-256, in hexadecimal.
    pub(super) sha256: String,
    /// Its size in bytes.
    pub(super) bytes: u64,
    /// What changes when the object does.
    pub(super) etag: Option<String>,
}

/// How an object that was to be made is there now.
#[cfg_attr(
    not(feature = "cloud"),
    expect(
        dead_code,
        reason = "nothing is made in a build without stores elsewhere"
    )
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// It was made.
    Now,
    /// The same was there, of an earlier try or of somebody else.
    Before,
}
