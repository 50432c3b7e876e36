//! An external program: finding it, and running it until it ends or is cancelled.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::Duration,
};

use protea_contracts::{Emitter, RunnerError, error::with_causes};

/// The first and the longest pause between two checks of a running program. Small searches end in
/// milliseconds.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(25);
/// How many bytes of a failed program's output go into the error, counted from its end.
const OUTPUT_TAIL: usize = 1000;

/// Why a program failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum ProgramError {
    /// No directory of the PATH has it.
    #[error("{program} is not on the PATH; install it with `{install}`")]
    Missing {
        program: &'static str,
        /// The command that installs it.
        install: &'static str,
    },
    /// It cannot be started.
    #[error("{} cannot be started", path.display())]
    Start { path: PathBuf, source: io::Error },
    /// It ended with an error.
    #[error("{program} {step} ended with {status}: {output}")]
    Ended {
        program: String,
        /// What it was called for.
        step: String,
        status: ExitStatus,
        /// The end of its output.
        output: String,
    },
    /// The host cancelled the call, and the program was killed.
    #[error("cancelled")]
    Cancelled,
    /// A file cannot be read or written.
    #[error("{} cannot be read or written", path.display())]
    File { path: PathBuf, source: io::Error },
}

impl From<ProgramError> for RunnerError {
    fn from(error: ProgramError) -> Self {
        match error {
            ProgramError::Cancelled => Self::Cancelled,
            ProgramError::Missing { program, install } => Self::Missing {
                what: format!("the program {program}, on the PATH"),
                remedy: format!("install it with `{install}`"),
            },
            error => Self::failed(with_causes(&error)),
        }
    }
}

/// A program on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    path: PathBuf,
}

impl Program {
    /// The first of `names` on the PATH. A binary is preferred to a script: killing a script does
    /// not kill what it started.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Missing`] for the first of the names.
    pub(super) fn find(
        names: &[&'static str],
        install: &'static str,
    ) -> Result<Self, ProgramError> {
        let search_path = env::var_os("PATH").unwrap_or_default();
        Self::find_in(&search_path, names, install)
    }

    fn find_in(
        search_path: &OsStr,
        names: &[&'static str],
        install: &'static str,
    ) -> Result<Self, ProgramError> {
        let search_path = absolute_directories(search_path);
        let candidates = || names.iter().flat_map(|name| find_all(&search_path, name));
        let found = candidates()
            .find(|path| !is_script(path))
            .or_else(|| candidates().next());
        found
            .map(|path| Self { path })
            .ok_or(ProgramError::Missing {
                program: names.first().copied().unwrap_or_default(),
                install,
            })
    }

    fn name(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    }

    /// Runs the program in `directory` and returns its output. Its temporary files go to `scratch`.
    ///
    /// # Errors
    ///
    /// [`ProgramError::Cancelled`] when the host cancels the call: the program is killed. Otherwise
    /// [`ProgramError::Start`], [`ProgramError::Ended`] or [`ProgramError::File`].
    pub(super) fn run<A: AsRef<OsStr>>(
        &self,
        step: &str,
        arguments: &[A],
        directory: &Path,
        scratch: &Path,
        emit: &Emitter,
    ) -> Result<String, ProgramError> {
        let log = scratch.join("output");
        let at_log = |source| ProgramError::File {
            path: log.clone(),
            source,
        };
        let output = File::create(&log).map_err(at_log)?;
        let child = Command::new(&self.path)
            .args(arguments)
            .env("TMPDIR", scratch)
            .env("LC_ALL", "C")
            // Otherwise BLAST+ reports its use to NCBI.
            .env("BLAST_USAGE_REPORT", "false")
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(at_log)?)
            .stderr(output)
            .spawn()
            .map_err(|source| ProgramError::Start {
                path: self.path.clone(),
                source,
            })?;
        let status = Running(child).wait(&self.path, emit)?;
        let bytes = fs::read(&log).map_err(at_log)?;
        let output = String::from_utf8_lossy(&bytes).into_owned();
        if status.success() {
            return Ok(output);
        }
        Err(ProgramError::Ended {
            program: self.name(),
            step: step.to_owned(),
            status,
            output: tail(&output),
        })
    }
}

/// A process that is killed when dropped, so that it never outlives the call.
struct Running(Child);

impl Running {
    /// Waits for the end of the process, or for a cancellation.
    ///
    /// This polls, though the crate `wait-timeout` would wake up at once: that crate installs a
    /// handler for SIGCHLD, and a plugin must not change the signals of the process that loads it.
    fn wait(mut self, path: &Path, emit: &Emitter) -> Result<ExitStatus, ProgramError> {
        let mut pause = FIRST_PAUSE;
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
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // If the process has ended, these calls do nothing.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A search path without its relative directories: what they name depends on the current directory,
/// which a runner does not choose.
fn absolute_directories(search_path: &OsStr) -> OsString {
    let directories = env::split_paths(search_path).filter(|path| path.is_absolute());
    env::join_paths(directories).unwrap_or_default()
}

/// The programs with this name, in the order of the search path.
fn find_all(search_path: &OsStr, name: &str) -> impl Iterator<Item = PathBuf> {
    let found = which::which_in_all(name, Some(search_path), Path::new("/"));
    found.into_iter().flatten()
}

fn is_script(path: &Path) -> bool {
    let mut start = [0; 2];
    let read = File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut start));
    read.is_ok() && &start == b"#!"
}

/// The end of a program's output, for an error.
fn tail(output: &str) -> String {
    let output = output.trim();
    if output.is_empty() {
        return "no output".to_owned();
    }
    let start = output.ceil_char_boundary(output.len().saturating_sub(OUTPUT_TAIL));
    output[start..].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_comes_with_its_install_command() {
        let error = Program::find_in(
            "/nowhere".as_ref(),
            &["blastp"],
            "apt-get install ncbi-blast+",
        )
        .expect_err("the directory does not exist");
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
    fn relative_entries_of_the_path_are_ignored() {
        let found = Program::find_in("bin:.:/bin:/usr/bin".as_ref(), &["sh"], "");
        assert!(found.is_ok_and(|program| program.path.is_absolute()));
    }
    #[cfg(unix)]
    #[test]
    fn a_binary_is_preferred_to_a_script() -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;

        let place = tempfile::tempdir()?;
        let script = place.path().join("sh");
        fs::write(&script, "#!/bin/sh\n")?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        let search_path = |directories: &[&Path]| env::join_paths(directories).unwrap_or_default();
        let only_script = search_path(&[place.path()]);
        let found = Program::find_in(&only_script, &["sh"], "").map(|program| program.path);
        assert_eq!(found.ok(), Some(script));
        let both = search_path(&[place.path(), Path::new("/bin")]);
        let found = Program::find_in(&both, &["sh"], "").map(|program| program.path);
        assert_eq!(found.ok(), Some(PathBuf::from("/bin/sh")));
        Ok(())
    }

    #[test]
    fn the_end_of_the_output_goes_into_the_error() {
        assert_eq!(tail(" \n"), "no output");
        assert_eq!(tail("first\nlast\n"), "first\nlast");
        let long = format!("{}é{}", "a".repeat(500), "b".repeat(OUTPUT_TAIL - 1));
        assert_eq!(tail(&long), "b".repeat(OUTPUT_TAIL - 1));
    }
}
