//! The state of an unfinished `fit`, kept by the host so that a later call can continue it.
//!
//! A host that may be killed during a long `fit` passes a directory that outlives the call,
//! [`FitRequest::checkpoint_uri`](crate::FitRequest::checkpoint_uri), to runners with
//! [`Capabilities::checkpoints`](crate::Capabilities). A runner saves its state there from time to
//! time. If the same fit is made again, with the same runner file, settings, seed and dataset, the
//! runner finds what it saved and continues from there.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use crate::{
    Sha256,
    content::{digest_bytes, open_regular},
    error::{Attribute, RunnerError},
};

/// The first bytes of a saved state, followed by its SHA-256 in hexadecimal and a line feed.
const MAGIC: &[u8] = b"protea-checkpoint 1 ";
/// The length of a SHA-256 in hexadecimal.
const HASH: usize = 64;

/// The directory in which `fit` saves its state.
///
/// ```
/// # use protea_contracts::{Emitter, FitRequest, RunnerError};
/// # fn fit(request: &FitRequest<()>, emit: &Emitter) -> Result<(), RunnerError> {
/// let checkpoint = request.checkpoint()?;
/// let saved = checkpoint.as_ref().and_then(|checkpoint| checkpoint.load("weights"));
/// let mut weights = saved.unwrap_or_default();
/// while weights.len() < 1_000 {
///     emit.check()?;
///     weights.push(weights.len() as u8);
///     if weights.len() % 100 == 0
///         && let Some(checkpoint) = &checkpoint
///     {
///         checkpoint.save("weights", &weights)?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    directory: PathBuf,
}

impl Checkpoint {
    /// The largest state that [`save`](Self::save) writes and [`load`](Self::load) reads, in bytes:
    /// 4 GiB.
    pub const SIZE_LIMIT: u64 = 4 << 30;

    /// A checkpoint in a directory, which is created if it does not exist.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] or [`RunnerError::NoSpace`] when it cannot be created.
    pub fn open(directory: &Path) -> Result<Self, RunnerError> {
        fs::create_dir_all(directory)
            .or_failed(&format!("creating the directory {}", directory.display()))?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// The directory, for a runner whose library writes its own files. Write each under another name
    /// first and rename it, because the process may be killed at any time.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Saves a state in the file `name`. It takes the place of the one before only when it is complete
    /// and on the disk.
    ///
    /// # Errors
    ///
    /// [`RunnerError::Failed`] for a name that is not a file name and for a state larger than
    /// [`SIZE_LIMIT`](Self::SIZE_LIMIT); [`RunnerError::Failed`] or [`RunnerError::NoSpace`] when it
    /// cannot be written.
    pub fn save(&self, name: &str, state: &[u8]) -> Result<(), RunnerError> {
        let place = self.place(name)?;
        if state.len() as u64 > Self::SIZE_LIMIT {
            return Err(RunnerError::failed(format!(
                "a checkpoint of {} bytes is larger than {} bytes",
                state.len(),
                Self::SIZE_LIMIT
            )));
        }
        let unfinished = self.directory.join(format!(".{name}.new"));
        let write = || -> io::Result<()> {
            // Whatever a killed call left is replaced, not followed.
            match fs::remove_file(&unfinished) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            let mut file = File::create_new(&unfinished)?;
            file.write_all(MAGIC)?;
            file.write_all(digest_bytes(state).to_string().as_bytes())?;
            file.write_all(b"\n")?;
            file.write_all(state)?;
            file.sync_all()?;
            fs::rename(&unfinished, &place)
        };
        write().or_failed(&format!("saving the checkpoint {}", place.display()))
    }

    /// The state that an earlier call saved in the file `name`. `None` if there is none, or if the file
    /// is damaged: start from the beginning then.
    #[must_use]
    pub fn load(&self, name: &str) -> Option<Vec<u8>> {
        let file = open_regular(&self.place(name).ok()?).ok()?;
        let prefix = MAGIC.len() + HASH + 1;
        let mut state = Vec::new();
        let most = Self::SIZE_LIMIT + prefix as u64;
        file.take(most).read_to_end(&mut state).ok()?;
        let hash = state.strip_prefix(MAGIC)?.get(..HASH)?;
        let expected: Sha256 = std::str::from_utf8(hash).ok()?.parse().ok()?;
        let content = state.get(prefix..)?;
        if state[prefix - 1] != b'\n' || digest_bytes(content) != expected {
            return None;
        }
        state.drain(..prefix);
        Some(state)
    }

    fn place(&self, name: &str) -> Result<PathBuf, RunnerError> {
        let is_name =
            !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        if is_name {
            Ok(self.directory.join(name))
        } else {
            Err(RunnerError::failed(format!(
                "{name:?} is not a name for a file of a checkpoint"
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_state_is_loaded() {
        let place = std::env::temp_dir().join(format!("protea-checkpoint-{}", std::process::id()));
        let checkpoint = Checkpoint::open(&place.join("below")).unwrap();
        assert_eq!(checkpoint.load("state"), None);
        for state in [&b""[..], b"one", b"\nmore than one\n"] {
            checkpoint.save("state", state).unwrap();
            assert_eq!(checkpoint.load("state").as_deref(), Some(state));
        }
        let file = checkpoint.directory().join("state");
        let whole = fs::read(&file).unwrap();
        for length in 0..whole.len() {
            fs::write(&file, &whole[..length]).unwrap();
            assert_eq!(checkpoint.load("state"), None, "{length}");
        }
        let mut changed = whole.clone();
        *changed.last_mut().unwrap() ^= 1;
        fs::write(&file, changed).unwrap();
        assert_eq!(checkpoint.load("state"), None);
        for name in ["", ".", "..", "../state", "a/b", ".hidden"] {
            assert!(checkpoint.save(name, b"").is_err(), "{name}");
            assert_eq!(checkpoint.load(name), None, "{name}");
        }
        fs::remove_dir_all(place).unwrap();
    }
}
