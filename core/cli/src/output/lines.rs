//! Lines of `label  value` with the values aligned.

use std::{
    env, fmt,
    path::{self, Path},
};

use protea_core::text::escape_line;

/// Labelled values.
#[derive(Debug, Default)]
pub struct Lines(Vec<(&'static str, String)>);

impl Lines {
    /// Adds a line. One with an empty label continues the line before.
    pub fn add(&mut self, label: &'static str, value: impl Into<String>) -> &mut Self {
        // A line break must not look like another label.
        let value = value.into();
        for (place, line) in value.split('\n').enumerate() {
            let label = if place == 0 { label } else { "" };
            self.0.push((label, escape_line(line).into_owned()));
        }
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

/// A path for messages: relative if it is inside the current directory.
pub fn display_path(path: &Path) -> String {
    match env::current_dir() {
        Ok(here) => relative_to(&here, path),
        Err(_) => plain(path),
    }
}

/// A path relative to a directory if it is inside it, otherwise absolute.
pub fn relative_to(directory: &Path, path: &Path) -> String {
    let absolute = path::absolute(path).unwrap_or_else(|_| path.to_owned());
    match absolute.strip_prefix(directory) {
        Ok(relative) if !relative.as_os_str().is_empty() => plain(relative),
        _ => plain(&absolute),
    }
}

/// A path on one line, with control characters escaped.
fn plain(path: &Path) -> String {
    escape_line(&path.to_string_lossy()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_in_a_path_are_escaped() {
        let path = Path::new("/a/b\n\u{1b}[2Jé.so");
        assert_eq!(display_path(path), "/a/b\\n\\u{1b}[2Jé.so");
        assert_eq!(relative_to(Path::new("/a"), path), "b\\n\\u{1b}[2Jé.so");
    }
}
