//! Which code a run used: the git work trees of the current directory, the runner's library and the
//! workspace, with their uncommitted changes.

mod git;

use std::{
    collections::HashMap,
    env, fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use protea_contracts::{Sha256, content::digest_bytes};
use serde::{Deserialize, Serialize};

use self::git::{GitError, WorkTree};
use super::WorkspaceError;
use crate::store::StoreError;

/// The directory of a run with the changes.
pub const CODE_DIRECTORY: &str = "code";
/// The most bytes of changes that are kept of a work tree.
pub const LARGEST_DIFF: u64 = 1 << 20;
/// How long an answer of git holds for the parts of a run, such as the trials of a search.
const FRESH: Duration = Duration::from_secs(60);

/// The state of a git repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CodeRecord {
    /// The commit, in hexadecimal.
    pub commit: String,
    /// The branch, where one is checked out.
    #[serde(default)]
    pub branch: Option<String>,
    /// Whether a tracked file differs from the commit; not known where git took too long to say.
    #[serde(default)]
    pub changed: Option<bool>,
}

/// A git work tree that a run used something of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RepositoryRecord {
    /// What is in it: `current directory`, `runner`, `workspace`.
    pub holds: Vec<String>,
    /// Its directory.
    pub root: PathBuf,
    /// Its state. `None` without a commit, or if git did not answer.
    #[serde(default)]
    pub code: Option<CodeRecord>,
    /// The changes of its tracked files that are not committed. `None` if there are none, or they
    /// are not kept.
    #[serde(default)]
    pub diff: Option<DiffRecord>,
    /// Why something is not known.
    #[serde(default)]
    pub problem: Option<String>,
}

/// Uncommitted changes that were kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DiffRecord {
    /// The file in the run's directory, in the format of `git diff`.
    pub file: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of its content.
    pub sha256: Sha256,
    /// Whether it has only the first of the changes.
    #[serde(default)]
    pub is_cut: bool,
}

/// The work trees of a run.
#[derive(Debug, Clone, Default)]
pub struct Repositories {
    found: Vec<(RepositoryRecord, Arc<State>)>,
}

/// What git says about a work tree.
#[derive(Debug, Clone, Default)]
struct State {
    code: Option<CodeRecord>,
    problem: Option<String>,
}

impl Repositories {
    /// The work trees that these paths are in, each once. Paths are given with what is there; the
    /// current directory is added. A part of a run, such as a trial, may take an answer that git gave
    /// a moment ago.
    #[must_use]
    pub fn find(paths: &[(&str, &Path)], is_part: bool) -> Self {
        let current = env::current_dir().ok();
        let current = current.as_deref().map(|path| ("current directory", path));
        let mut repositories = Self::default();
        for (what, path) in current.into_iter().chain(paths.iter().copied()) {
            let Some(root) = root_of(path) else { continue };
            let known = repositories
                .found
                .iter_mut()
                .find(|(record, _)| record.root == root);
            if let Some((record, _)) = known {
                record.holds.push(what.to_owned());
                continue;
            }
            let state = state_of(&root, is_part);
            let record = RepositoryRecord {
                holds: vec![what.to_owned()],
                root,
                code: state.code.clone(),
                diff: None,
                problem: state.problem.clone(),
            };
            repositories.found.push((record, state));
        }
        repositories
    }

    /// The state of the repository that the current directory is in.
    #[must_use]
    pub fn current(&self) -> Option<CodeRecord> {
        let (record, _) = self.found.first()?;
        let is_current = record.holds.iter().any(|what| what == "current directory");
        record.code.clone().filter(|_| is_current)
    }

    /// Keeps the uncommitted changes of tracked files below a run's directory, at most
    /// [`LARGEST_DIFF`] bytes of each work tree.
    ///
    /// # Errors
    ///
    /// [`WorkspaceError::Store`] when they cannot be written.
    pub fn keep_changes(&mut self, run: &Path) -> Result<(), WorkspaceError> {
        for (at, (record, _)) in self.found.iter_mut().enumerate() {
            let is_clean = record.code.as_ref().and_then(|code| code.changed) == Some(false);
            if is_clean || record.problem.is_some() || record.code.is_none() {
                continue;
            }
            match changes(&record.root) {
                Ok(Some((content, is_cut))) => {
                    let file = Path::new(CODE_DIRECTORY).join(format!("{at}.diff"));
                    write(&run.join(&file), &content)?;
                    record.diff = Some(DiffRecord {
                        file,
                        bytes: content.len() as u64,
                        sha256: digest_bytes(&content),
                        is_cut,
                    });
                }
                Ok(None) => {}
                Err(error) => record.problem = Some(format!("no diff: {error}")),
            }
        }
        Ok(())
    }

    /// The records for the manifest.
    #[must_use]
    pub fn into_records(self) -> Vec<RepositoryRecord> {
        self.found.into_iter().map(|(record, _)| record).collect()
    }
}

