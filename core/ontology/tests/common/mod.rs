//! Helpers that several tests share.

use std::path::PathBuf;

/// The directory of real data, if the developer has one; its file `SOURCES.md` describes it.
pub fn shared_data() -> Option<PathBuf> {
    let directory = std::env::var_os("PROTEA_SHARED_DATA").map(PathBuf::from);
    if directory.is_none() {
        eprintln!("SKIPPED: this test needs the environment variable PROTEA_SHARED_DATA");
    }
    directory
}
