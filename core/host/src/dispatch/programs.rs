//! Programs of others that runners start.

use std::{
    env,
    path::{Path, PathBuf},
};

use protea_contracts::ProgramDeclaration;

/// Where a program that a runner declares is: the first program on the PATH that has its name.
#[must_use]
pub fn find(program: &ProgramDeclaration) -> Option<PathBuf> {
    files(program).next()
}

/// Every program on the PATH that has one of a declaration's names, the first one of each name.
pub(super) fn files(program: &ProgramDeclaration) -> impl Iterator<Item = PathBuf> {
    let names = std::iter::once(&program.name).chain(&program.other_names);
    names.filter_map(|name| find_on_path(name))
}

/// The first program of this name on the PATH. Relative directories in it are skipped: what they mean
/// depends on the current directory, where anybody may have put a program.
#[must_use]
pub fn find_on_path(name: &str) -> Option<PathBuf> {
    // A name is not a path: a runner declares what is on the PATH, and nothing else.
    if Path::new(name).file_name() != Some(name.as_ref()) {
        return None;
    }
    let path = env::var_os("PATH")?;
    let directories = env::split_paths(&path).filter(|directory| directory.is_absolute());
    let path = env::join_paths(directories).ok()?;
    which::which_in_global(name, Some(path)).ok()?.next()
}
