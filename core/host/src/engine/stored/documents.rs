//! The documents of a plan: sending them, and making a mirror of them.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use protea_contracts::{Sha256, content::digest_bytes};
use protea_files::{Access, Links, Staging, StagingError, TemporaryDirectory, open_to_write};
use protea_store::{Created, DATASET_MANIFEST, StoreError, child_uri, is_local, local_path};
use url::Url;

use super::{DATASETS, DOCUMENTS, FORMAT, MirrorUse, PLAN, PlanRecord, StoredPlan};
use crate::engine::{
    TaskDataset,
    directory::{DIRECTORIES, PlanDirectory, RUNNERS, TASKS, lines},
    documents::{Plan, PlannedRunner},
    error::EngineError,
    task::Task,
};

/// The directory of mirrors in the cache.
const MIRRORS: &str = "plans";

impl StoredPlan {
    /// The mirror of the plan on this machine, made if it is missing. `None` if there is no plan in the
    /// store. It has no results yet, except those of an earlier call.
    ///
    /// # Errors
    ///
    /// [`EngineError::Store`], [`EngineError::Record`], [`EngineError::Write`]; as
    /// [`PlanDirectory::open`].
    pub fn mirror(&self, purpose: MirrorUse) -> Result<Option<PlanDirectory>, EngineError> {
        let Some(record) = self.plan_record()? else {
            return Ok(None);
        };
        let key = digest_bytes(format!("{}\n{}", self.uri(), record.manifest).as_bytes());
        let key = key.to_string();
        let mirrors = self.mirrors()?;
        let path = mirrors.join(format!("{}-{}", &key[..32], purpose.name()));
        if path.symlink_metadata().is_err() {
            match Staging::begin(&path) {
                Ok(staging) => self.fill(&record, staging)?,
                Err(StagingError::Exists { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let plan = PlanDirectory::open(&path)?.with_location(self.uri());
        if plan.plan().id != record.id {
            let reason = format!("its id is {}, not {}", plan.plan().id, record.id);
            return Err(self.invalid(&format!("{DOCUMENTS}/{}/{PLAN}", record.documents), reason));
        }
        Ok(Some(plan))
    }

    fn fill(&self, record: &PlanRecord, staging: Staging) -> Result<(), EngineError> {
        let name = format!("{DOCUMENTS}/{}", record.documents);
        self.prefix.fetch(&name, &record.manifest, staging.path())?;
        for part in DIRECTORIES {
            let part = staging.path().join(part);
            fs::create_dir_all(&part).map_err(EngineError::write(&part))?;
        }
        match staging.publish() {
            Ok(_) | Err(StagingError::Exists { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// The directory of mirrors, which only the user can read.
    pub(super) fn mirrors(&self) -> Result<PathBuf, EngineError> {
        let mirrors = self.store.cache()?.directory().join(MIRRORS);
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder
            .create(&mirrors)
            .map_err(EngineError::write(&mirrors))?;
        Ok(mirrors)
    }

    /// A directory of this machine to write a plan to before it is sent. Removed when dropped.
    ///
    /// # Errors
    ///
    /// [`EngineError::Store`], [`EngineError::Write`].
    pub fn draft(&self) -> Result<TemporaryDirectory, EngineError> {
        let mirrors = self.mirrors()?;
        TemporaryDirectory::create_in(&mirrors, OsStr::new("draft-"), 0o700)
            .map_err(EngineError::write(&mirrors))
    }

    /// The datasets of tasks that are on this machine only, with their identities.
    #[must_use]
    pub fn local_datasets(tasks: &[Task]) -> BTreeMap<Sha256, TaskDataset> {
        let datasets = tasks.iter().flat_map(|task| [&task.train, &task.eval]);
        let local = datasets
            .flatten()
            .filter(|dataset| is_local(&dataset.uri))
            .map(|dataset| (dataset.sha256, dataset.clone()));
        local.collect()
    }

    /// Sends a plan: the datasets that only this machine has, the files of the runners, the documents, and
    /// at the end the record, which is created once. Nothing changes if the store has the same plan.
    ///
    /// # Errors
    ///
    /// [`EngineError::OtherPlan`]; [`EngineError::RunnerChanged`]; [`EngineError::DatasetChanged`];
    /// [`EngineError::Store`]. There is no plan in the store then, unless there was one.
    pub fn publish(&self, plan: &PlanDirectory) -> Result<(), EngineError> {
        if self.has(plan.plan())? {
            return Ok(());
        }
        let mut tasks = plan.tasks()?;
        let mut sent = BTreeMap::new();
        for (sha256, dataset) in Self::local_datasets(&tasks) {
            sent.insert(sha256, self.send_dataset(&dataset)?);
        }
        for task in &mut tasks {
            for dataset in [&mut task.train, &mut task.eval].into_iter().flatten() {
                if is_local(&dataset.uri)
                    && let Some(uri) = sent.get(&dataset.sha256)
                {
                    dataset.uri = uri.clone();
                }
            }
        }
        let draft = self.draft()?;
        copy(&plan.path().join(PLAN), &draft.path().join(PLAN))?;
        protea_files::write(&draft.path().join(TASKS), &lines(&tasks)?)?;
        for runner in &plan.plan().runners {
            send_runner(runner, draft.path())?;
        }
        let token = self.token()?;
        let name = format!("{DOCUMENTS}/{token}");
        let published = self.prefix.publish(draft.path(), &name)?;
        let record = PlanRecord {
            format: FORMAT,
            id: plan.plan().id,
            documents: token,
            manifest: published.sha256,
        };
        let bytes = self.encoded(PLAN, &record)?;
        if self.prefix.create(PLAN, &bytes)? == Created::Exists {
            self.remove_published(&name)?;
            self.has(plan.plan())?;
        }
        Ok(())
    }

    /// Whether the store has this plan. An error if it has another.
    fn has(&self, plan: &Plan) -> Result<bool, EngineError> {
        match self.plan_record()? {
            None => Ok(false),
            Some(record) if record.id == plan.id => Ok(true),
            Some(record) => Err(EngineError::OtherPlan {
                path: PathBuf::from(self.uri()),
                found: Box::new(record.id),
                expected: Box::new(plan.id),
            }),
        }
    }

    /// Sends a dataset of this machine, unless the store has it.
    fn send_dataset(&self, dataset: &TaskDataset) -> Result<Url, EngineError> {
        let uri = child_uri(&self.uri, &format!("{DATASETS}/{}", dataset.sha256));
        let identity = || -> Result<Option<Sha256>, EngineError> {
            let manifest = self.store.remote_manifest(&uri, DATASET_MANIFEST)?;
            Ok(manifest.map(|manifest| manifest.sha256()))
        };
        let found = match identity()? {
            Some(found) => found,
            None => match self.store.publish(&local_path(&dataset.uri)?, &uri) {
                Ok(published) => published.sha256,
                // Another process may have sent it meanwhile.
                Err(error @ StoreError::Published { .. }) => identity()?.ok_or(error)?,
                Err(error) => return Err(error.into()),
            },
        };
        if found == dataset.sha256 {
            return Ok(uri);
        }
        Err(EngineError::DatasetChanged {
            uri: protea_store::redacted(&dataset.uri),
            found: Box::new(found),
            expected: Box::new(dataset.sha256),
        })
    }

    /// Removes everything that was published at a prefix, the manifest first.
    pub(super) fn remove_published(&self, name: &str) -> Result<(), EngineError> {
        let mut objects = self.prefix.all_names(name)?;
        objects.sort_by_key(|object| object != protea_store::EXPORT_MANIFEST);
        for object in objects {
            self.prefix.remove(&format!("{name}/{object}"))?;
        }
        Ok(())
    }
}

/// Copies the file of a runner to `runners/<name>/`.
fn send_runner(runner: &PlannedRunner, draft: &Path) -> Result<(), EngineError> {
    let directory = draft.join(RUNNERS).join(&runner.name);
    fs::create_dir_all(&directory).map_err(EngineError::write(&directory))?;
    let place = directory.join(runner.path.file_name().unwrap_or_default());
    copy(&runner.path, &place)?;
    let (found, _) = protea_contracts::content::digest_file(&place)
        .map_err(|error| EngineError::write(&place)(io::Error::other(error)))?;
    if found == runner.sha256 {
        return Ok(());
    }
    Err(EngineError::RunnerChanged {
        name: runner.name.clone(),
        path: runner.path.clone(),
        found: Box::new(found),
        expected: Box::new(runner.sha256),
    })
}

fn copy(from: &Path, to: &Path) -> Result<(), EngineError> {
    // The user may have named a runner by a link.
    let mut content = protea_files::open(from, Links::Follow)?;
    let mut copy = open_to_write(to, Access::Replace)?;
    io::copy(&mut content, &mut copy).map_err(EngineError::write(to))?;
    Ok(())
}
