//! A program of others: where it is, and running it.

use std::{
    env,
    ffi::OsStr,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use protea_contracts::{Emitter, RunnerError};

/// How often a running program is looked at: often at first, since small searches end soon.
const FIRST_LOOK: Duration = Duration::from_millis(1);
const LOOKS: Duration = Duration::from_millis(25);
/// So much of what a failed program said last goes into the error.
const LAST_WORDS: usize = 1000;

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// It is nowhere on the PATH.
    #[error("{program} is not on the PATH; install it with `{install}`")]
    Missing {
        /// Its name.
        program: &'static str,
        /// The command that installs it.
        install: &'static str,
    },
    /// It cannot be started.
    #[error("{} cannot be started: {source}", path.display())]
    Start {
        /// The program.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It ended with an error.
    #[error("{program} {step} ended with {status}: {said}")]
    Ended {
        /// Its name.
        program: String,
        /// What it was to do.
        step: String,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it said.
        said: String,
    },
    /// It was killed, because the host wants the call to end.
    #[error("cancelled")]
    Cancelled,
    /// A file of the work cannot be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl From<ProgramError> for RunnerError {
    fn from(error: ProgramError) -> Self {
        match error {
            ProgramError::Cancelled => Self::Cancelled,
            ProgramError::Missing { program, install } => Self::Missing {
                what: format!("the program {program}, on the PATH"),
                remedy: format!("install it with `{install}`"),
            },
            error => Self::failed(error.to_string()),
        }
    }
}

/// A program that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    path: PathBuf,
}

impl Program {
    /// The first of `names` that is on the PATH. What is no binary is passed over where there is
    /// one: killing a script leaves running what it has started.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Missing`] for the first of the names.
    pub fn find(names: &[&'static str], install: &'static str) -> Result<Self, ProgramError> {
        let path = env::var_os("PATH").unwrap_or_default();
        Self::find_in(&path, names, install)
    }

    fn find_in(
        search_path: &OsStr,
        names: &[&'static str],
        install: &'static str,
    ) -> Result<Self, ProgramError> {
        let directories = || env::split_paths(search_path).filter(|path| path.is_absolute());
        let candidates = || {
            names
                .iter()
                .flat_map(|name| directories().map(move |path| path.join(name)))
        };
        let found = candidates()
            .find(|path| is_program(path) && !is_script(path))
            .or_else(|| candidates().find(|path| is_program(path)));
        found
            .map(|path| Self { path })
            .ok_or(ProgramError::Missing {
                program: names.first().copied().unwrap_or_default(),
                install,
            })
    }

    /// Its file name.
    #[must_use]
    pub fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Runs it to its end in `directory`, and gives what it printed. It may keep temporary files in
    /// `scratch`.
    ///
    /// # Errors
    ///
    /// [`ProgramError`]. When the host wants the call to end, the program is killed.
    pub fn run<A: AsRef<OsStr>>(
        &self,
        step: &str,
        arguments: &[A],
        directory: &Path,
        scratch: &Path,
        emit: &Emitter,
    ) -> Result<String, ProgramError> {
        let log = scratch.join("said");
        let at_log = |source| ProgramError::File {
            path: log.clone(),
            source,
        };
        let said = File::create(&log).map_err(at_log)?;
        let child = Command::new(&self.path)
            .args(arguments)
            .env("TMPDIR", scratch)
            .env("LC_ALL", "C")
            // BLAST+ reports its use to NCBI otherwise.
            .env("BLAST_USAGE_REPORT", "false")
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(said.try_clone().map_err(at_log)?)
            .stderr(said)
            .spawn()
            .map_err(|source| ProgramError::Start {
                path: self.path.clone(),
                source,
            })?;
        let status = Running(child).until_it_ends(&self.path, emit)?;
        let bytes = fs::read(&log).map_err(at_log)?;
        let said = String::from_utf8_lossy(&bytes).into_owned();
        if status.success() {
            return Ok(said);
        }
        Err(ProgramError::Ended {
            program: self.name(),
            step: step.to_owned(),
            status,
            said: last_words(&said),
        })
    }
}

/// A process that does not outlive the call, however that ends.
struct Running(Child);

impl Running {
    fn until_it_ends(mut self, path: &Path, emit: &Emitter) -> Result<ExitStatus, ProgramError> {
        let mut wait = FIRST_LOOK;
        loop {
            let ended = self.0.try_wait().map_err(|source| ProgramError::Start {
                path: path.to_owned(),
                source,
            })?;
            if let Some(status) = ended {
                return Ok(status);
            }
            if emit.is_cancelled() {
                return Err(ProgramError::Cancelled);
            }
            thread::sleep(wait);
            wait = (wait * 2).min(LOOKS);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Of one that has ended, these do nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|file| file.is_file() && is_executable(&file.permissions()))
}

#[cfg(unix)]
fn is_executable(permissions: &fs::Permissions) -> bool {
    std::os::unix::fs::PermissionsExt::mode(permissions) & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Permissions) -> bool {
    true
}

fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    let read = File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut start));
    read.is_ok() && &start == b"#!"
}

fn last_words(said: &str) -> String {
    let said = said.trim();
    if said.is_empty() {
        return "it said nothing".to_owned();
    }
    let mut start = said.len().saturating_sub(LAST_WORDS);
    while !said.is_char_boundary(start) {
        start += 1;
    }
    said[start..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named_with_the_command_that_installs_it() {
        let error = Program::find_in(
            "/nowhere".as_ref(),
            &["blastp"],
            "apt-get install ncbi-blast+",
        )
        .expect_err("nothing is there");
        assert!(matches!(
            error,
            ProgramError::Missing {
                program: "blastp",
                ..
            }
        ));
        let error = RunnerError::from(error);
        assert!(
            matches!(&error, RunnerError::Missing { what, remedy }
                if what.contains("blastp") && remedy.contains("apt-get install ncbi-blast+")),
            "{error}"
        );
    }

    #[test]
    fn relative_entries_of_the_path_are_passed_over() {
        let here = env::current_dir().and_then(fs::canonicalize);
        assert!(here.is_ok());
        let found = Program::find_in("bin:.:/bin:/usr/bin".as_ref(), &["sh"], "");
        assert!(found.is_ok_and(|program| program.path.is_absolute()));
    }
}
