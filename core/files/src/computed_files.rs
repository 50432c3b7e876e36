//! Files in the user's cache that can be computed again, such as the indexes of a search.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use crate::{
    Links, PARTIAL, TemporaryFile, is_temporary, open, remove_abandoned, system, user_cache,
};

/// Their directory in the cache.
const DIRECTORY: &str = "indexes";
/// The most bytes of all files. Before a file is written, the least recently used ones are removed.
const MOST_BYTES: u64 = 4 << 30;
/// The most files that are looked through.
const MOST_FILES: usize = 100_000;

/// Files in the user's cache that can be computed again.
///
/// A file is written at once, by a rename, and never changed afterwards. It can be lost at any time:
/// another process may remove it, but one that has it open or mapped keeps its content. A file counts
/// only if it belongs to this user and nobody else can write it. Systems other than Unix have no such
/// files.
///
/// ```
/// use std::io::Read;
///
/// use protea_files::ComputedFiles;
///
/// # let place = tempfile::tempdir()?;
/// let files = ComputedFiles::below(place.path());
/// files.write("norms", &[b"one ", b"two"])?;
/// # #[cfg(unix)] {
/// let mut content = String::new();
/// files.open("norms").unwrap().read_to_string(&mut content)?;
/// assert_eq!(content, "one two");
/// # }
/// assert!(files.open("others").is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct ComputedFiles {
    directory: PathBuf,
    most: u64,
}

/// One of the files.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ComputedFile {
    /// Its path.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// When it was last opened or written.
    pub used: SystemTime,
}

impl ComputedFiles {
    /// Those in the user's cache. `None` if the environment names no such directory.
    #[must_use]
    pub fn of_user() -> Option<Self> {
        Some(Self::below(&user_cache().ok()??))
    }

    /// Those in this cache, which is made with the first file.
    #[must_use]
    pub fn below(cache: &Path) -> Self {
        Self {
            directory: cache.join(DIRECTORY),
            most: MOST_BYTES,
        }
    }

    /// The file with this name for reading. `None` if it is missing or others can write it.
    #[must_use]
    pub fn open(&self, name: &str) -> Option<File> {
        let path = self.directory.join(name);
        if !system::is_private(&path) {
            return None;
        }
        let file = open(&path, Links::Refuse).ok()?;
        // The time of the last use. A file that cannot have one can be read all the same.
        let _ = file.set_modified(SystemTime::now());
        Some(file)
    }

    /// Makes the directory of the files, and checks that it can be read.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn prepare(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.directory)?;
        fs::read_dir(&self.directory).map(drop)
    }

    /// Writes a file: the pieces, one after another. Removes the least recently used files if there are
    /// too many bytes.
    ///
    /// # Errors
    ///
    /// Those of the system; [`io::ErrorKind::FileTooLarge`] for more bytes than the cache or this process
    /// may write. Nothing of the file is left then.
    pub fn write(&self, name: &str, pieces: &[&[u8]]) -> io::Result<()> {
        let bytes: u64 = pieces.iter().map(|piece| piece.len() as u64).sum();
        // More than the process may write would end it by a signal.
        if bytes > self.most / 2 || bytes > system::largest_file() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.prepare()?;
        // Of processes that were killed here.
        remove_abandoned(&self.directory, &[PARTIAL.as_ref()]);
        self.shrink_to(self.most - bytes)?;
        let mut file = TemporaryFile::create_in(&self.directory, PARTIAL.as_ref(), 0o600)?;
        for piece in pieces {
            file.write_all(piece)?;
        }
        // Not synchronised with the disk: a reader checks the content.
        file.persist(&self.directory.join(name))
    }

    /// All files, the least recently used first.
    ///
    /// # Errors
    ///
    /// Those of the system. A directory that is missing has no files.
    pub fn list(&self) -> io::Result<Vec<ComputedFile>> {
        let entries = match fs::read_dir(&self.directory) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut found = Vec::new();
        for entry in entries.take(MOST_FILES) {
            let entry = entry?;
            // Another process may have removed it.
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            if metadata.is_file() && !is_temporary(&entry.file_name(), PARTIAL.as_ref()) {
                found.push(ComputedFile {
                    path: entry.path(),
                    bytes: metadata.len(),
                    used: metadata.modified()?,
                });
            }
        }
        found.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
        Ok(found)
    }

    /// Removes the least recently used files until the others have at most this many bytes. Returns the
    /// removed bytes.
    ///
    /// # Errors
    ///
    /// Those of the system.
    pub fn shrink_to(&self, most: u64) -> io::Result<u64> {
        let files = self.list()?;
        let mut kept: u64 = files.iter().map(|file| file.bytes).sum();
        let before = kept;
        for file in files {
            if kept <= most {
                break;
            }
            match fs::remove_file(&file.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => kept -= file.bytes,
            }
        }
        Ok(before - kept)
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{io::Read, os::unix::fs::PermissionsExt, time::Duration};

    use super::*;

    fn names(files: &ComputedFiles) -> Vec<String> {
        let name = |file: ComputedFile| file.path.file_name().unwrap().to_string_lossy().into();
        let mut names: Vec<String> = files.list().unwrap().into_iter().map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn files_that_others_can_write_do_not_count() {
        let place = tempfile::tempdir().unwrap();
        let files = ComputedFiles::below(place.path());
        files.write("a", &[b"content"]).unwrap();
        let path = files.list().unwrap().remove(0).path;
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
        assert!(files.open("a").is_some());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o620)).unwrap();
        assert!(files.open("a").is_none());
        std::os::unix::fs::symlink("/dev/zero", path.with_file_name("b")).unwrap();
        assert!(files.open("b").is_none());
        assert!(files.open("missing").is_none());
        files.write("a", &[b"new"]).unwrap();
        let mut content = String::new();
        let mut file = files.open("a").unwrap();
        file.read_to_string(&mut content).unwrap();
        assert_eq!(content, "new");
    }

    #[test]
    fn what_a_killed_process_left_is_removed() {
        let place = tempfile::tempdir().unwrap();
        let files = ComputedFiles::below(place.path());
        files.prepare().unwrap();
        let left = TemporaryFile::create_in(&files.directory, PARTIAL.as_ref(), 0o600).unwrap();
        let path = left.path().to_owned();
        drop(left);
        fs::write(&path, "part").unwrap();
        files.write("a", &[b"content"]).unwrap();
        assert!(!path.exists());
        assert_eq!(names(&files), ["a"]);
    }

    #[test]
    fn the_least_recently_used_files_make_room() {
        let place = tempfile::tempdir().unwrap();
        let mut files = ComputedFiles::below(place.path());
        files.most = 100;
        for (age, name) in [(3, "a"), (2, "b"), (1, "c")] {
            files.write(name, &[&[0; 15], &[1; 15]]).unwrap();
            let file = files.open(name).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(100 * age))
                .unwrap();
        }
        assert_eq!(names(&files), ["a", "b", "c"]);
        // What is opened has been used.
        files.open("a").unwrap();
        files.write("d", &[&[0; 40]]).unwrap();
        assert_eq!(names(&files), ["a", "c", "d"]);
        let error = files.write("e", &[&[0; 51]]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(names(&files), ["a", "c", "d"]);
        assert_eq!(files.shrink_to(0).unwrap(), 100);
        assert!(names(&files).is_empty());
    }
}
