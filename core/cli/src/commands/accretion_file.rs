//! The option `--ia` of commands that read a table of information accretion.

use std::{fs, io, path::Path};

use crate::{exit::Exit, failure::Failure, output::display_path};

/// Fails if a table of information accretion that a command should read is not there.
pub(super) fn check_table(path: &Path) -> Result<(), Failure> {
    let missing = fs::metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
    if !missing {
        return Ok(());
    }
    let path = display_path(path);
    Err(Failure::new(
        Exit::Input,
        format!(
            "there is no file {path}; make it with `protea dataset ia DATASET -o {path}`, or leave out \
             --ia, which only weighted scores need"
        ),
    ))
}
