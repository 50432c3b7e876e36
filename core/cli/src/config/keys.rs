//! The keys of `protea.toml`, the option that each one is the default of, and which of them a project
//! file may set.

/// What the value of a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A string.
    Text,
    /// A path; a relative one is relative to the file.
    Path,
    /// A list of paths.
    Paths,
    /// A list of strings.
    Texts,
    /// A whole number.
    Number,
    /// A boolean.
    Boolean,
}

/// What a project file may do with a key. Whoever wrote the directory that protea is started in wrote
/// that file too, so it must not run code, weaken a protection or send anything elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Project {
    /// Set it.
    May,
    /// Set it, if the user's file does not.
    MayIfUserDoesNot,
    /// Set it to this value only.
    MayOnly(&'static str),
    /// Set it to a path in the directory of the file.
    MayInside,
    /// Not set it.
    MayNot,
}

/// A key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    /// clap's id of the option.
    pub id: &'static str,
    pub kind: Kind,
    pub project: Project,
    /// Whether only commands that run a runner take it: others have options of the same name that
    /// mean something else.
    pub of_runs: bool,
    /// What applies if nothing sets it.
    pub built_in: &'static str,
}

/// A list of directories whose project files may set every key. Only in the user's file.
pub const TRUSTED: &str = "trusted-projects";

const fn key(name: &'static str, id: &'static str, kind: Kind, project: Project) -> Key {
    Key {
        name,
        id,
        kind,
        project,
        of_runs: true,
        built_in: "",
    }
}

impl Key {
    const fn everywhere(mut self) -> Self {
        self.of_runs = false;
        self
    }

    const fn built_in(mut self, value: &'static str) -> Self {
        self.built_in = value;
        self
    }
}

/// All keys.
pub const KEYS: [Key; 21] = [
    key("workspace", "workspace", Kind::Path, Project::MayInside)
        .everywhere()
        .built_in("protea-workspace"),
    key("runner-dirs", "directories", Kind::Paths, Project::MayNot).everywhere(),
    key("seed", "seed", Kind::Number, Project::May).built_in("0"),
    key("threads", "threads", Kind::Number, Project::May).built_in("0"),
    key(
        "compress-predictions",
        "compress_predictions",
        Kind::Boolean,
        Project::May,
    )
    .built_in("false"),
    key("log-level", "log_level", Kind::Text, Project::May),
    key(
        "isolation",
        "isolation",
        Kind::Text,
        Project::MayOnly("worker"),
    )
    .built_in("worker"),
    key(
        "time-limit",
        "time_limit",
        Kind::Text,
        Project::MayIfUserDoesNot,
    ),
    key(
        "memory-limit",
        "memory_limit",
        Kind::Text,
        Project::MayIfUserDoesNot,
    ),
    key(
        "output-limit",
        "output_limit",
        Kind::Text,
        Project::MayIfUserDoesNot,
    ),
    key("sandbox", "sandbox", Kind::Text, Project::MayOnly("strict")),
    key("sandbox-env", "sandbox_env", Kind::Texts, Project::MayNot),
    key("locked", "locked", Kind::Boolean, Project::MayOnly("true")).built_in("false"),
    key("lock-file", "lock_file", Kind::Path, Project::MayNot).built_in("runners.lock"),
    key("track", "track", Kind::Texts, Project::MayNot),
    key(
        "offline",
        "offline",
        Kind::Boolean,
        Project::MayOnly("true"),
    )
    .built_in("false"),
    key(
        "system-metrics-interval",
        "system_metrics_interval",
        Kind::Text,
        Project::MayIfUserDoesNot,
    )
    .built_in("10s"),
    key(
        "no-system-metrics",
        "no_system_metrics",
        Kind::Boolean,
        Project::MayIfUserDoesNot,
    )
    .built_in("false"),
    key(
        "no-diff",
        "no_diff",
        Kind::Boolean,
        Project::MayOnly("true"),
    )
    .built_in("false"),
    key("project", "project", Kind::Text, Project::May),
    key("group", "group", Kind::Text, Project::May),
];

/// The key of this name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

/// The name that is most like an unknown one.
pub fn nearest(name: &str) -> Option<&'static str> {
    let names = KEYS.iter().map(|key| key.name).chain([TRUSTED]);
    let alike = names.map(|known| (strsim::jaro_winkler(name, known), known));
    let best = alike.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.75).then_some(best.1)
}
