//! Remote stores. All network access is in this module, behind blocking calls.

#[cfg(not(feature = "cloud"))]
mod absent;
#[cfg(feature = "cloud")]
mod aws;
#[cfg(feature = "cloud")]
mod cancel;
#[cfg(feature = "cloud")]
mod connect;
#[cfg(feature = "cloud")]
mod download;
#[cfg(feature = "cloud")]
mod fault;
#[cfg(feature = "cloud")]
mod list;
#[cfg(feature = "cloud")]
mod object;
#[cfg(feature = "cloud")]
mod redirect;
#[cfg(feature = "cloud")]
mod retry;
mod settings;
#[cfg(feature = "cloud")]
mod source;
#[cfg(feature = "cloud")]
mod transport;
#[cfg(feature = "cloud")]
mod upload;

#[cfg(not(feature = "cloud"))]
pub(super) use absent::Remote;
#[cfg(feature = "cloud")]
pub(super) use object::Remote;
pub(super) use settings::RemoteSettings;
