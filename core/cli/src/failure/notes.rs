//! Notes below an error: where to look next.

use std::{
    env,
    path::{Path, PathBuf},
};

use crate::{
    args::{DEFAULT_WORKSPACE, WORKSPACE_VARIABLE},
    output::display_path,
};

/// Says where runners belong: a copy of the command has none beside it.
pub(super) fn places_of_runners(searched: &[PathBuf]) -> String {
    let searched = searched.iter().map(|directory| display_path(directory));
    let searched: Vec<String> = searched.collect();
    format!(
        "no runner (libprotea_*) is beside the command or in {}; `protea runners install FILE` \
         copies one there",
        searched.join(", ")
    )
}

/// Says which command prints the log of the run in `directory`, from where the user is.
pub(super) fn log_command(directory: &Path) -> String {
    let run = directory.file_name().unwrap_or_default().to_string_lossy();
    let workspace = directory
        .ancestors()
        .find(|ancestor| ancestor.join(".signac").is_dir())
        .filter(|workspace| !is_default_workspace(workspace));
    let option = workspace.map_or_else(String::new, |workspace| {
        format!(" --workspace {}", display_path(workspace))
    });
    format!("`protea runs log {run}{option}` prints the run's log")
}

/// Whether commands use this workspace if none is given.
fn is_default_workspace(workspace: &Path) -> bool {
    let default = env::var_os(WORKSPACE_VARIABLE).unwrap_or_else(|| DEFAULT_WORKSPACE.into());
    let same = |one: &Path, other: &Path| match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    same(workspace, Path::new(&default))
}
