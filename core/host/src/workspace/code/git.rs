//! Asks git about a work tree, without starting programs that the repository names.
//!
//! A repository may come from anybody, and its settings can start programs: file system monitors,
//! hooks, filters of files, external diffs, conversions to text, transports of missing objects.
//! Each of them is turned off here. git itself refuses a repository of another user
//! (`safe.directory`); this is not overridden.

use std::{
    io::{self, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// git is asked no longer than this for one answer. A test must not depend on how busy the machine is.
const TIMEOUT: Duration = Duration::from_secs(if cfg!(test) { 120 } else { 5 });
/// The longest list of settings that is read, in bytes.
const LONGEST_SETTINGS: u64 = 4 << 20;
/// The longest message of an error that is kept, in bytes.
const LONGEST_MESSAGE: u64 = 2 << 10;

/// Settings of a repository that start a program or a transfer, or let git write to the repository, and
/// values that prevent it.
const OFF: [(&str, &str); 6] = [
    ("core.fsmonitor", "false"),
    ("core.hooksPath", "/dev/null"),
    ("core.untrackedCache", "false"),
    // Otherwise each file with other line ends is a warning.
    ("core.safecrlf", "false"),
    // Otherwise a diff writes the index, whatever GIT_OPTIONAL_LOCKS says.
    ("diff.autoRefreshIndex", "false"),
    ("protocol.allow", "never"),
];

/// Variables that would lead git elsewhere, or start programs.
const REMOVED: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_NAMESPACE",
    "GIT_EXTERNAL_DIFF",
    "GIT_CONFIG_PARAMETERS",
    "GIT_PREFIX",
];

/// Why git gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum GitError {
    /// git is missing or cannot be started.
    #[error("git cannot be started: {0}")]
    Start(String),
    /// It took too long.
    #[error("git took longer than {} s", TIMEOUT.as_secs())]
    TimedOut,
    /// It refused; its message.
    #[error("git: {0}")]
    Refused(String),
}

/// What git printed.
pub(super) struct Answer {
    pub(super) bytes: Vec<u8>,
    /// Whether there was more.
    pub(super) is_cut: bool,
}

/// A work tree.
pub(super) struct WorkTree {
    directory: PathBuf,
    settings: Vec<(String, String)>,
}

impl WorkTree {
    /// The work tree that this directory is in.
    ///
    /// # Errors
    ///
    /// [`GitError`] if git does not read its settings, such as for a repository of another user.
    pub(super) fn open(directory: &Path) -> Result<Self, GitError> {
        let mut tree = Self {
            directory: directory.to_owned(),
            settings: OFF
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        };
        tree.settings.extend(tree.programs_off()?);
        Ok(tree)
    }

    /// Settings that turn off the filters and hooks that the repository's own settings name. The filters
    /// of the user's settings stay: without them, files would seem changed.
    fn programs_off(&self) -> Result<Vec<(String, String)>, GitError> {
        let asked = [
            "config",
            "--list",
            "--name-only",
            "-z",
            "--show-scope",
            "--includes",
        ];
        let answer = self.ask(&asked, LONGEST_SETTINGS)?;
        // What is not read or not understood cannot be turned off.
        let refused =
            |reason: &str| GitError::Refused(format!("the settings of the repository {reason}"));
        if answer.is_cut {
            return Err(refused("are too long"));
        }
        let text = String::from_utf8(answer.bytes).map_err(|_| refused("are not UTF-8"))?;
        let mut parts = text.split('\0');
        let mut off = Vec::new();
        while let (Some(scope), Some(key)) = (parts.next(), parts.next()) {
            if !matches!(scope, "local" | "worktree") {
                continue;
            }
            if let Some(name) = named(key, "filter.") {
                off.extend(filter_off(name));
            }
            // Hooks of git 2.54 and newer.
            if let Some(name) = named(key, "hook.") {
                off.push((format!("hook.{name}.enabled"), "false".to_owned()));
            }
            // The filter of git-lfs, which the user's settings may name, starts these.
            if key.starts_with("lfs.extension.") {
                off.extend(filter_off("lfs"));
            }
        }
        Ok(off)
    }