fn write(path: &Path, content: &[u8]) -> Result<(), WorkspaceError> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(StoreError::write(directory))?;
    }
    Ok(protea_files::write(path, content).map_err(StoreError::from)?)
}

/// The nearest directory above a path that has a `.git`. A link is followed: its target is what is
/// used.
fn root_of(path: &Path) -> Option<PathBuf> {
    let path = path.canonicalize().ok()?;
    path.ancestors()
        .find(|directory| directory.join(".git").symlink_metadata().is_ok())
        .map(Path::to_owned)
}

/// The answers of git by work tree, with the time of each.
type Answers = HashMap<PathBuf, (Instant, Arc<State>)>;

/// As [`State::read`]; for a part of a run perhaps the answer of a moment ago.
fn state_of(root: &Path, is_part: bool) -> Arc<State> {
    static ANSWERS: Mutex<Option<Answers>> = Mutex::new(None);
    let mut answers = ANSWERS.lock().unwrap_or_else(PoisonError::into_inner);
    let answers = answers.get_or_insert_default();
    answers.retain(|at, (asked, _)| asked.elapsed() < FRESH && (is_part || at != root));
    let (_, state) = answers
        .entry(root.to_owned())
        .or_insert_with(|| (Instant::now(), Arc::new(State::read(root))));
    Arc::clone(state)
}

impl State {
    fn read(root: &Path) -> Self {
        match WorkTree::open(root).and_then(|tree| code(&tree, root)) {
            Ok(code) => Self {
                code,
                problem: None,
            },
            Err(error) => Self {
                code: None,
                problem: Some(error.to_string()),
            },
        }
    }
}

/// The state of a work tree; `None` without a commit.
fn code(tree: &WorkTree, root: &Path) -> Result<Option<CodeRecord>, GitError> {
    let top = tree.ask(&["rev-parse", "--show-toplevel"], LARGEST_DIFF)?;
    let top = String::from_utf8_lossy(&top.bytes).into_owned();
    // A setting of the repository can name any directory as its work tree, such as a home directory.
    if Path::new(top.trim_end_matches(['\n', '\r'])) != root {
        return Err(GitError::Refused(
            "the settings of the repository name another directory as its work tree".to_owned(),
        ));
    }
    let status = [
        "status",
        "--porcelain=v2",
        "--branch",
        "--untracked-files=no",
        "--ignore-submodules",
    ];
    match tree.ask(&status, LARGEST_DIFF) {
        Ok(status) => Ok(from_status(&String::from_utf8_lossy(&status.bytes))),
        // A repository may be too large to be looked through; its commit is known at once.
        Err(GitError::TimedOut) => {
            let commit = tree.ask(&["rev-parse", "--verify", "HEAD"], LARGEST_DIFF)?;
            Ok(Some(CodeRecord {
                commit: String::from_utf8_lossy(&commit.bytes).trim().to_owned(),
                branch: None,
                changed: None,
            }))
        }
        Err(error) => Err(error),
    }
}

fn from_status(text: &str) -> Option<CodeRecord> {
    let header = |name: &str| {
        let mut lines = text.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
    };
    let commit = header("# branch.oid").filter(|oid| *oid != "(initial)")?;
    let branch = header("# branch.head").filter(|name| *name != "(detached)");
    Some(CodeRecord {
        commit: commit.to_owned(),
        branch: branch.map(str::to_owned),
        changed: Some(text.lines().any(|line| !line.starts_with('#'))),
    })
}

/// The uncommitted changes of tracked files, and whether there are more; `None` if there are none.
fn changes(root: &Path) -> Result<Option<(Vec<u8>, bool)>, GitError> {
    let diff = [
        "diff",
        "--no-ext-diff",
        "--no-textconv",
        "--no-color",
        "--full-index",
        "--ignore-submodules",
        "--src-prefix=a/",
        "--dst-prefix=b/",
        "HEAD",
        "--",
    ];
    let answer = WorkTree::open(root)?.ask(&diff, LARGEST_DIFF)?;
    let bytes = without_empty(&answer.bytes);
    Ok((!bytes.is_empty()).then_some((bytes, answer.is_cut)))
}

/// The whole lines of a diff, without files that have another time and the same content: git prints one
/// line of them.
fn without_empty(diff: &[u8]) -> Vec<u8> {
    let mut lines = diff.split_inclusive(|byte| *byte == b'\n').peekable();
    let mut kept = Vec::with_capacity(diff.len());
    while let Some(line) = lines.next() {
        // Lines of content begin with a blank, a sign or a backslash.
        let is_header = |line: &[u8]| line.starts_with(b"diff --git ");
        let is_empty = is_header(line) && lines.peek().is_none_or(|next| is_header(next));
        if !is_empty && line.ends_with(b"\n") {
            kept.extend_from_slice(line);
        }
    }
    kept
}

#[cfg(test)]
#[path = "code_test.rs"]
mod code_test;
