//! Paths that name a place from another, so that a directory with both can be moved.

use std::path::{Component, Path, PathBuf};

/// The way from the directory `base` to `path`, both absolute.
pub(crate) fn from(base: &Path, path: &Path) -> PathBuf {
    let shared = base
        .components()
        .zip(path.components())
        .take_while(|(a, b)| a == b)
        .count();
    let up = base.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(path.components().skip(shared)).collect()
}

/// Where the way `path` from the directory `base` leads. No file is asked: `..` takes a part away.
pub(crate) fn resolved(base: &Path, path: &Path) -> PathBuf {
    let mut place = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            Component::ParentDir => {
                place.pop();
            }
            part => place.push(part),
        }
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let base = Path::new("/w/.protea/open");
        for (path, way) in [
            ("/w/workspace/job/log", "../../workspace/job/log"),
            ("/w/.protea/open/log", "log"),
            ("/elsewhere", "../../../elsewhere"),
        ] {
            assert_eq!(from(base, Path::new(path)), Path::new(way));
            assert_eq!(resolved(base, Path::new(way)), Path::new(path));
        }
        // A path that is absolute stays what it is.
        assert_eq!(resolved(base, Path::new("/x/y")), Path::new("/x/y"));
    }
}
