//! Remembers the hash of a file's content, so that the same content is hashed once on a machine.

use std::{
    env,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use crate::{
    Links, PARTIAL, TemporaryFile, read_text, remove_abandoned,
    system::{self, FileState},
};

/// The variable with the directory of the user's cache.
const DIRECTORY: &str = "PROTEA_CACHE_DIR";
/// The directory of the records in the cache.
const RECORDS: &str = "digests";
/// Hashing a smaller file takes less time than looking for its record.
const SMALLEST: u64 = 256 << 10;
/// The longest record in bytes.
const LONGEST: u64 = 512;
/// The most records. Each occupies a block of the file system.
const MOST: usize = 4096;
/// A file that changed so shortly ago can change again without another time of change.
const SETTLED: Duration = Duration::from_secs(2);

/// The directory of the user's cache: `PROTEA_CACHE_DIR`, by default `$XDG_CACHE_HOME/protea` or the
/// equivalent of the system. `None` if the environment names none.
///
/// # Errors
///
/// When the variable has a relative path and the working directory is unknown.
pub fn user_cache() -> io::Result<Option<PathBuf>> {
    let absolute = |name: &str| {
        let path = env::var_os(name).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    if let Some(given) = env::var_os(DIRECTORY).filter(|path| !path.is_empty()) {
        return std::path::absolute(given).map(Some);
    }
    let base = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_vendor = "apple") {
        absolute("HOME").map(|home| home.join("Library/Caches"))
    } else {
        absolute("XDG_CACHE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".cache")))
    };
    Ok(base.map(|base| base.join("protea")))
}

/// Hashes of the content of files, each with the state of the file when it was hashed.
///
/// A record counts only while device, inode, size and both times of the file are the same, and if the
/// record belongs to this user and nobody else can write it. Files on network file systems are always
/// hashed, because another machine can change them without these values changing here in time. So are
/// files that changed in the last two seconds, and all files on systems other than Linux.
///
/// ```
/// use protea_files::DigestCache;
///
/// # let place = tempfile::tempdir()?;
/// # let path = place.path().join("file");
/// # std::fs::write(&path, b"content")?;
/// let cache = DigestCache::below(place.path());
/// let digest = cache.digest(&std::fs::File::open(&path)?, |_file| Ok([7; 32]))?;
/// assert_eq!(digest, [7; 32]);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct DigestCache {
    records: Option<PathBuf>,
}

impl DigestCache {
    /// The records in the user's cache. Without such a cache every file is hashed.
    #[must_use]
    pub fn of_user() -> Self {
        match user_cache() {
            Ok(Some(cache)) => Self::below(&cache),
            Ok(None) | Err(_) => Self::none(),
        }
    }

    /// No records: every file is hashed.
    #[must_use]
    pub fn none() -> Self {
        Self { records: None }
    }

    /// The records in this cache, which is made with the first record.
    #[must_use]
    pub fn below(cache: &Path) -> Self {
        Self {
            records: Some(cache.join(RECORDS)),
        }
    }

    /// The recorded SHA-256 of an open file, or the one that `hash` computes, which is recorded. If the
    /// record cannot be written, this is not an error: the file is hashed again the next time.
    ///
    /// # Errors
    ///
    /// The errors of `hash`.
    pub fn digest(
        &self,
        file: &File,
        hash: impl FnOnce(&File) -> io::Result<[u8; 32]>,
    ) -> io::Result<[u8; 32]> {
        let Some((records, state)) = self.usable(file) else {
            return hash(file);
        };
        let path = records.join(format!("{:x}-{:x}", state.device, state.inode));
        if let Some(digest) = recorded(&path, &state) {
            return Ok(digest);
        }
        let digest = hash(file)?;
        if system::local_state(file) == Some(state) {
            let _ = record(records, &path, &state, &digest);
        }
        Ok(digest)
    }

    /// Removes all records.
    ///
    /// # Errors
    ///
    /// When one cannot be removed.
    pub fn clear(&self) -> io::Result<()> {
        match self.records.as_ref().map(fs::remove_dir_all) {
            Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// The directory of the records and the state of the file, if a record of it is worth having and
    /// can be relied on.
    fn usable(&self, file: &File) -> Option<(&Path, FileState)> {
        let records = self.records.as_deref()?;
        let state = system::local_state(file)?;
        let now = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .ok()?;
        let settled = now.checked_sub(SETTLED)?;
        let settled = (
            i64::try_from(settled.as_secs()).ok()?,
            i64::from(settled.subsec_nanos()),
        );
        let last = state.changed.max(state.modified);
        (state.size >= SMALLEST && last < settled).then_some((records, state))
    }
}

/// The content of a record: the state in decimal numbers, and the digest in hexadecimal ones.
fn line(state: &FileState) -> String {
    let FileState {
        size,
        modified,
        changed,
        ..
    } = state;
    format!(
        "{size} {}.{:09} {}.{:09} ",
        modified.0, modified.1, changed.0, changed.1
    )
}

fn recorded(path: &Path, state: &FileState) -> Option<[u8; 32]> {
    if !system::is_private(path) {
        return None;
    }
    let text = read_text(path, Links::Refuse, LONGEST).ok()?;
    let digits = text.strip_prefix(&line(state))?.strip_suffix('\n')?;
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let mut digest = [0; 32];
    for (byte, at) in digest.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(digits.get(at..at + 2)?, 16).ok()?;
    }
    Some(digest)
}

fn record(records: &Path, path: &Path, state: &FileState, digest: &[u8; 32]) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(records)?;
    remove_abandoned(records, &[PARTIAL.as_ref()]);
    make_room(records)?;
    let mut text = line(state);
    for byte in digest {
        text.push_str(&format!("{byte:02x}"));
    }
    text.push('\n');
    let mut file = TemporaryFile::create_in(records, PARTIAL.as_ref(), 0o600)?;
    file.write_all(text.as_bytes())?;
    file.persist(path)
}

/// Removes the older half of the records once there are too many.
fn make_room(records: &Path) -> io::Result<()> {
    let mut found = Vec::new();
    for entry in fs::read_dir(records)?.take(2 * MOST) {
        let entry = entry?;
        found.push((entry.metadata()?.modified()?, entry.path()));
    }
    if found.len() < MOST {
        return Ok(());
    }
    found.sort();
    for (_, path) in &found[..found.len() / 2] {
        fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::{cell::Cell, os::unix::fs::PermissionsExt};

    use super::*;

    /// A file in a cache, whose content is hashed into its last byte.
    struct Case {
        place: tempfile::TempDir,
        hashed: Cell<u32>,
    }

    impl Case {
        fn new(content: &[u8]) -> Self {
            let place = tempfile::tempdir().unwrap();
            fs::write(place.path().join("file"), content).unwrap();
            Self {
                place,
                hashed: Cell::new(0),
            }
        }

        fn file(&self) -> PathBuf {
            self.place.path().join("file")
        }

        fn digest(&self) -> [u8; 32] {
            let cache = DigestCache::below(self.place.path());
            let digest = cache.digest(&File::open(self.file()).unwrap(), |_| {
                self.hashed.set(self.hashed.get() + 1);
                Ok([*fs::read(self.file()).unwrap().last().unwrap(); 32])
            });
            digest.unwrap()
        }

        fn records(&self) -> Vec<PathBuf> {
            let records = fs::read_dir(self.place.path().join(RECORDS));
            let records = records.into_iter().flatten();
            records.map(|entry| entry.unwrap().path()).collect()
        }

        fn settle(&self) {
            std::thread::sleep(SETTLED + Duration::from_millis(50));
        }
    }

    const LARGE: usize = SMALLEST as usize;

    #[test]
    fn unchanged_content_is_hashed_once_and_changed_content_again() {
        let case = Case::new(&vec![1; LARGE]);
        assert_eq!((case.digest(), case.hashed.get()), ([1; 32], 1));
        // A file that was written just now leaves no record.
        assert!(case.records().is_empty());
        case.settle();
        for _ in 0..3 {
            assert_eq!((case.digest(), case.hashed.get()), ([1; 32], 2));
        }
        let before = fs::metadata(case.file()).unwrap();
        fs::write(case.file(), vec![2; LARGE]).unwrap();
        let file = File::options().append(true).open(case.file()).unwrap();
        // The time that a program can set.
        file.set_modified(before.modified().unwrap()).unwrap();
        assert_eq!((case.digest(), case.hashed.get()), ([2; 32], 3));
        case.settle();
        assert_eq!((case.digest(), case.hashed.get()), ([2; 32], 4));
        assert_eq!((case.digest(), case.hashed.get()), ([2; 32], 4));
        // Records that others can write, or that are damaged, do not count.
        let record = case.records().remove(0);
        fs::set_permissions(&record, fs::Permissions::from_mode(0o622)).unwrap();
        assert_eq!((case.digest(), case.hashed.get()), ([2; 32], 5));
        let text = fs::read_to_string(&record).unwrap();
        for damaged in [&text[..text.len() - 1], "", &text.replacen('2', "x", 1)] {
            fs::write(&record, damaged).unwrap();
            let hashed = case.hashed.get();
            assert_eq!((case.digest(), case.hashed.get()), ([2; 32], hashed + 1));
        }
        assert_eq!(case.records(), [record]);
        DigestCache::below(case.place.path()).clear().unwrap();
        assert!(case.records().is_empty());
    }

    #[test]
    fn small_files_leave_no_record() {
        let case = Case::new(&vec![1; LARGE - 1]);
        case.settle();
        case.digest();
        assert_eq!((case.digest(), case.hashed.get()), ([1; 32], 2));
        assert!(case.records().is_empty());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn what_a_killed_process_left_is_removed() {
        let case = Case::new(&vec![1; LARGE]);
        let records = case.place.path().join(RECORDS);
        fs::create_dir(&records).unwrap();
        let left = TemporaryFile::create_in(&records, PARTIAL.as_ref(), 0o600).unwrap();
        let path = left.path().to_owned();
        drop(left);
        fs::write(&path, "").unwrap();
        case.settle();
        case.digest();
        assert!(!path.exists());
        assert_eq!(case.records().len(), 1);
    }

    #[test]
    fn the_older_half_of_too_many_records_is_removed() {
        let place = tempfile::tempdir().unwrap();
        for number in 0..MOST {
            fs::write(place.path().join(number.to_string()), "").unwrap();
        }
        make_room(place.path()).unwrap();
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), MOST / 2);
    }
}
