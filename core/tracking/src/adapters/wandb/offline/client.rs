//! The official client, whose exit code says nothing: it is 0 also when data was lost.

use std::{
    env,
    ffi::OsString,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use serde::Deserialize;
use serde_json::Value;

use super::super::{BACKEND, file::SYNCED, file::suffixed};
use crate::TrackerError;

/// The program `wandb`.
#[derive(Debug)]
pub(super) struct Client {
    program: PathBuf,
}

/// How often a client that works is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(50);

impl Client {
    /// The given program, or the one on the search path.
    pub(super) fn find(given: Option<&Path>) -> Result<Self, TrackerError> {
        let (found, reason) = match given {
            Some(program) => (
                program.is_file().then(|| program.to_owned()),
                format!("there is no program {}", program.display()),
            ),
            None => (
                on_path(if cfg!(windows) { "wandb.exe" } else { "wandb" }),
                "no program `wandb` is on the search path".to_owned(),
            ),
        };
        match found {
            Some(program) => Ok(Self { program }),
            None => Err(TrackerError::TrackerInit {
                backend: BACKEND.to_owned(),
                reason,
                remedy: "install the official client with `pip install wandb`, or name its path"
                    .to_owned(),
            }),
        }
    }

    /// Uploads a run. What the client says and logs is kept in the run's own `logs/sync`.
    ///
    /// The inner error is for people: what kept the run from being uploaded whole.
    pub(super) fn sync(
        &self,
        run: &super::OfflineRun,
        environment: &[(OsString, OsString)],
        timeout: Duration,
    ) -> Result<Result<(), String>, TrackerError> {
        let logs = run.directory.join("logs").join("sync");
        match fs::remove_dir_all(&logs) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(TrackerError::write(logs)(error));
            }
            _ => {}
        }
        fs::create_dir_all(&logs).map_err(TrackerError::write(&logs))?;
        let said = logs.join("output.txt");
        let output = File::create(&said).map_err(TrackerError::write(&said))?;
        let errors = output.try_clone().map_err(TrackerError::write(&said))?;
        let child = Command::new(&self.program)
            .arg("sync")
            .arg(&run.directory)
            .env("WANDB_DIR", &logs)
            .env("NO_COLOR", "1")
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn();
        let mut child = child.map_err(|error| TrackerError::TrackerInit {
            backend: BACKEND.to_owned(),
            reason: format!("{} cannot be started: {error}", self.program.display()),
            remedy: "install the official client with `pip install wandb`".to_owned(),
        })?;
        let until = Instant::now() + timeout;
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break Some(status),
                Ok(None) if Instant::now() < until => thread::sleep(LOOK_EVERY),
                Ok(None) | Err(_) => {
                    // Its own helper process ends when it does.
                    let _ = child.kill();
                    let _ = child.wait();
                    break None;
                }
            }
        };
        let said = fs::read_to_string(&said).unwrap_or_default();
        match said.lines().find_map(lacks_key) {
            // It is the same for every run.
            Some(reason) => Err(TrackerError::TrackerInit {
                backend: BACKEND.to_owned(),
                reason,
                remedy: "sign in with `wandb login`, or set WANDB_API_KEY".to_owned(),
            }),
            None => Ok(verdict(status, &said, &logs, &run.file, timeout)),
        }
    }
}

fn verdict(
    status: Option<ExitStatus>,
    said: &str,
    logs: &Path,
    file: &Path,
    timeout: Duration,
) -> Result<(), String> {
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    let last = last.unwrap_or("nothing").trim();
    // What a client logs that was ended tells only of its end.
    let Some(status) = status else {
        return Err(format!(
            "it was not done within {} s; the client's last words were: {last}",
            timeout.as_secs()
        ));
    };
    if let Some(error) = logged_error(logs).or_else(|| said.lines().find_map(said_error)) {
        return Err(error);
    }
    if !status.success() {
        return Err(format!(
            "the client ended with {status}; its last words were: {last}"
        ));
    }
    if !suffixed(file, SYNCED).exists() {
        return Err(format!(
            "the client did not mark it as uploaded; it said: {last}"
        ));
    }
    Ok(())
}

/// The error that a line of the client's output tells of.
fn said_error(line: &str) -> Option<String> {
    let (_, error) = line
        .split_once("ERROR ")
        .or_else(|| line.split_once("Error: "))?;
    // Where more is said is no error.
    let place = error.starts_with("Find detailed error logs at");
    (!place).then(|| error.trim().to_owned())
}

/// What the client says when it has no key to sign in with, or one that can be none.
fn lacks_key(line: &str) -> Option<String> {
    let (_, error) = line.split_once("Error: ")?;
    let of_key = error.starts_with("No API key configured") || error.contains("API_KEY invalid");
    // Its own advice is among ours.
    let reason = error
        .split_once(" Use `wandb login`")
        .map_or(error, |(reason, _)| reason);
    of_key.then(|| reason.trim_end().trim_end_matches('.').to_owned())
}

/// The last error in the client's own log, which tells of losses that its output does not.
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
            // What follows from an answer of the server is told apart from it.
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

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|program| program.is_file())
}
