//! Claims in an object store: which process executes a task.
//!
//! As in a plan directory, a claim only saves work. Its holder shows that it is alive by replacing the
//! object with one of the next number; a waiting process watches the names with its own clock.

use std::{
    collections::BTreeSet,
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use protea_store::Created;

use super::{CLAIMS, JSON, LARGEST_RECORD, StoredPlan};
use crate::engine::{
    claim::Claim,
    error::EngineError,
    holder::{Holder, Life},
    task::{Task, TaskId},
};

/// How often a holder renews its claim.
const BEAT: Duration = Duration::from_secs(10);
/// How often a waiting process reads the claims of a task.
const LOOK: Duration = Duration::from_secs(1);

/// A task that this process executes. Dropping it releases the task.
#[derive(Debug)]
pub struct StoredClaim<'p> {
    plan: &'p StoredPlan,
    directory: String,
    token: String,
    stop: Option<mpsc::Sender<()>>,
    beating: Option<thread::JoinHandle<()>>,
}

impl StoredPlan {
    /// Claims a task for this process, until the returned claim is dropped. `None` if the task has ended.
    /// Takes over the claim of a process on another machine that has not renewed it for `claim_timeout`.
    ///
    /// # Errors
    ///
    /// [`EngineError::Claimed`]; [`EngineError::Store`]; [`EngineError::Record`].
    pub fn claim(
        &self,
        task: &Task,
        claim_timeout: Duration,
    ) -> Result<Option<StoredClaim<'_>>, EngineError> {
        let directory = format!("{CLAIMS}/{}", task.id);
        let mut watched: Option<(Vec<String>, Instant)> = None;
        loop {
            if self.outcome(&task.id)?.is_some() {
                return Ok(None);
            }
            let names = self.prefix.names(&directory)?;
            let Some(first) = names.first() else {
                return self.create_claim(task, directory).map(Some);
            };
            let found = self.read_claim(&directory, first)?;
            let life = found
                .as_ref()
                .map_or(Life::Unknown, |claim| claim.holder.life());
            let is_same = watched.as_ref().is_some_and(|(known, _)| *known == names);
            match (life, found, &watched) {
                (Life::Gone, ..) => self.remove_claims(&directory, std::slice::from_ref(first))?,
                (Life::Running, Some(claim), _) => return Err(claimed(task, claim)),
                (_, _, Some((_, since))) if is_same => {
                    if since.elapsed() >= claim_timeout {
                        self.remove_claims(&directory, &names)?;
                        watched = None;
                    } else {
                        thread::sleep(LOOK.min(claim_timeout));
                    }
                }
                (_, Some(claim), Some(_)) => return Err(claimed(task, claim)),
                _ => watched = Some((names, Instant::now())),
            }
        }
    }

    /// Creates a claim. Of several at the same time, the one with the first name stays.
    fn create_claim(&self, task: &Task, directory: String) -> Result<StoredClaim<'_>, EngineError> {
        let token = self.token()?;
        write(self, &directory, &token, 0)?;
        let claim = StoredClaim::beat(self, directory, token);
        let names = self.prefix.names(&claim.directory)?;
        match names.first() {
            Some(first) if !first.starts_with(&claim.token) => {
                match self.read_claim(&claim.directory, first)? {
                    Some(other) => Err(claimed(task, other)),
                    // It was released meanwhile.
                    None => Ok(claim),
                }
            }
            _ => Ok(claim),
        }
    }

    pub(super) fn read_claim(
        &self,
        directory: &str,
        name: &str,
    ) -> Result<Option<Claim>, EngineError> {
        let bytes = self
            .prefix
            .read(&format!("{directory}/{name}"), LARGEST_RECORD)?;
        // A claim that is not understood is watched.
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    fn remove_claims(&self, directory: &str, names: &[String]) -> Result<(), EngineError> {
        for name in names {
            self.prefix.remove(&format!("{directory}/{name}"))?;
        }
        Ok(())
    }

    /// The tasks that are claimed, with one claim of each.
    pub(super) fn claims(&self) -> Result<Vec<(TaskId, Claim)>, EngineError> {
        let (mut known, mut claims) = (BTreeSet::new(), Vec::new());
        for name in self.prefix.all_names(CLAIMS)? {
            let Some((task, object)) = name.split_once('/') else {
                continue;
            };
            let id = TaskId::named(task);
            if id.is_valid()
                && known.insert(task.to_owned())
                && let Some(claim) = self.read_claim(&format!("{CLAIMS}/{task}"), object)?
            {
                claims.push((id, claim));
            }
        }
        Ok(claims)
    }
}

impl<'p> StoredClaim<'p> {
    fn beat(plan: &'p StoredPlan, directory: String, token: String) -> Self {
        let (stop, stopped) = mpsc::channel();
        // Separate connections: those of the plan belong to the thread that executes the task.
        let own = StoredPlan::new(&plan.uri, &plan.store).ok();
        let (place, name) = (directory.clone(), token.clone());
        let beating = own.and_then(|own| {
            let renew = move || {
                for beats in 1.. {
                    match stopped.recv_timeout(BEAT) {
                        Err(RecvTimeoutError::Timeout) => {}
                        _ => return,
                    }
                    let before = object(&place, &name, beats - 1);
                    // Another process may have taken it away while this one was suspended. If renewing
                    // fails, at worst another process does the task too.
                    let is_own = own.prefix.read(&before, LARGEST_RECORD);
                    if matches!(is_own, Ok(Some(_))) && write(&own, &place, &name, beats).is_ok() {
                        let _ = own.prefix.remove(&before);
                    }
                }
            };
            let thread = thread::Builder::new().name("stored claim".to_owned());
            thread.spawn(renew).ok()
        });
        Self {
            plan,
            directory,
            token,
            stop: Some(stop),
            beating,
        }
    }
}

impl Drop for StoredClaim<'_> {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(beating) = self.beating.take() {
            let _ = beating.join();
        }
        // If this fails, other processes wait until the timeout of the claim.
        let names = self.plan.prefix.names(&self.directory).unwrap_or_default();
        for name in names.iter().filter(|name| name.starts_with(&self.token)) {
            let _ = self
                .plan
                .prefix
                .remove(&format!("{}/{name}", self.directory));
        }
    }
}

fn object(directory: &str, token: &str, beats: u64) -> String {
    format!("{directory}/{token}.{beats}{JSON}")
}

fn write(plan: &StoredPlan, directory: &str, token: &str, beats: u64) -> Result<(), EngineError> {
    let name = object(directory, token, beats);
    let holder = Holder::current();
    let bytes = plan.encoded(&name, &Claim { holder, beats })?;
    match plan.prefix.create(&name, &bytes)? {
        Created::Now => Ok(()),
        Created::Exists => Err(plan.invalid(&name, "it exists already".to_owned())),
    }
}

fn claimed(task: &Task, claim: Claim) -> EngineError {
    EngineError::Claimed {
        index: task.index,
        holder: Box::new(claim.holder),
    }
}
