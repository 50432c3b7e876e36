//! Defaults of options from files: `protea.toml` of a project, found upwards from the current
//! directory, and that of the user. The environment and the command line take precedence.

mod defaults;
mod file;
mod keys;

use std::{
    env,
    path::{Path, PathBuf},
};

pub use defaults::{explained, options_from_files, with_defaults};
pub use file::Author;
pub use keys::{KEYS, Key, TRUSTED};

use self::keys::Project;
use crate::{failure::Failure, output::display_path};

const FILE: &str = "protea.toml";
/// The environment variable that turns the files off.
pub const VARIABLE: &str = "PROTEA_CONFIG";

/// A value that a file sets.
#[derive(Debug, Clone)]
pub struct Setting {
    pub key: &'static Key,
    pub values: Vec<String>,
    pub file: PathBuf,
    pub author: Author,
}

/// What the files set.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// One for each key that is set.
    pub settings: Vec<Setting>,
    /// The user's file, whether or not it exists; none without a home directory.
    pub user_file: Option<PathBuf>,
    /// The project's file, if there is one.
    pub project_file: Option<PathBuf>,
    /// What the user has to know.
    pub warnings: Vec<String>,
}

impl Config {
    /// Reads the files. With `PROTEA_CONFIG=off`, none.
    pub fn load() -> Result<Self, Failure> {
        let mut config = Self {
            user_file: user_file(),
            ..Self::default()
        };
        if env::var_os(VARIABLE).is_some_and(|value| value == "off") {
            return Ok(config);
        }
        let user = match &config.user_file {
            Some(path) => file::read(path, Author::User)?.unwrap_or_default(),
            None => file::File::default(),
        };
        let Some(path) = config.find_project() else {
            config.settings = user.settings;
            return Ok(config);
        };
        let author = if is_trusted(&path, &user.trusted) {
            Author::TrustedProject
        } else {
            Author::Project
        };
        let project = file::read(&path, author)?.unwrap_or_default();
        config.project_file = Some(path);
        config.settings = user.settings;
        for setting in project.settings {
            let key = setting.key.name;
            let before = config
                .settings
                .iter()
                .position(|other| other.key.name == key);
            match before {
                Some(_)
                    if author == Author::Project
                        && setting.key.project == Project::MayIfUserDoesNot => {}
                Some(before) => config.settings[before] = setting,
                None => config.settings.push(setting),
            }
        }
        Ok(config)
    }

    /// What sets a key.
    pub fn setting(&self, key: &Key) -> Option<&Setting> {
        self.settings
            .iter()
            .find(|setting| setting.key.name == key.name)
    }

    /// The nearest file from the current directory upwards, except the user's own. In a directory such
    /// as `/tmp`, somebody else may have written it: then it is not read.
    fn find_project(&mut self) -> Option<PathBuf> {
        let here = env::current_dir().ok()?;
        let found = here
            .ancestors()
            .map(|directory| directory.join(FILE))
            .find(|path| path.symlink_metadata().is_ok())?;
        if self.user_file.as_ref() == Some(&found) {
            return None;
        }
        if is_of_another_user(&found) {
            self.warnings.push(format!(
                "{} belongs to another user and is not read",
                display_path(&found)
            ));
            return None;
        }
        Some(found)
    }
}

/// `$XDG_CONFIG_HOME/protea/protea.toml`, by default in `~/.config`.
fn user_file() -> Option<PathBuf> {
    let absolute = |name: &str| {
        let path = PathBuf::from(env::var_os(name)?);
        path.is_absolute().then_some(path)
    };
    let directory =
        absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")))?;
    Some(directory.join("protea").join(FILE))
}

fn is_trusted(project: &Path, trusted: &[PathBuf]) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let directory = project.parent().and_then(real);
    directory.is_some_and(|directory| {
        let trusted = trusted.iter().filter_map(|path| real(path));
        trusted.into_iter().any(|path| directory.starts_with(path))
    })
}

#[cfg(unix)]
fn is_of_another_user(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let own = rustix::process::geteuid().as_raw();
    let owner = path.symlink_metadata().map(|file| file.uid());
    owner.is_ok_and(|owner| owner != own && owner != 0)
}

#[cfg(not(unix))]
fn is_of_another_user(_: &Path) -> bool {
    false
}
