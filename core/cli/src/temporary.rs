//! Temporary files and directories of the command. They are removed when they are dropped, and also
//! if the process ends in the middle of its work ([`remove_all`]).

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tempfile::{NamedTempFile, TempDir};

/// How often a directory is removed again in which a worker that is ending still writes.
const ATTEMPTS: usize = 10;
const PAUSE: Duration = Duration::from_millis(20);

/// What is there now.
static PATHS: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn paths() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    PATHS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A path that is on the list as long as this lives.
#[derive(Debug)]
struct Listed(PathBuf);

impl Listed {
    fn new(path: &Path) -> Self {
        paths().insert(path.to_owned());
        Self(path.to_owned())
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        paths().remove(&self.0);
    }
}

/// A temporary directory. The fields are dropped in order: first the directory is removed.
#[derive(Debug)]
pub struct TemporaryDirectory {
    directory: TempDir,
    _listed: Listed,
}

impl TemporaryDirectory {
    /// Makes a directory among the temporary files of the system.
    pub fn new(prefix: &str) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix(prefix).tempdir()?;
        Ok(Self {
            _listed: Listed::new(directory.path()),
            directory,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }
}

/// A file that appears under its name when it is complete.
#[derive(Debug)]
pub struct UnfinishedFile {
    file: NamedTempFile,
    _listed: Listed,
}

impl UnfinishedFile {
    /// Makes a hidden file in `directory`, with the usual permissions of new files.
    pub fn new(directory: &Path, prefix: &str) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.prefix(prefix).tempfile_in(directory)?;
        Ok(Self {
            _listed: Listed::new(file.path()),
            file,
        })
    }

    /// Gives it its name. It replaces an existing file.
    pub fn persist(self, path: &Path) -> io::Result<()> {
        self.file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

impl io::Write for UnfinishedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Removes all of them. For a process that ends in the middle of its work.
pub fn remove_all() {
    // Not waited for: the thread that holds the lock may never release it.
    let Ok(mut listed) = PATHS.try_lock() else {
        return;
    };
    for path in std::mem::take(&mut *listed) {
        for _ in 0..ATTEMPTS {
            let _ = fs::remove_file(&path);
            let _ = protea_files::remove_tree(&path);
            if path.symlink_metadata().is_err() {
                break;
            }
            thread::sleep(PAUSE);
        }
    }
}
