//! Whether an output directory has outgrown its limit.

use std::{collections::HashMap, fs, os::unix::fs::MetadataExt, path::Path};

use protea_files::{FilesError, Stop, usage};
use rustix::process::Pid;

/// Whether the directory, and the files of it that `processes` have open although they removed
/// them, occupy more than `limit` bytes. What cannot be measured exceeds every limit: a directory
/// with too many levels, or one that the host cannot list, could hold anything. If `stop` ends the
/// measurement, the answer is no, as something else ends the call then.
pub(super) fn exceeds(directory: &Path, limit: u64, processes: &[Pid], stop: &dyn Stop) -> bool {
    match usage(directory, limit, stop) {
        Ok(usage) if usage.bytes > limit => true,
        Ok(usage) => {
            usage
                .bytes
                .saturating_add(removed(directory, processes, stop))
                > limit
        }
        Err(FilesError::Stopped { .. }) => false,
        // A directory that is removed while it is measured.
        Err(error) if error.is_not_found() => false,
        Err(_) => true,
    }
}

/// The bytes of removed files of the directory that these processes still have open. Linux only:
/// other systems do not report the open files of a process.
fn removed(directory: &Path, processes: &[Pid], stop: &dyn Stop) -> u64 {
    let Ok(directory) = directory.canonicalize() else {
        return 0;
    };
    let mut found: HashMap<(u64, u64), u64> = HashMap::new();
    for pid in processes {
        if stop.should_stop() {
            break;
        }
        let files = fs::read_dir(format!("/proc/{}/fd", pid.as_raw_nonzero()));
        for file in files.into_iter().flatten().flatten() {
            let is_removed = |target: &Path| {
                target.starts_with(&directory)
                    && target.as_os_str().as_encoded_bytes().ends_with(REMOVED)
            };
            if fs::read_link(file.path()).is_ok_and(|target| is_removed(&target))
                && let Ok(metadata) = fs::metadata(file.path())
            {
                let bytes = metadata.len().max(metadata.blocks() * 512);
                found.insert((metadata.dev(), metadata.ino()), bytes);
            }
        }
    }
    found.values().copied().fold(0, u64::saturating_add)
}

/// What Linux puts behind the path of a file that was removed.
const REMOVED: &[u8] = b" (deleted)";

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::Write;

    use protea_files::Never;

    use super::*;

    #[test]
    fn removed_files_that_are_open_count() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("hidden");
        let mut file = fs::File::create(&path).unwrap();
        file.write_all(&[1; 100_000]).unwrap();
        let this = [rustix::process::getpid()];
        let exceeds = |limit| exceeds(directory.path(), limit, &this, &Never);
        assert!(exceeds(99_999) && !exceeds(200_000));
        fs::remove_file(path).unwrap();
        assert!(exceeds(99_999) && !exceeds(200_000));
        drop(file);
        assert!(!exceeds(99_999));
    }
}
