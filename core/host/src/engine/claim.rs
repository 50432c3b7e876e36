//! Claims: which process executes a task.
//!
//! A claim only saves work. The rename that publishes a result ensures that a task has one. If a claim is
//! taken away from a process that still runs, this costs time and nothing else.

use std::{
    ffi::OsStr,
    fs, io,
    io::Write,
    path::{Path, PathBuf},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use protea_files::{TemporaryFile, read_document};
use serde::{Deserialize, Serialize};

use super::{
    error::EngineError,
    holder::{Holder, Life},
    task::TaskId,
};
use crate::store::write_atomic;

/// How often a holder renews its claim.
const BEAT: Duration = Duration::from_secs(10);
/// How often a waiting process reads the claim of another machine.
const LOOK: Duration = Duration::from_millis(500);
/// The beginning of the name of a claim that is being written or removed.
pub(super) const UNFINISHED: &str = ".claim-";

/// `claims/<task_id>`: the process that executes a task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The process.
    pub holder: Holder,
    /// A counter that the process increases as long as it exists. A waiting process watches it with its own
    /// clock.
    pub beats: u64,
}

impl Claim {
    pub(super) fn read(path: &Path) -> Option<Self> {
        serde_json::from_slice(&read_document(path).ok()?).ok()
    }

    fn write(&self, path: &Path) -> Result<(), EngineError> {
        let text =
            serde_json::to_vec(self).map_err(|error| EngineError::write(path)(error.into()))?;
        write_atomic(path, &text).map_err(EngineError::stored(path))
    }
}

/// A task that this process executes. Dropping it releases the task.
#[derive(Debug)]
pub struct Claimed {
    path: PathBuf,
    holder: Holder,
    stop: Option<mpsc::Sender<()>>,
    beating: Option<thread::JoinHandle<()>>,
}

impl Claimed {
    /// Claims a task. A claim of a process that has ended is taken away; a process of another machine
    /// has ended if its claim has not changed for `claim_timeout`. `None` if `has_ended` became true.
    pub(super) fn take(
        claims: &Path,
        id: &TaskId,
        index: usize,
        claim_timeout: Duration,
        has_ended: &dyn Fn() -> bool,
    ) -> Result<Option<Self>, EngineError> {
        let path = claims.join(id.as_str());
        let holder = Holder::current();
        let mut watched: Option<(Option<Claim>, Instant)> = None;
        loop {
            if has_ended() {
                return Ok(None);
            }
            if create(claims, &path, &holder)? {
                return Ok(Some(Self::beat(path, holder)));
            }
            let found = Claim::read(&path);
            let life = found
                .as_ref()
                .map_or(Life::Unknown, |claim| claim.holder.life());
            let is_same = watched.as_ref().is_some_and(|(claim, _)| *claim == found);
            match (life, &found, &watched) {
                (Life::Gone, _, _) => remove(claims, &path, found.as_ref())?,
                (Life::Running, Some(claim), _) => return Err(claimed(index, claim)),
                (_, _, Some((_, since))) if is_same => {
                    if since.elapsed() >= claim_timeout {
                        remove(claims, &path, found.as_ref())?;
                    } else {
                        thread::sleep(LOOK.min(claim_timeout));
                    }
                }
                (_, Some(claim), Some((Some(before), _))) if before.holder == claim.holder => {
                    return Err(claimed(index, claim));
                }
                _ => watched = Some((found, Instant::now())),
            }
        }
    }

    fn beat(path: PathBuf, holder: Holder) -> Self {
        let (stop, stopped) = mpsc::channel();
        let (place, own) = (path.clone(), holder.clone());
        let beating = thread::Builder::new()
            .name("claim".to_owned())
            .spawn(move || {
                for beats in 1.. {
                    match stopped.recv_timeout(BEAT) {
                        Err(RecvTimeoutError::Timeout) => {}
                        _ => return,
                    }
                    // Another process may have taken it away while this one was suspended.
                    if Claim::read(&place).is_some_and(|claim| claim.holder == own) {
                        let holder = own.clone();
                        // If this fails, at worst another process does the task too.
                        let _ = Claim { holder, beats }.write(&place);
                    }
                }
            });
        Self {
            path,
            holder,
            stop: Some(stop),
            beating: beating.ok(),
        }
    }

    /// The process that holds the claim: this one.
    #[must_use]
    pub fn holder(&self) -> &Holder {
        &self.holder
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(beating) = self.beating.take() {
            let _ = beating.join();
        }
        if Claim::read(&self.path).is_some_and(|claim| claim.holder == self.holder) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn claimed(index: usize, claim: &Claim) -> EngineError {
    EngineError::Claimed {
        index,
        holder: Box::new(claim.holder.clone()),
    }
}

/// Creates the claim with its content in one step. False if there is one already.
fn create(claims: &Path, path: &Path, holder: &Holder) -> Result<bool, EngineError> {
    let claim = Claim {
        holder: holder.clone(),
        beats: 0,
    };
    let make = || -> io::Result<bool> {
        let mut file = TemporaryFile::create_in(claims, OsStr::new(UNFINISHED), 0o666)?;
        file.write_all(&serde_json::to_vec(&claim)?)?;
        match file.persist_noclobber(path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    };
    make().map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => EngineError::Removed {
            path: claims.to_owned(),
        },
        _ => EngineError::write(path)(source),
    })
}

/// Removes the claim that was found. Of several processes, one renames it. If it was not the one that
/// was found, it is put back.
fn remove(claims: &Path, path: &Path, found: Option<&Claim>) -> Result<(), EngineError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let own = Holder::current();
    let aside = claims.join(format!("{UNFINISHED}{name}-{}-{}", own.host, own.pid));
    match fs::rename(path, &aside) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(EngineError::write(path)(error)),
    }
    if Claim::read(&aside).as_ref() != found {
        // Fails if there is a new claim already; then both do the task, and one publishes.
        let _ = fs::hard_link(&aside, path);
    }
    let _ = fs::remove_file(&aside);
    Ok(())
}
