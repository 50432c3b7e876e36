//! Paths relative to a directory, so that a directory that contains both can be moved.

use std::path::{Component, Path, PathBuf};

/// `path` relative to the directory `base`. Both must be absolute.
pub(crate) fn between(base: &Path, path: &Path) -> PathBuf {
    let shared = base
        .components()
        .zip(path.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = base.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}

/// The absolute path that `path` means relative to the directory `base`. Resolves `..` without
/// looking at the file system.
pub(crate) fn resolve(base: &Path, path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            part => resolved.push(part),
        }
    }
    resolved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolve_is_the_inverse_of_between() {
        let base = Path::new("/w/.protea/open");
        for (path, relative) in [
            ("/w/workspace/job/log", "../../workspace/job/log"),
            ("/w/.protea/open/log", "log"),
            ("/elsewhere", "../../../elsewhere"),
        ] {
            assert_eq!(between(base, Path::new(path)), Path::new(relative));
            assert_eq!(resolve(base, Path::new(relative)), Path::new(path));
        }
        assert_eq!(resolve(base, Path::new("/x/y")), Path::new("/x/y"));
    }
}
