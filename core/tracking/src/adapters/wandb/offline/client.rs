//! Runs the official client and finds out whether it uploaded everything.
//!
//! The exit code of the client is 0 even if data was lost, so its output and its log are searched
//! for errors.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use protea_files::{Directory, Links};
use protea_text::{Secret, redact};
use serde::Deserialize;
use serde_json::Value;
use wait_timeout::ChildExt;

use super::super::{BACKEND, file::SYNCED, file::with_suffix};
use crate::TrackerError;

/// The program `wandb`.
#[derive(Debug)]
pub(super) struct Client {
    program: PathBuf,
}

const INSTALL: &str = "install the official client with `pip install wandb`";

impl Client {
    /// The given program, or `wandb` on the search path.
    pub(super) fn find(given: Option<&Path>) -> Result<Self, TrackerError> {
        let (program, reason) = match given {
            Some(program) => (
                program.is_file().then(|| program.to_owned()),
                format!("there is no program {}", program.display()),
            ),
            None => (
                on_search_path("wandb"),
                "the program `wandb` is not on the search path".to_owned(),
            ),
        };
        program.map(|program| Self { program }).ok_or_else(|| {
            unusable(
                reason,
                &format!("{INSTALL}, or set the path of its program"),
            )
        })
    }

    /// Uploads a run. The client's output and log are in the run's directory, in `logs/sync`.
    ///
    /// The inner error says why the run was not uploaded completely.
    pub(super) fn sync(
        &self,
        run: &super::OfflineRun,
        environment: &[(OsString, OsString)],
        timeout: Duration,
    ) -> Result<Result<(), String>, TrackerError> {
        let logs = run.directory.join("logs");
        // Removing and writing below a link would do that elsewhere.
        if logs.symlink_metadata().is_ok() {
            Directory::open(&logs, Links::Refuse)?;
        }
        let logs = logs.join("sync");
        match fs::remove_dir_all(&logs) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(TrackerError::write(logs)(error));
            }
            _ => {}
        }
        fs::create_dir_all(&logs).map_err(TrackerError::write(&logs))?;
        let path = logs.join("output.txt");
        let output = File::create(&path).map_err(TrackerError::write(&path))?;
        let errors = output.try_clone().map_err(TrackerError::write(&path))?;
        let mut child = Command::new(&self.program)
            .arg("sync")
            .arg(&run.directory)
            .env("WANDB_DIR", &logs)
            .env("NO_COLOR", "1")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(|error| {
                let program = self.program.display();
                unusable(format!("{program} cannot be started: {error}"), INSTALL)
            })?;
        // None after the time limit.
        let status = child.wait_timeout(timeout).ok().flatten();
        if status.is_none() {
            // The helper process of the client ends together with the client.
            let _ = child.kill();
            let _ = child.wait();
        }
        let output = fs::read_to_string(&path).unwrap_or_default();
        match output.lines().find_map(missing_key) {
            // A missing key is an error for all runs, not only for this one.
            Some(reason) => Err(unusable(
                reason,
                "sign in with `wandb login`, or set WANDB_API_KEY",
            )),
            None => Ok(check(status, &output, &logs, &run.file, timeout)
                .map_err(|reason| redact(&reason, &api_key(environment)).into_owned())),
        }
    }
}

/// The key of the client, which a server could quote.
fn api_key(environment: &[(OsString, OsString)]) -> Vec<Secret> {
    const VARIABLE: &str = "WANDB_API_KEY";
    let given = environment.iter().filter(|(name, _)| name == VARIABLE);
    let given = given.map(|(_, value)| value.clone());
    let values = given.chain(env::var_os(VARIABLE));
    values
        .map(|value| Secret::new(value.to_string_lossy()))
        .collect()
}

fn unusable(reason: String, remedy: &str) -> TrackerError {
    TrackerError::TrackerInit {
        backend: BACKEND.to_owned(),
        reason,
        remedy: remedy.to_owned(),
    }
}

/// Whether the run was uploaded completely; if not, why.
fn check(
    status: Option<ExitStatus>,
    output: &str,
    logs: &Path,
    file: &Path,
    timeout: Duration,
) -> Result<(), String> {
    let last = output.lines().rfind(|line| !line.trim().is_empty());
    let last = last.map_or("(nothing)", str::trim);
    // The log of a client that was killed is not searched: its errors are about being killed.
    let Some(status) = status else {
        return Err(format!(
            "the upload took longer than {} s; last output of the client: {last}",
            timeout.as_secs()
        ));
    };
    if let Some(error) = logged_error(logs).or_else(|| output.lines().find_map(printed_error)) {
        return Err(error);
    }
    if !status.success() {
        return Err(format!(
            "the client ended with {status}; its last output: {last}"
        ));
    }
    if !with_suffix(file, SYNCED).exists() {
        return Err(format!(
            "the client did not mark the run as uploaded; its last output: {last}"
        ));
    }
    Ok(())
}

/// The error in a line of the client's output.
fn printed_error(line: &str) -> Option<String> {
    let (_, error) = line
        .split_once("ERROR ")
        .or_else(|| line.split_once("Error: "))?;
    // This line follows an error and only names the log.
    let is_hint = error.starts_with("Find detailed error logs at");
    (!is_hint).then(|| error.trim().to_owned())
}

/// The error in a line of the client's output if it has no valid key to sign in with.
fn missing_key(line: &str) -> Option<String> {
    let (_, error) = line.split_once("Error: ")?;
    let is_about_key =
        error.starts_with("No API key configured") || error.contains("API_KEY invalid");
    // Our remedy replaces the client's.
    let reason = error
        .split_once(" Use `wandb login`")
        .map_or(error, |(reason, _)| reason);
    is_about_key.then(|| reason.trim_end().trim_end_matches('.').to_owned())
}

/// The last error in the client's log, which also contains losses that its output does not.
fn logged_error(logs: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Line {
        level: String,
        msg: String,
        #[serde(default)]
        error: Value,
    }

    let directory = fs::read_dir(logs.join("wandb").join("logs")).ok()?;
    let mut found = None;
    for entry in directory.flatten() {
        let text = fs::read_to_string(entry.path()).unwrap_or_default();
        for line in text.lines() {
            let Ok(line) = serde_json::from_str::<Line>(line) else {
                continue;
            };
            // An HTTP error alone may have been retried; its consequence has a line of its own.
            if line.level.starts_with("ERROR") && line.msg != "api: HTTP error" {
                found = Some(match &line.error {
                    Value::Null => line.msg,
                    Value::String(error) => format!("{}: {error}", line.msg),
                    error => format!("{}: {error}", line.msg),
                });
            }
        }
    }
    found
}

/// A program on the search path. Relative directories in it are ignored: what they mean depends on
/// the current directory, where anybody may have put a program.
fn on_search_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let directories = env::split_paths(&path).filter(|directory| directory.is_absolute());
    let path = env::join_paths(directories).ok()?;
    which::which_in_global(name, Some(path)).ok()?.next()
}
