//! Settings of a connection: timeout, overrides of the environment, and observer.

use std::{collections::BTreeMap, env, sync::Arc, time::Duration};

use crate::meter::TransferObserver;

/// Settings of a connection.
#[cfg_attr(
    not(feature = "cloud"),
    expect(dead_code, reason = "a build without remote stores makes no requests")
)]
#[derive(Clone)]
pub(crate) struct RemoteSettings {
    /// The timeout of a store that sends nothing.
    pub(crate) timeout: Duration,
    /// Overrides of environment variables.
    pub(crate) settings: Arc<BTreeMap<String, String>>,
    /// Receives progress and can cancel.
    pub(crate) observer: Arc<dyn TransferObserver>,
}

#[cfg_attr(
    not(feature = "cloud"),
    expect(dead_code, reason = "a build without remote stores makes no requests")
)]
impl RemoteSettings {
    /// A variable: from the overrides, otherwise from the environment.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let overridden = self.settings.get(name).cloned();
        overridden
            .or_else(|| env::var(name).ok())
            .filter(|value| !value.is_empty())
    }

    /// The overrides with this prefix that `object_store` knows.
    #[cfg(feature = "cloud")]
    pub(super) fn overrides<'m, K: std::str::FromStr>(
        &'m self,
        prefix: &'m str,
    ) -> impl Iterator<Item = (K, &'m String)> {
        let settings = self.settings.iter();
        settings
            .filter(move |(name, _)| name.starts_with(prefix))
            .filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value)))
    }
}
