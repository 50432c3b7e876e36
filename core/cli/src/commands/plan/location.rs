//! Where a plan is: a directory, or an object store with a mirror on this machine.

use std::path::{Path, PathBuf};

use protea_core::{
    engine::{EngineError, MirrorUse, PlanDirectory, Pull, StoredPlan},
    store,
};
use url::Url;

use crate::{
    exit::Exit,
    failure::Failure,
    output::{Reporter, display_path},
    transfers::open_store,
};

/// Where the user says that a plan is.
pub(super) enum Location {
    Directory(PathBuf),
    Stored(Url),
}

impl Location {
    /// A path, or a URI of a store that can keep plans.
    pub(super) fn parse(path: &Path) -> Result<Self, Failure> {
        // A path that is not UTF-8 is not a URI.
        let Some(text) = path.to_str().filter(|text| text.contains("://")) else {
            return Ok(Self::Directory(path.to_owned()));
        };
        let uri = store::locate(text)?;
        match store::is_local(&uri) {
            true => Ok(Self::Directory(store::local_path(&uri)?)),
            false => Ok(Self::Stored(uri)),
        }
    }
}

/// A plan, in its directory or in a mirror.
pub(super) struct Opened {
    pub(super) plan: PlanDirectory,
    /// `None` for a plan in a directory.
    pub(super) stored: Option<StoredPlan>,
    purpose: MirrorUse,
}

impl Opened {
    /// Opens a plan. The mirror of one in a store has what other machines sent by now.
    pub(super) fn new(
        path: &Path,
        purpose: MirrorUse,
        reporter: &Reporter,
    ) -> Result<Self, Failure> {
        let uri = match Location::parse(path)? {
            Location::Directory(path) => {
                return Ok(Self {
                    plan: PlanDirectory::open(&path)?,
                    stored: None,
                    purpose,
                });
            }
            Location::Stored(uri) => uri,
        };
        let stored = connect(&uri, reporter)?;
        let plan = stored.mirror(purpose)?.ok_or_else(|| EngineError::NoPlan {
            path: PathBuf::from(stored.uri()),
        })?;
        let opened = Self {
            plan,
            stored: Some(stored),
            purpose,
        };
        opened.refresh()?;
        Ok(opened)
    }

    /// The plan to gather from: with all results.
    pub(super) fn to_gather(&self) -> Result<PlanDirectory, Failure> {
        match &self.stored {
            Some(stored) => to_gather(stored),
            None => Ok(self.plan.clone()),
        }
    }

    /// Brings what other machines sent into the mirror, if there is one.
    pub(super) fn refresh(&self) -> Result<(), Failure> {
        let what = match self.purpose {
            MirrorUse::Task => return Ok(()),
            MirrorUse::Status => Pull::States,
            MirrorUse::Gather => Pull::Files,
        };
        match &self.stored {
            Some(stored) => Ok(stored.pull(&self.plan, what)?),
            None => Ok(()),
        }
    }
}

/// The mirror of a plan with all results, to gather from.
pub(super) fn to_gather(stored: &StoredPlan) -> Result<PlanDirectory, Failure> {
    let plan = stored.mirror(MirrorUse::Gather)?;
    let plan = plan.ok_or_else(|| EngineError::NoPlan {
        path: PathBuf::from(stored.uri()),
    })?;
    stored.pull(&plan, Pull::Files)?;
    Ok(plan)
}

/// The plan at a URI, which may not exist.
pub(super) fn connect(uri: &Url, reporter: &Reporter) -> Result<StoredPlan, Failure> {
    Ok(StoredPlan::new(uri, &open_store(reporter)?)?)
}

/// Where a plan is, for people: its URI, or its directory.
pub(super) fn place(plan: &PlanDirectory) -> String {
    plan.stored_at()
        .map_or_else(|| display_path(plan.path()), str::to_owned)
}

/// Fails for a plan in an object store if something needs a directory that all machines see.
pub(super) fn require_directory(plan: &PlanDirectory, what: &str) -> Result<(), Failure> {
    match plan.stored_at() {
        None => Ok(()),
        Some(uri) => Err(directory_needed(uri, what)),
    }
}

/// The failure of something that needs a directory that all machines see.
pub(super) fn directory_needed(uri: &str, what: &str) -> Failure {
    let message = format!(
        "{what} needs a plan in a directory that all machines see, and {uri} is in an object store; \
         plan into a directory"
    );
    Failure::new(Exit::Usage, message)
}
