//! What several tests share.

use std::path::PathBuf;

/// Real data, where a developer has it; see the file `SOURCES.md` there.
pub fn shared_data() -> Option<PathBuf> {
    let directory = std::env::var_os("PROTEA_SHARED_DATA").map(PathBuf::from);
    if directory.is_none() {
        eprintln!("SKIPPED: this test needs the environment variable PROTEA_SHARED_DATA");
    }
    directory
}
