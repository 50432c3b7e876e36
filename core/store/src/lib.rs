//! The store: where datasets, models and exports live, addressed by URI.
//!
//! | scheme | what |
//! |---|---|
//! | a path, `file://` | this machine |
//! | `s3://`, `gs://`, `az://` | object stores, with the feature `cloud` |
//! | `http://`, `https://` | web servers, read only, with the feature `cloud` |
//! | `memory://` | this process, for tests, with the feature `cloud` |
//!
//! A runner always sees paths of this machine: what lies elsewhere is [staged](Store::stage)
//! through a cache that is addressed by content, and what goes elsewhere is
//! [published](Store::publish) from a directory, its manifest last.

mod access;
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
    expect(
        dead_code,
        reason = "nothing is fetched in a build without stores elsewhere"
    )
)]
mod part;
mod publish;
pub mod quantity;
mod remote;
mod staging;
mod verify;

pub use access::Store;
pub use cache::{Cache, CacheUse, Cleared, Lease, Staged};
pub use copy::Copied;
pub use error::StoreError;
pub use listing::{Listed, Listing};
pub use location::{
    below, is_known, is_local, local_path, locate, redacted, uri_of, without_secrets,
};
pub use manifest::{DATASET_MANIFEST, EXPORT_MANIFEST, Manifest};
pub use meter::{Transfer, TransferKind, TransferObserver};
pub use publish::Published;
pub use staging::{Staging, write_atomic};
pub use verify::{FileCheck, FileState, Verified};
