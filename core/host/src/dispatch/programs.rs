//! Programs of others that runners start.

use std::{
    env,
    path::{Path, PathBuf},
};

use protea_contracts::ProgramDeclaration;

/// Where a program that a runner declares is: the first file on the PATH that has its name.
#[must_use]
pub fn find(program: &ProgramDeclaration) -> Option<PathBuf> {
    files(program).next()
}

/// Every file on the PATH that has one of a program's names, the first one of each name.
pub(super) fn files(program: &ProgramDeclaration) -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let directories: Vec<PathBuf> = env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .collect();
    let names = std::iter::once(&program.name).chain(&program.other_names);
    names.filter_map(move |name| {
        // A name is no path: a runner declares what is on the PATH, and nothing else.
        let plain = Path::new(name).file_name() == Some(name.as_ref());
        let mut candidates = directories.iter().map(|directory| directory.join(name));
        candidates.find(|candidate| plain && candidate.is_file())
    })
}
