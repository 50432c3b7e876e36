//! Lists everything below a directory.

use std::{
    ops::ControlFlow,
    path::{Path, PathBuf},
};

use crate::{
    Directory, FileKind, FilesError, Stop,
    system::{self, Entry},
};

/// How much of a directory is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The most entries: files, directories and what is left out.
    pub entries: usize,
    /// The most directories inside each other.
    pub depth: usize,
}

impl Default for Limits {
    /// 100,000 entries, 64 levels.
    fn default() -> Self {
        Self {
            entries: 100_000,
            depth: 64,
        }
    }
}

/// A file whose data is less than this share of its size is sparse.
const SPARSE_SHARE: u64 = 100;
/// The largest sparse file in bytes, and the largest sum of all in a directory.
const LARGEST_SPARSE: u64 = 1 << 30;
const LARGEST_SPARSE_SUM: u64 = 64 << 30;

/// Takes an entry with its path relative to the directory, and says whether to go on.
pub(crate) type Each<'e> = dyn FnMut(&Path, &Entry) -> Result<ControlFlow<()>, FilesError> + 'e;

/// A regular file below a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundFile {
    /// Its path relative to the directory.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Everything below a directory.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Tree {
    /// The regular files, sorted by path.
    pub files: Vec<FoundFile>,
    /// The directories, sorted by path.
    pub directories: Vec<PathBuf>,
    /// Links, pipes, sockets, devices and large files without content, sorted by path, each as the error that opening it is.
    pub left_out: Vec<FilesError>,
}

impl Tree {
    /// The total size of the files in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let sizes = self.files.iter().map(|file| file.bytes);
        sizes.fold(0, u64::saturating_add)
    }
}

impl Directory {
    /// Lists everything below the directory.
    ///
    /// # Errors
    ///
    /// [`FilesError::TooMany`], [`FilesError::TooDeep`], [`FilesError::Stopped`],
    /// [`FilesError::Read`]. Links and special files are not errors; they are in
    /// [`left_out`](Tree::left_out).
    pub fn walk(&self, limits: &Limits, stop: &dyn Stop) -> Result<Tree, FilesError> {
        let mut tree = Tree::default();
        let mut count = 0_usize;
        let mut sparse_bytes = 0;
        self.visit(limits.depth, stop, &mut |path, entry| {
            count += 1;
            if count > limits.entries {
                return Err(FilesError::TooMany {
                    path: self.path().to_owned(),
                    limit: limits.entries,
                });
            }
            match entry.kind {
                FileKind::File if self.is_sparse(path, entry, &mut sparse_bytes) => {
                    tree.left_out.push(FilesError::Sparse {
                        path: self.path().join(path),
                        bytes: entry.bytes,
                    });
                }
                FileKind::File => tree.files.push(FoundFile {
                    path: path.to_owned(),
                    bytes: entry.bytes,
                }),
                FileKind::Directory => tree.directories.push(path.to_owned()),
                FileKind::Link => tree.left_out.push(FilesError::SymbolicLink {
                    path: self.path().join(path),
                }),
                kind => tree.left_out.push(FilesError::NotRegular {
                    path: self.path().join(path),
                    kind,
                }),
            }
            Ok(ControlFlow::Continue(()))
        })?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree.directories.sort();
        tree.left_out.sort_by(|a, b| a.path().cmp(b.path()));
        Ok(tree)
    }

    /// Whether a file is large and consists of holes for more than 99 hundredths, alone or together
    /// with such files before it.
    fn is_sparse(&self, path: &Path, entry: &Entry, before: &mut u64) -> bool {
        if entry.bytes == 0 || entry.allocated >= entry.bytes / SPARSE_SHARE {
            return false;
        }
        // Not every file system reports blocks: where it does not, all is data.
        let data = self
            .open_file(path)
            .ok()
            .and_then(|file| system::data(&file));
        if data.is_none_or(|data| data >= entry.bytes / SPARSE_SHARE) {
            return false;
        }
        *before = before.saturating_add(entry.bytes);
        entry.bytes > LARGEST_SPARSE || *before > LARGEST_SPARSE_SUM
    }

    /// Calls `each` for every entry below the directory with its relative path, until it breaks.
    pub(crate) fn visit(
        &self,
        depth: usize,
        stop: &dyn Stop,
        each: &mut Each<'_>,
    ) -> Result<(), FilesError> {
        // Directories are opened one after the other, relative to the first: the number of open
        // files does not grow with the depth.
        let mut pending = vec![(PathBuf::new(), 0)];
        while let Some((below, level)) = pending.pop() {
            let opened;
            let full = self.path().join(&below);
            let handle = if level == 0 {
                &self.handle
            } else {
                opened = self.handle.subdirectory(&below, &full)?;
                &opened
            };
            let mut seen = 0_u32;
            let flow = handle.for_each(&full, &mut |entry| {
                seen = seen.wrapping_add(1);
                if seen % 256 == 1 && stop.should_stop() {
                    return Err(FilesError::Stopped { path: full.clone() });
                }
                let path = below.join(&entry.name);
                let flow = each(&path, entry)?;
                if flow.is_continue() && entry.kind == FileKind::Directory {
                    if level + 1 > depth {
                        let start: PathBuf = below.iter().take(3).collect();
                        return Err(FilesError::TooDeep {
                            path: self.path().join(start),
                            limit: depth,
                        });
                    }
                    pending.push((path, level + 1));
                }
                Ok(flow)
            })?;
            if flow.is_break() {
                break;
            }
        }
        Ok(())
    }
}
