//! The directory for the intermediate files of a command.

use std::ffi::OsStr;

use protea_files::TemporaryDirectory;

use crate::{exit::Exit, failure::Failure, output::display_path};

/// Creates a private directory among the system's temporary files. It is removed when the command
/// ends; what a killed command left is removed first.
pub fn scratch_directory(prefix: &str) -> Result<TemporaryDirectory, Failure> {
    let parent = std::env::temp_dir();
    TemporaryDirectory::create_in(&parent, OsStr::new(prefix), 0o700).map_err(|error| {
        let message = format!("cannot write to {}: {error}", display_path(&parent));
        Failure::new(Exit::Output, message)
    })
}
