//! Temporary files and directories that do not stay, whatever happens to their process.
//!
//! The process that writes one holds a lock on it, which ends with the process. Whoever makes the next
//! one at the same place removes those that nobody holds any more, as a killed process leaves them. A
//! process that ends in the middle of its work calls [`remove_temporary`].

use std::{
    collections::BTreeSet,
    ffi::{OsStr, OsString},
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tempfile::NamedTempFile;

use crate::{remove_tree, system};

/// The number of random characters in a name, after the prefix.
const RANDOM: usize = 6;

/// The number of characters of [`BOOT`] in a name.
const TAG: usize = 8;

/// Without a tag of this boot of the machine, a lock may be that of another machine, which this one
/// does not see. Such a name has to be this old.
const ABANDONED_AFTER: Duration = Duration::from_secs(3600);

/// How long a new name waits for the process that takes it for one that was left.
const CLEANER: Duration = Duration::from_secs(2);

/// The most entries of a directory that are looked through.
const MOST_ENTRIES: usize = 100_000;

/// Stands for this boot of this machine: processes with the same tag see each other's locks.
static BOOT: LazyLock<Option<String>> = LazyLock::new(|| {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let tag = id.get(..TAG)?;
    tag.bytes()
        .all(|byte| byte.is_ascii_hexdigit())
        .then(|| tag.to_owned())
});

/// The temporary files and directories of this process.
static OWN: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// Removes the temporary files and directories of this process. For a process that ends in the middle
/// of its work.
pub fn remove_temporary() {
    // Not waited for: the thread that holds the lock may never release it.
    if let Ok(mut own) = OWN.try_lock() {
        for path in std::mem::take(&mut *own) {
            remove(&path);
        }
    }
}

fn own() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Errors are ignored: what stays is found by the next process.
fn remove(path: &Path) {
    if path.symlink_metadata().is_ok_and(|it| it.is_dir()) {
        let _ = remove_tree(path);
    } else {
        let _ = fs::remove_file(path);
    }
}

/// Whether a name is that of a temporary file or directory with this prefix.
#[must_use]
pub fn is_temporary(name: &OsStr, prefix: &OsStr) -> bool {
    split(name, prefix).is_some()
}

/// The tag in the name of a temporary file or directory; empty if it has none. `None` for other names.
fn split<'n>(name: &'n OsStr, prefix: &OsStr) -> Option<&'n str> {
    let rest = name
        .as_encoded_bytes()
        .strip_prefix(prefix.as_encoded_bytes())?;
    let (random, tag) = std::str::from_utf8(rest).ok()?.split_at_checked(RANDOM)?;
    let is_random = random.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_tag = |tag: &str| tag.len() == TAG && tag.bytes().all(|byte| byte.is_ascii_hexdigit());
    match tag.strip_prefix('-') {
        _ if !is_random => None,
        None if tag.is_empty() => Some(""),
        Some(tag) if is_tag(tag) => Some(tag),
        _ => None,
    }
}

/// Removes the temporary files and directories in `directory` whose process has ended. `prefixes` are
/// the beginnings of their names. Errors are ignored: cleaning up is optional.
pub fn remove_abandoned(directory: &Path, prefixes: &[&OsStr]) {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    for entry in entries.take(MOST_ENTRIES) {
        let name = entry.file_name();
        let Some(tag) = prefixes.iter().find_map(|prefix| split(&name, prefix)) else {
            continue;
        };
        let age = || {
            let modified = entry.path().symlink_metadata()?.modified()?;
            modified.elapsed().map_err(io::Error::other)
        };
        let is_of_this_boot = BOOT.as_deref() == Some(tag);
        if !is_of_this_boot && !age().is_ok_and(|age| age >= ABANDONED_AFTER) {
            continue;
        }
        // The lock is held until the entry is removed.
        if let Some(_lock) = system::lock_own(&entry.path(), Duration::ZERO) {
            remove(&entry.path());
        }
    }
}

/// A name and its lock.
#[derive(Debug)]
struct Held {
    /// None once it is somewhere else.
    path: Option<PathBuf>,
    /// None where the file system has no locks.
    _lock: Option<File>,
}

impl Held {
    /// Locks a new file or directory. `None` if another process took it for one that was left, and
    /// removed it, before it was locked.
    fn new(path: &Path) -> Option<Self> {
        own().insert(path.to_owned());
        let held = Self {
            path: Some(path.to_owned()),
            _lock: system::lock_own(path, CLEANER),
        };
        path.symlink_metadata().is_ok().then_some(held)
    }

    fn path(&self) -> &Path {
        self.path.as_deref().unwrap_or(Path::new(""))
    }

    fn release(&mut self) {
        if let Some(path) = self.path.take() {
            own().remove(&path);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            // `TempDir` fails on directories with thousands of levels.
            remove(&path);
            own().remove(&path);
        }
    }
}

fn builder(prefix: &OsStr, mode: u32) -> (OsString, tempfile::Builder<'_, 'static>) {
    let mut builder = tempfile::Builder::new();
    builder.prefix(prefix).rand_bytes(RANDOM);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    let suffix = BOOT.as_ref().map(|tag| format!("-{tag}"));
    (suffix.unwrap_or_default().into(), builder)
}