    /// What git prints, up to `most` bytes.
    ///
    /// # Errors
    ///
    /// [`GitError`].
    pub(super) fn ask(&self, arguments: &[&str], most: u64) -> Result<Answer, GitError> {
        let mut command = Command::new("git");
        command
            .arg("-C")
            .arg(&self.directory)
            .args(["--no-pager", "--no-optional-locks"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            // No transport has this name.
            .env("GIT_ALLOW_PROTOCOL", "none")
            .env("LC_ALL", "C")
            .env("GIT_CONFIG_COUNT", self.settings.len().to_string());
        for name in REMOVED {
            command.env_remove(name);
        }
        for (at, (key, value)) in self.settings.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{at}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{at}"), value);
        }
        let child = command
            .spawn()
            .map_err(|error| GitError::Start(error.to_string()))?;
        answer(child, most)
    }
}

/// The name in a key such as `filter.NAME.clean`.
fn named<'k>(key: &'k str, section: &str) -> Option<&'k str> {
    let (name, _) = key.strip_prefix(section)?.rsplit_once('.')?;
    Some(name)
}

/// Settings that turn a filter of files off.
fn filter_off(name: &str) -> impl Iterator<Item = (String, String)> {
    let programs = ["clean", "smudge", "process"];
    let off = programs.map(|program| (format!("filter.{name}.{program}"), String::new()));
    let required = (format!("filter.{name}.required"), "false".to_owned());
    off.into_iter().chain([required])
}

/// Reads what git prints until it ends, has printed too much or takes too long.
fn answer(mut child: Child, most: u64) -> Result<Answer, GitError> {
    let until = Instant::now() + TIMEOUT;
    let output = child.stdout.take().map(|stream| read(stream, most));
    let message = child
        .stderr
        .take()
        .map(|stream| read(stream, LONGEST_MESSAGE));
    let remaining = || until.saturating_duration_since(Instant::now());
    let bytes = output.and_then(|output| output.recv_timeout(remaining()).ok());
    let Some(mut bytes) = bytes else {
        end(&mut child);
        return Err(GitError::TimedOut);
    };
    let is_cut = bytes.len() as u64 > most;
    if is_cut {
        bytes.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        end(&mut child);
        return Ok(Answer { bytes, is_cut });
    }
    let Some(status) = wait(&mut child, until) else {
        end(&mut child);
        return Err(GitError::TimedOut);
    };
    if status.success() {
        return Ok(Answer { bytes, is_cut });
    }
    let message = message.and_then(|message| message.recv_timeout(remaining()).ok());
    let message = String::from_utf8_lossy(&message.unwrap_or_default()).into_owned();
    let first = message.lines().find(|line| !line.trim().is_empty());
    Err(GitError::Refused(first.unwrap_or("no reason").to_owned()))
}

/// Reads a stream on a new thread, and gives one byte more than `most` of it.
fn read(mut stream: impl Read + Send + 'static, most: u64) -> mpsc::Receiver<Vec<u8>> {
    let (send, read) = mpsc::channel();
    // Without a thread the receiver learns at once that there is no sender.
    let _ = thread::Builder::new().spawn(move || {
        let mut bytes = Vec::new();
        // What was read before an error is worth keeping.
        let _ = (&mut stream)
            .take(most.saturating_add(1))
            .read_to_end(&mut bytes);
        // The receiver is gone if git took too long.
        let _ = send.send(bytes);
        // A closed pipe would end a git that has many warnings.
        let _ = io::copy(&mut stream, &mut io::sink());
    });
    read
}

fn wait(child: &mut Child, until: Instant) -> Option<ExitStatus> {
    loop {
        if let Some(status) = child.try_wait().ok()? {
            return Some(status);
        }
        if Instant::now() >= until {
            return None;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}
