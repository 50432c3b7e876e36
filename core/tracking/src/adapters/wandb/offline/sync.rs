//! Uploads runs, one after the other.

use std::{
    ffi::OsString,
    fs::{self, File, TryLockError},
    io::{self, BufReader},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    super::file::{Reader, SYNCED, suffixed},
    OfflineRun,
    client::Client,
};
use crate::TrackerError;

/// How runs are uploaded.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// The official client's program; without one, `wandb` is looked for on the search path.
    pub program: Option<PathBuf>,
    /// How long one run may take.
    pub timeout: Duration,
    /// Only says what would be done.
    pub dry_run: bool,
    /// A run whose end is not recorded may go on while its file changed so shortly ago.
    pub quiet: Duration,
    /// More environment variables for the program, such as `WANDB_BASE_URL`.
    pub environment: Vec<(OsString, OsString)>,
}

impl Default for SyncOptions {
    /// Ten minutes for each run, no dry run, five minutes of quiet.
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

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SyncOutcome {
    /// It was uploaded.
    Synced,
    /// It would be uploaded, were this no dry run.
    WouldSync,
    /// It still goes on, or is being uploaded by another process.
    PassedOver,
    /// It was not uploaded whole; the next sync tries again.
    Failed,
}

/// What became of a run, for people too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncReport {
    /// The run's directory.
    pub path: PathBuf,
    /// Whether nothing is wrong: all but [`SyncOutcome::Failed`].
    pub ok: bool,
    /// What was done.
    pub outcome: SyncOutcome,
    /// What was done, or why not.
    pub message: String,
}

/// Uploads runs with the official client, one after the other, and reports on each.
///
/// The client's exit code is not trusted: a run counts as uploaded when the client marked it so
/// and neither its output nor its log tells of an error. The mark of a run that lost something is
/// taken away, so that the next sync tries again. That does no harm: W&B puts rows in their places
/// by number, and knows files by their hashes.
///
/// # Errors
///
/// [`TrackerError::TrackerInit`] when there is no client.
pub fn sync_offline_runs(
    runs: &[OfflineRun],
    options: &SyncOptions,
) -> Result<Vec<SyncReport>, TrackerError> {
    let client = match options.dry_run {
        true => None,
        false => Some(Client::find(options.program.as_deref())?),
    };
    runs.iter()
        .map(|run| {
            let (outcome, message) = match sync(run, client.as_ref(), options) {
                // Without a client, none of the others can be uploaded either.
                Err(error @ TrackerError::TrackerInit { .. }) => return Err(error),
                Err(error) => (SyncOutcome::Failed, error.to_string()),
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

/// `client` is none in a dry run.
fn sync(
    run: &OfflineRun,
    client: Option<&Client>,
    options: &SyncOptions,
) -> Result<(SyncOutcome, String), TrackerError> {
    let file = File::open(&run.file).map_err(TrackerError::read(&run.file))?;
    // Nobody adds to a run while it is uploaded.
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let message = "it is being written or uploaded".to_owned();
            return Ok((SyncOutcome::PassedOver, message));
        }
        Err(TryLockError::Error(error)) => return Err(TrackerError::read(&run.file)(error)),
    }
    let done = sync_locked(run, &file, client, options);
    // Closing alone would leave it locked as long as a child that was just forked has it too.
    let _ = file.unlock();
    done
}

fn sync_locked(
    run: &OfflineRun,
    file: &File,
    client: Option<&Client>,
    options: &SyncOptions,
) -> Result<(SyncOutcome, String), TrackerError> {
    let done = |outcome, message: &str| Ok((outcome, message.to_owned()));
    let marker = suffixed(&run.file, SYNCED);
    if marker.exists() {
        return done(SyncOutcome::PassedOver, "it is uploaded already");
    }
    let held = match Held::read(&run.file) {
        Ok(held) => held,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            return Ok((SyncOutcome::Failed, error.to_string()));
        }
        Err(error) => return Err(TrackerError::read(&run.file)(error)),
    };
    let age = file.metadata().and_then(|metadata| metadata.modified());
    let age = age.map_err(TrackerError::read(&run.file))?.elapsed();
    if !held.ended && age.is_ok_and(|age| age < options.quiet) {
        return done(
            SyncOutcome::PassedOver,
            "it may still be going on: its end is not recorded",
        );
    }
    let Some(client) = client else {
        return Ok((
            SyncOutcome::WouldSync,
            held.with_remarks("it would be uploaded"),
        ));
    };
    match client.sync(run, &options.environment, options.timeout)? {
        Ok(()) => Ok((SyncOutcome::Synced, held.with_remarks("it is uploaded"))),
        Err(reason) => {
            match fs::remove_file(&marker) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(TrackerError::write(marker)(error));
                }
                _ => {}
            }
            Ok((SyncOutcome::Failed, held.with_damage(&reason)))
        }
    }
}

/// What is in a run's file.
struct Held {
    ended: bool,
    /// How many bytes at the end are no whole record.
    torn: u64,
}

impl Held {
    fn read(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        let mut reader = Reader::new(BufReader::new(file))?;
        let (mut ended, mut whole) = (false, 0);
        while let Some((record, end)) = reader.next()? {
            ended |= record.exit.is_some();
            whole = end;
        }
        // It may have grown meanwhile.
        let torn = length.saturating_sub(whole);
        Ok(Self { ended, torn })
    }

    /// Says beside a success what is less than whole.
    fn with_remarks(&self, message: &str) -> String {
        let mut message = self.with_damage(message);
        if !self.ended {
            message += "; its end is not recorded, so W&B shows it as failed";
        }
        message
    }

    fn with_damage(&self, message: &str) -> String {
        match self.torn {
            0 => message.to_owned(),
            torn => format!(
                "{message}; the last {torn} bytes of its file are no whole record: send the run \
                 to this directory again from its log"
            ),
        }
    }
}
