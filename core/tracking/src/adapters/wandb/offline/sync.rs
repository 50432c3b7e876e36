//! Uploads offline runs, one after the other.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    io::{self, BufReader},
    path::{Path, PathBuf},
    time::Duration,
};

use protea_files::Links;

use super::{
    super::file::{Reader, SYNCED, with_suffix},
    OfflineRun,
    client::Client,
};
use crate::{TrackerError, files};

/// How to upload runs. All fields have defaults:
/// `SyncOptions { dry_run: true, ..SyncOptions::default() }`.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// The program of the official client. Default: `wandb` on the search path.
    pub program: Option<PathBuf>,
    /// Time limit for each run. Default: 10 minutes.
    pub timeout: Duration,
    /// Only report what would be done. Default: no.
    pub dry_run: bool,
    /// A run without an end whose file changed within this time is skipped: it may still be
    /// recorded. Default: 5 minutes.
    pub quiet: Duration,
    /// Additional environment variables for the program, such as `WANDB_BASE_URL`.
    pub environment: Vec<(OsString, OsString)>,
}

impl Default for SyncOptions {
    fn default() -> Self {
        Self {
            program: None,
            timeout: Duration::from_secs(600),
            dry_run: false,
            quiet: Duration::from_secs(300),
            environment: Vec::new(),
        }
    }
}

/// The result of the upload of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// The run was uploaded completely.
    Synced,
    /// The run would be uploaded without [`SyncOptions::dry_run`].
    WouldSync,
    /// The run may still be recorded, is being uploaded by another process, or is uploaded already.
    Skipped,
    /// The run was not uploaded completely. The next sync retries.
    Failed,
}

/// The result of the upload of a run, with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncReport {
    /// The run's directory.
    pub path: PathBuf,
    /// True unless the outcome is [`SyncOutcome::Failed`].
    pub ok: bool,
    /// The outcome.
    pub outcome: SyncOutcome,
    /// What was done, or why it was not.
    pub message: String,
}

/// Uploads runs with the official client, one after the other, and reports the result of each.
///
/// The client exits with code 0 even if data was lost. So a run counts as uploaded only if the
/// client has created its marker and neither its output nor its log contains an error. The marker
/// of an incomplete run is removed, so that the next sync retries. Repeating an upload is harmless:
/// W&B identifies rows by their number and files by their hash.
///
/// # Errors
///
/// [`TrackerError::TrackerInit`] if the client is not installed, cannot be started or has no key to
/// sign in with. Errors of a single run are in its report.
pub fn sync_offline_runs(
    runs: &[OfflineRun],
    options: &SyncOptions,
) -> Result<Vec<SyncReport>, TrackerError> {
    let client = if options.dry_run {
        None
    } else {
        Some(Client::find(options.program.as_deref())?)
    };
    runs.iter()
        .map(|run| {
            let (outcome, message) = match sync(run, client.as_ref(), options) {
                // The other runs cannot be uploaded either.
                Err(error @ TrackerError::TrackerInit { .. }) => return Err(error),
                Err(error) => (SyncOutcome::Failed, error.full_message()),
                Ok(done) => done,
            };
            Ok(SyncReport {
                path: run.directory.clone(),
                ok: outcome != SyncOutcome::Failed,
                outcome,
                message,
            })
        })
        .collect()
}

/// Uploads a run. `client` is none in a dry run.
fn sync(
    run: &OfflineRun,
    client: Option<&Client>,
    options: &SyncOptions,
) -> Result<(SyncOutcome, String), TrackerError> {
    let file = protea_files::open(&run.file, Links::Refuse)?;
    // The lock keeps other processes from recording the run during the upload.
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let message = "skipped: it is being recorded or uploaded by another process".to_owned();
            return Ok((SyncOutcome::Skipped, message));
        }
        Err(TryLockError::Error(error)) => return Err(TrackerError::read(&run.file)(error)),
    }
    let done = sync_locked(run, &file, client, options);
    files::unlock(&file);
    done
}

fn sync_locked(
    run: &OfflineRun,
    file: &File,
    client: Option<&Client>,
    options: &SyncOptions,
) -> Result<(SyncOutcome, String), TrackerError> {
    let done = |outcome, message: &str| Ok((outcome, message.to_owned()));
    let marker = with_suffix(&run.file, SYNCED);
    if marker.exists() {
        return done(SyncOutcome::Skipped, "skipped: it is already uploaded");
    }
    let content = match Content::read(&run.file) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Ok((SyncOutcome::Failed, error.to_string()));
        }
        Err(error) => return Err(TrackerError::read(&run.file)(error)),
    };
    let age = file.metadata().and_then(|metadata| metadata.modified());
    let age = age.map_err(TrackerError::read(&run.file))?.elapsed();
    if !content.has_end && age.is_ok_and(|age| age < options.quiet) {
        return done(
            SyncOutcome::Skipped,
            "skipped: it has no end and may still be recorded",
        );
    }
    let Some(client) = client else {
        return Ok((
            SyncOutcome::WouldSync,
            content.with_remarks("would be uploaded"),
        ));
    };
    match client.sync(run, &options.environment, options.timeout)? {
        Ok(()) => Ok((SyncOutcome::Synced, content.with_remarks("uploaded"))),
        Err(reason) => {
            files::remove_if_present(&marker)?;
            Ok((SyncOutcome::Failed, content.with_damage(&reason)))
        }
    }
}

/// What a run's file contains.
struct Content {
    has_end: bool,
    /// Bytes at the end of the file that are not a complete record.
    incomplete: u64,
}

impl Content {
    fn read(path: &Path) -> io::Result<Self> {
        let file = protea_files::open(path, Links::Refuse)?;
        let length = file.metadata()?.len();
        let mut reader = Reader::new(BufReader::new(file))?;
        let (mut has_end, mut complete) = (false, 0);
        while let Some((record, end)) = reader.next()? {
            has_end |= record.exit.is_some();
            complete = end;
        }
        // The file may have grown since its length was read.
        let incomplete = length.saturating_sub(complete);
        Ok(Self {
            has_end,
            incomplete,
        })
    }

    /// The message of a success, with what the run lacks.
    fn with_remarks(&self, message: &str) -> String {
        let mut message = self.with_damage(message);
        if !self.has_end {
            message += "; it has no end, so W&B shows it as failed";
        }
        message
    }

    fn with_damage(&self, message: &str) -> String {
        match self.incomplete {
            0 => message.to_owned(),
            incomplete => format!(
                "{message}; the last {incomplete} bytes of its file are not a complete record: send \
                 the run to this directory again from its log"
            ),
        }
    }
}
