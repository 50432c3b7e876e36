//! Reads one `protea.toml`.

use std::{
    env,
    path::{Component, Path, PathBuf},
};

use protea_files::Links;
use toml::{Table, Value};

use super::{
    Setting,
    keys::{self, Key, Kind, Project, TRUSTED},
};
use crate::{exit::Exit, failure::Failure, output::display_path};

/// The largest file, in bytes.
const LARGEST: u64 = 256 << 10;

/// Who wrote the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Author {
    /// The user.
    User,
    /// Whoever wrote the directory.
    Project,
    /// The same, and the user trusts the directory.
    TrustedProject,
}

/// What a file sets.
#[derive(Debug, Default)]
pub struct File {
    pub settings: Vec<Setting>,
    pub trusted: Vec<PathBuf>,
}

/// Reads a file. None if it does not exist.
pub fn read(path: &Path, author: Author) -> Result<Option<File>, Failure> {
    // The user's own file may be a link to where other settings are kept.
    let links = match author {
        Author::User => Links::Follow,
        Author::Project | Author::TrustedProject => Links::Refuse,
    };
    let text = match protea_files::read_text(path, links, LARGEST) {
        Ok(text) => text,
        Err(error) if error.is_not_found() => return Ok(None),
        Err(error) => return Err(Failure::from_error(Exit::Input, &error)),
    };
    let table: Table = text
        .parse()
        .map_err(|error: toml::de::Error| failure(path, error.to_string().trim_end()))?;
    let mut file = File::default();
    for (name, value) in &table {
        if name == TRUSTED && author == Author::User {
            file.trusted = list(value)
                .ok_or_else(|| failure(path, &format!("{name} must be a list of paths")))?
                .iter()
                .map(|place| relative_to_file(path, place))
                .collect();
            continue;
        }
        let key = keys::find(name).ok_or_else(|| unknown(path, name))?;
        let values = values(path, key, value)?;
        if author == Author::Project {
            check(path, key, value, &values)?;
        }
        file.settings.push(Setting {
            key,
            values,
            file: path.to_owned(),
            author,
        });
    }
    Ok(Some(file))
}

fn failure(path: &Path, problem: &str) -> Failure {
    Failure::new(Exit::Input, format!("{}: {problem}", display_path(path)))
}

fn unknown(path: &Path, name: &str) -> Failure {
    if name == TRUSTED {
        return failure(path, &format!("only the user's file can have {TRUSTED}"));
    }
    let nearest = match keys::nearest(name) {
        Some(nearest) => format!("did you mean {nearest:?}?"),
        None => "`protea config show` lists all keys".to_owned(),
    };
    failure(path, &format!("there is no key {name:?}; {nearest}"))
}

/// The values as strings, as they would be on the command line.
fn values(path: &Path, key: &Key, value: &Value) -> Result<Vec<String>, Failure> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let place = |text: &String| relative_to_file(path, text).to_string_lossy().into_owned();
    let (found, expected) = match key.kind {
        Kind::Text => (text(value).map(|text| vec![text]), "a string"),
        Kind::Path => (text(value).map(|text| vec![place(&text)]), "a path"),
        Kind::Texts => (list(value), "a list of strings"),
        Kind::Paths => (
            list(value).map(|paths| paths.iter().map(place).collect()),
            "a list of paths",
        ),
        Kind::Number => (
            value.as_integer().map(|number| vec![number.to_string()]),
            "a whole number",
        ),
        Kind::Boolean => (
            value.as_bool().map(|it| vec![it.to_string()]),
            "true or false",
        ),
    };
    found.ok_or_else(|| failure(path, &format!("{} must be {expected}", key.name)))
}

fn list(value: &Value) -> Option<Vec<String>> {
    let values = value.as_array()?.iter();
    values
        .map(|value| value.as_str().map(str::to_owned))
        .collect()
}

/// A path of the file: `~/` is the home directory, a relative one begins where the file is.
fn relative_to_file(file: &Path, text: &str) -> PathBuf {
    if let Some(rest) = text.strip_prefix("~/")
        && let Some(home) = env::var_os("HOME")
    {
        return Path::new(&home).join(rest);
    }
    file.parent().unwrap_or(Path::new(".")).join(text)
}

/// Whether a project file may set the key to this value.
fn check(path: &Path, key: &Key, value: &Value, values: &[String]) -> Result<(), Failure> {
    let refused = |why: &str| {
        let directory = path.parent().unwrap_or(Path::new("."));
        Err(failure(
            path,
            &format!(
                "a project file may not set {}{why}; remove it or, if you trust the directory, add \
                 {:?} to {TRUSTED} in your own file, which `protea config show` names",
                key.name,
                display_path(directory)
            ),
        ))
    };
    match key.project {
        Project::May | Project::MayIfUserDoesNot => Ok(()),
        Project::MayNot => refused(""),
        Project::MayOnly(only) if values == [only] => Ok(()),
        Project::MayOnly(only) => refused(&format!(" to anything but {only}")),
        Project::MayInside => {
            let text = value.as_str().unwrap_or_default();
            let mut parts = Path::new(text).components();
            let is_inside = !text.starts_with('~')
                && parts.all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
            if is_inside {
                Ok(())
            } else {
                refused(" to a place outside of its directory")
            }
        }
    }
}
