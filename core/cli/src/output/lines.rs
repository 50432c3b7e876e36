//! Lines of `label  value`, the values below one another.

use std::{
    env, fmt,
    path::{self, Path},
};

/// Labelled values.
#[derive(Debug, Default)]
pub struct Lines(Vec<(&'static str, String)>);

impl Lines {
    /// Adds a line. One with an empty label continues the line before.
    pub fn add(&mut self, label: &'static str, value: impl Into<String>) -> &mut Self {
        self.0.push((label, value.into()));
        self
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.0.iter().map(|(label, _)| label.len()).max();
        let width = width.unwrap_or_default();
        for (label, value) in &self.0 {
            writeln!(f, "{label:width$}  {value}")?;
        }
        Ok(())
    }
}

/// A path as a user would type it: relative where it is below the current directory.
pub fn shown(path: &Path) -> String {
    match env::current_dir() {
        Ok(here) => relative_to(&here, path),
        Err(_) => path.display().to_string(),
    }
}

/// A path relative to a directory, where it is below it.
pub fn relative_to(directory: &Path, path: &Path) -> String {
    let absolute = path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match absolute.strip_prefix(directory) {
        Ok(relative) if !relative.as_os_str().is_empty() => relative.display().to_string(),
        _ => absolute.display().to_string(),
    }
}