/// A temporary directory. It is removed when this is dropped, unless it is kept.
#[derive(Debug)]
pub struct TemporaryDirectory(Held);

impl TemporaryDirectory {
    /// Makes a directory in `parent` whose name begins with `prefix`, with these permissions less the
    /// umask. Removes those with the same prefix that killed processes have left there.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn create_in(parent: &Path, prefix: &OsStr, mode: u32) -> io::Result<Self> {
        remove_abandoned(parent, &[prefix]);
        let (suffix, mut builder) = builder(prefix, mode);
        builder.suffix(&suffix);
        loop {
            let directory = builder.tempdir_in(parent)?.keep();
            if let Some(held) = Held::new(&directory) {
                return Ok(Self(held));
            }
        }
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves the directory where it is, or where it was renamed to.
    pub fn keep(mut self) {
        self.0.release();
    }
}

/// A temporary file. It is removed when this is dropped, unless it is renamed.
#[derive(Debug)]
pub struct TemporaryFile {
    held: Held,
    file: NamedTempFile,
}

impl TemporaryFile {
    /// Makes a file in `parent` whose name begins with `prefix`, with these permissions less the umask.
    ///
    /// Does not look for what killed processes have left: a process writes many files.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn create_in(parent: &Path, prefix: &OsStr, mode: u32) -> io::Result<Self> {
        let (suffix, mut builder) = builder(prefix, mode);
        builder.suffix(&suffix);
        loop {
            let file = builder.tempfile_in(parent)?;
            if let Some(held) = Held::new(file.path()) {
                return Ok(Self { held, file });
            }
        }
    }

    /// The file's path until it is renamed.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// The open file.
    #[must_use]
    pub fn as_file(&self) -> &File {
        self.file.as_file()
    }

    /// Renames the file to `path`, in place of what is there.
    ///
    /// # Errors
    ///
    /// Those of the system. The file is removed then.
    pub fn persist(self, path: &Path) -> io::Result<()> {
        let Self { mut held, file } = self;
        file.persist(path).map_err(|error| error.error)?;
        held.release();
        Ok(())
    }

    /// Renames the file to `path`, unless something is there.
    ///
    /// # Errors
    ///
    /// Those of the system, [`io::ErrorKind::AlreadyExists`] among them. The file is removed then.
    pub fn persist_noclobber(self, path: &Path) -> io::Result<()> {
        let Self { mut held, file } = self;
        file.persist_noclobber(path).map_err(|error| error.error)?;
        held.release();
        Ok(())
    }
}

impl Write for TemporaryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn names_are_recognised() {
        let is = |name: &str| is_temporary(OsStr::new(name), OsStr::new(".partial-"));
        assert!(is(".partial-AbC123") && is(".partial-AbC123-0123abcd"));
        for other in [
            ".partial-",
            ".partial-AbC12",
            ".partial-AbC1234",
            ".partial-AbC123-",
            ".partial-AbC123-0123abcg",
            ".partial-AbC12é",
            ".other-AbC123",
        ] {
            assert!(!is(other), "{other}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_nobody_holds_is_removed_by_the_next_one() {
        let place = tempfile::tempdir().unwrap();
        let prefix = OsStr::new(".partial-");
        let make = || TemporaryDirectory::create_in(place.path(), prefix, 0o777).unwrap();
        let held = make();
        fs::write(held.path().join("file"), "kept").unwrap();
        // As after a kill: the lock is gone, the directory is not.
        let mut left = make();
        fs::write(left.path().join("file"), "left").unwrap();
        let (path, lock) = (left.0.path.take().unwrap(), left.0._lock.take());
        drop(lock);
        let tag = path
            .to_str()
            .unwrap()
            .rsplit_once('-')
            .unwrap()
            .1
            .to_owned();
        let stranger = place.path().join(".partial-stranger");
        fs::write(&stranger, "").unwrap();
        // An older version does not lock, and a link leads elsewhere.
        let older = place.path().join(".partial-AbC123");
        fs::create_dir(&older).unwrap();
        let link = place.path().join(format!(".partial-AbC124-{tag}"));
        std::os::unix::fs::symlink(held.path(), &link).unwrap();
        let next = make();
        assert!(!path.exists());
        for kept in [&stranger, &older, &link, next.path(), held.path()] {
            assert!(kept.symlink_metadata().is_ok(), "{}", kept.display());
        }
        assert!(held.path().join("file").exists());
        drop((held, next));
        assert_eq!(names(place.path()).len(), 3);
    }

    #[test]
    fn a_file_is_renamed_or_removed() {
        let place = tempfile::tempdir().unwrap();
        let make = || TemporaryFile::create_in(place.path(), OsStr::new(".partial-"), 0o666);
        let mut file = make().unwrap();
        file.write_all(b"new").unwrap();
        file.persist(&place.path().join("a")).unwrap();
        drop(make().unwrap());
        let error = make().unwrap().persist_noclobber(&place.path().join("a"));
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(names(place.path()), ["a"]);
        assert_eq!(fs::read(place.path().join("a")).unwrap(), b"new");
    }
}
