//! How a store is connected to: the timeout, settings in place of the environment's, and the observer.

use std::{collections::BTreeMap, env, sync::Arc, time::Duration};

use crate::meter::TransferObserver;

/// How a store is spoken to.
#[cfg_attr(
    not(feature = "cloud"),
    expect(
        dead_code,
        reason = "nothing is asked in a build without stores elsewhere"
    )
)]
#[derive(Clone)]
pub(crate) struct RemoteSettings {
    /// How long nothing may arrive before the store is given up.
    pub(crate) timeout: Duration,
    /// What goes over the environment.
    pub(crate) settings: Arc<BTreeMap<String, String>>,
    /// Who is told, and may end it.
    pub(crate) observer: Arc<dyn TransferObserver>,
}

#[cfg_attr(
    not(feature = "cloud"),
    expect(
        dead_code,
        reason = "nothing is asked in a build without stores elsewhere"
    )
)]
impl RemoteSettings {
    /// A setting, as it was given or as the environment has it.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let given = self.settings.get(name).cloned();
        given
            .or_else(|| env::var(name).ok())
            .filter(|value| !value.is_empty())
    }

    /// The settings that were given with this prefix and that the crate knows.
    #[cfg(feature = "cloud")]
    pub(super) fn given<'m, K: std::str::FromStr>(
        &'m self,
        prefix: &'m str,
    ) -> impl Iterator<Item = (K, &'m String)> {
        let settings = self.settings.iter();
        settings
            .filter(move |(name, _)| name.starts_with(prefix))
            .filter_map(|(name, value)| Some((name.to_ascii_lowercase().parse().ok()?, value)))
    }
}
