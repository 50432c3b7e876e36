//! The store: reads and writes datasets, models and exports by URI, local or remote.
//!
//! | scheme | store |
//! |---|---|
//! | a path, `file://` | files on this machine |
//! | `s3://`, `gs://`, `az://` | object stores, with the feature `cloud` |
//! | `http://`, `https://` | web servers, read only, with the feature `cloud` |
//! | `memory://` | the memory of this process, for tests, with the feature `cloud` |
//!
//! A runner always sees local paths. Remote content is [staged](Store::stage) through a cache that
//! is addressed by content. Results are [published](Store::publish) from a local directory,
//! manifest last. This crate does not know runners, jobs or the format of datasets beyond their
//! list of files.

mod access;
mod atomic_file;
mod cache;
mod copy;
mod error;
mod list;
mod listing;
mod location;
mod manifest;
mod meter;
mod object_info;
#[cfg_attr(
    not(feature = "cloud"),
    expect(dead_code, reason = "a build without remote stores fetches nothing")
)]
mod part;
mod prefix;
mod publish;
pub mod quantity;
mod remote;
mod verify;

pub use access::Store;
pub use atomic_file::write_atomic;
pub use cache::{Cache, CacheUse, Cleared, Lease, Staged};
pub use copy::Copied;
pub use error::StoreError;
pub use listing::{Depth, Listed, Listing};
pub use location::{
    child_uri, is_known, is_local, local_path, locate, redacted, relative_name, uri_of,
    without_secrets,
};
pub use manifest::{DATASET_MANIFEST, EXPORT_MANIFEST, StoreManifest};
pub use meter::{Transfer, TransferKind, TransferObserver};
pub use prefix::{Created, Prefix};
pub use protea_files::{PARTIAL, Staging, StagingError, sync_directory};
pub use publish::Published;
pub use verify::{FileCheck, FileState, Verified};
