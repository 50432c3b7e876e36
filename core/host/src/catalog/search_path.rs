//! The search path of runners and its order.

use std::{
    collections::HashSet,
    env,
    path::{Path, PathBuf},
};

/// The environment variable that lists directories of runners, separated as `PATH` is.
pub const ENVIRONMENT_VARIABLE: &str = "PROTEA_RUNNER_PATH";

/// Where an entry of the search path comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The caller.
    Given,
    /// [`ENVIRONMENT_VARIABLE`].
    Environment,
    /// The directory of the running executable.
    Executable,
    /// The user's data directory.
    User,
    /// The system's data directory.
    System,
}

impl std::fmt::Display for Origin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Given => "given by the caller",
            Self::Environment => ENVIRONMENT_VARIABLE,
            Self::Executable => "the directory of the executable",
            Self::User => "the user's directory",
            Self::System => "the system's directory",
        })
    }
}

/// A directory on the search path.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchEntry {
    /// The directory. It may be missing.
    pub directory: PathBuf,
    /// Where the entry comes from.
    pub origin: Origin,
}

/// The directories that are searched for runners, in order. The first one with the runner wins.
///
/// ```
/// use protea_core::catalog::{Origin, SearchPath};
///
/// let path = SearchPath::standard().with("./my-runners");
/// assert_eq!(path.entries()[0].origin, Origin::Given);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SearchPath {
    given: Vec<SearchEntry>,
    standing: Vec<SearchEntry>,
}

impl SearchPath {
    /// An empty search path.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// [`ENVIRONMENT_VARIABLE`], the directory of the executable, the user's data directory
    /// (`$XDG_DATA_HOME/protea/runners` or the equivalent of the system), the system's
    /// (`/usr/local/lib/protea/runners`, `/usr/lib/protea/runners`). Never the current directory.
    #[must_use]
    pub fn standard() -> Self {
        let mut standing = Vec::new();
        let mut add = |directory: PathBuf, origin| standing.push(SearchEntry { directory, origin });
        if let Some(list) = env::var_os(ENVIRONMENT_VARIABLE) {
            // An empty entry would mean the current directory.
            env::split_paths(&list)
                .filter(|directory| !directory.as_os_str().is_empty())
                .for_each(|directory| add(directory, Origin::Environment));
        }
        if let Some(directory) = env::current_exe().ok().as_deref().and_then(Path::parent) {
            add(directory.to_owned(), Origin::Executable);
        }
        if let Some(directory) = user_directory() {
            add(directory, Origin::User);
        }
        for directory in system_directories() {
            add(directory.into(), Origin::System);
        }
        Self {
            given: Vec::new(),
            standing,
        }
    }

    /// Adds a directory before the standard ones and after those added earlier.
    #[must_use]
    pub fn with(mut self, directory: impl Into<PathBuf>) -> Self {
        let directory = directory.into();
        self.given.push(SearchEntry {
            directory: std::path::absolute(&directory).unwrap_or(directory),
            origin: Origin::Given,
        });
        self
    }

    /// The directories in the order in which they are searched, each once.
    #[must_use]
    pub fn entries(&self) -> Vec<&SearchEntry> {
        let mut seen = HashSet::new();
        self.given
            .iter()
            .chain(&self.standing)
            .filter(|entry| {
                let real = entry.directory.canonicalize();
                seen.insert(real.unwrap_or_else(|_| entry.directory.clone()))
            })
            .collect()
    }
}

/// The directory for the user's own runners, if the system has one.
#[must_use]
pub fn user_directory() -> Option<PathBuf> {
    let absolute = |name| {
        env::var_os(name)
            .map(PathBuf::from)
            .filter(|directory| directory.is_absolute())
    };
    let data = if cfg!(windows) {
        absolute("LOCALAPPDATA")
    } else if cfg!(target_vendor = "apple") {
        absolute("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        absolute("XDG_DATA_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/share")))
    };
    data.map(|directory| directory.join("protea").join("runners"))
}

fn system_directories() -> &'static [&'static str] {
    if cfg!(unix) {
        &["/usr/local/lib/protea/runners", "/usr/lib/protea/runners"]
    } else {
        &[]
    }
}
