//! Where the crate of a new runner takes its dependencies from: a directory or a git repository, never
//! a registry, where anybody could register the names.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{args::NewArgs, exit::Exit, failure::Failure, output::display_path};

/// Where `protea-contracts` and `protea-cafa` come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The repository or an unpacked SDK.
    Directory(PathBuf),
    /// A git repository.
    Git {
        /// Its address.
        url: String,
        /// A commit, tag or branch.
        rev: Option<String>,
    },
}

impl Source {
    /// What the options name; without options, the repository that this executable is in or was built
    /// in.
    pub fn chosen(args: &NewArgs) -> Result<Self, Failure> {
        if let Some(url) = &args.git {
            return git(url, args.rev.as_deref());
        }
        if let Some(directory) = &args.sdk {
            let real = directory.canonicalize().ok();
            return real
                .filter(|path| is_sdk(path))
                .map(Self::Directory)
                .ok_or_else(|| {
                    Failure::new(
                        Exit::Usage,
                        format!(
                            "--sdk {} is not protea's repository or SDK, which has the directories \
                         contracts and core/cafa",
                            display_path(directory)
                        ),
                    )
                });
        }
        if let Some(directory) = &args.contracts {
            let real = directory.canonicalize().ok();
            let parent = real.as_deref().and_then(Path::parent).map(Path::to_owned);
            return parent.filter(|path| is_sdk(path)).map(Self::Directory).ok_or_else(|| {
                Failure::new(
                    Exit::Usage,
                    format!(
                        "--contracts {} is not the directory of the crate protea-contracts; give \
                         protea's repository with --sdk",
                        display_path(directory)
                    ),
                )
            });
        }
        repository().map(Self::Directory).ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                "cannot find protea's crates, on which the new crate depends: the executable is not \
                 in protea's repository; give the directory of the repository or of an unpacked SDK \
                 with --sdk, or its git repository with --git",
            )
        })
    }

    /// The right-hand side of a dependency in `Cargo.toml` on the package in a directory of the SDK.
    pub fn dependency(&self, package: &str) -> Result<String, Failure> {
        match self {
            Self::Directory(sdk) => {
                let path = sdk.join(package);
                let text = path.to_str().ok_or_else(|| {
                    Failure::new(
                        Exit::Usage,
                        format!(
                            "the path {} is not UTF-8, which Cargo.toml does not allow; give another \
                             with --sdk",
                            display_path(&path)
                        ),
                    )
                })?;
                // Every JSON string is a valid TOML string.
                Ok(format!("{{ path = {} }}", json!(text)))
            }
            Self::Git { url, rev } => Ok(match rev {
                Some(rev) => format!("{{ git = {}, rev = {} }}", json!(url), json!(rev)),
                None => format!("{{ git = {} }}", json!(url)),
            }),
        }
    }

    /// The command that installs `protea` from here.
    pub fn install_command(&self) -> String {
        match self {
            Self::Directory(sdk) => {
                format!(
                    "cargo install --locked --path {}",
                    sdk.join("core/cli").display()
                )
            }
            Self::Git { url, rev } => {
                let rev = rev
                    .as_ref()
                    .map(|rev| format!(" --rev {rev}"))
                    .unwrap_or_default();
                format!("cargo install --locked --git {url}{rev} protea-cli")
            }
        }
    }

    /// For a message.
    pub fn shown(&self) -> String {
        match self {
            Self::Directory(sdk) => display_path(sdk),
            Self::Git { url, rev: None } => url.clone(),
            Self::Git {
                url,
                rev: Some(rev),
            } => format!("{url} at {rev}"),
        }
    }

    /// The directory of `protea-contracts`, if it is on this machine.
    pub fn contracts(&self) -> Option<PathBuf> {
        match self {
            Self::Directory(sdk) => Some(sdk.join("contracts")),
            Self::Git { .. } => None,
        }
    }

    /// For `--json`.
    pub fn json(&self) -> Value {
        match self {
            Self::Directory(sdk) => json!({ "path": sdk.to_string_lossy() }),
            Self::Git { url, rev } => json!({ "git": url, "rev": rev }),
        }
    }
}

fn git(url: &str, rev: Option<&str>) -> Result<Source, Failure> {
    let usage = |message: String| Err(Failure::new(Exit::Usage, message));
    let is_plain = |text: &str| {
        let plain = |c: char| !c.is_control() && !c.is_whitespace();
        !text.is_empty() && !text.starts_with('-') && text.chars().all(plain)
    };
    if !is_plain(url) || !url.contains("://") {
        return usage(format!(
            "--git {url:?} is not the URL of a git repository, such as \
             https://example.org/protea.git, ssh://… or file://…"
        ));
    }
    if let Some(rev) = rev.filter(|rev| !is_plain(rev)) {
        return usage(format!("--rev {rev:?} is not a commit, tag or branch"));
    }
    Ok(Source::Git {
        url: url.to_owned(),
        rev: rev.map(str::to_owned),
    })
}

/// The repository that the executable is in, or else the one that it was built in.
fn repository() -> Option<PathBuf> {
    let executable = env::current_exe().and_then(|path| path.canonicalize()).ok();
    let around = executable.as_deref().into_iter().flat_map(Path::ancestors);
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    around
        .chain(built_in)
        .find(|directory| is_sdk(directory))
        .map(Path::to_owned)
}

fn is_sdk(directory: &Path) -> bool {
    is_package(&directory.join("contracts"), "protea-contracts")
        && is_package(&directory.join("core/cafa"), "protea-cafa")
}

fn is_package(directory: &Path, name: &str) -> bool {
    fs::read_to_string(directory.join("Cargo.toml"))
        .is_ok_and(|manifest| manifest.contains(&format!("name = \"{name}\"")))
}
