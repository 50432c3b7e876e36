//! Lines of `label  value` with the values aligned. In a terminal, values that are wider than the window
//! are wrapped at blanks; a word is never broken. In a pipe or a file, nothing is wrapped.

use std::{
    env, fmt,
    path::{self, Path},
};

use protea_core::text::escape_line;

use super::table::terminal_width;

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
        f.write_str(&self.fitted(terminal_width()))
    }
}

/// The blanks between label and value.
const GAP: usize = 2;
/// Values are not made narrower than this.
const MIN_VALUE: usize = 20;

impl Lines {
    /// The lines for a terminal of this width, or for a pipe.
    fn fitted(&self, width: Option<u16>) -> String {
        let labels = self.0.iter().map(|(label, _)| label.len()).max();
        let labels = labels.unwrap_or_default();
        let mut text = String::new();
        for (label, value) in &self.0 {
            let room = width.map(|width| usize::from(width).saturating_sub(labels + GAP));
            let parts = match room {
                Some(room) => wrapped(value, room.max(MIN_VALUE)),
                None => vec![value.as_str()],
            };
            for (place, part) in parts.into_iter().enumerate() {
                let label = if place == 0 { label } else { "" };
                text.push_str(&format!("{label:labels$}  {part}"));
                text.truncate(text.trim_end().len());
                text.push('\n');
            }
        }
        text
    }
}

/// A value in parts of at most so many characters, divided at blanks. A longer word is a separate part.
fn wrapped(value: &str, room: usize) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = value;
    loop {
        let end = rest.char_indices().nth(room).map(|(end, _)| end);
        let Some(end) = end else {
            parts.push(rest);
            return parts;
        };
        // A blank directly behind the part is good, too.
        let blank = match rest[end..].starts_with(' ') {
            true => Some(end),
            false => rest[..end]
                .rfind(' ')
                .filter(|at| !rest[..*at].trim().is_empty()),
        };
        let blank = blank.or_else(|| rest[end..].find(' ').map(|at| end + at));
        let Some(blank) = blank else {
            parts.push(rest);
            return parts;
        };
        parts.push(rest[..blank].trim_end());
        rest = rest[blank..].trim_start();
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
    fn a_terminal_gets_values_wrapped_at_blanks() {
        let mut lines = Lines::default();
        lines.add(
            "summary",
            "transfers the terms of the nearest neighbours é é é",
        );
        lines.add("file", "/a/path/that/is/one/word/and/not/broken.so (60 kB)");
        insta::assert_snapshot!(lines.fitted(None), @r"
        summary  transfers the terms of the nearest neighbours é é é
        file     /a/path/that/is/one/word/and/not/broken.so (60 kB)
        ");
        insta::assert_snapshot!(lines.fitted(Some(40)), @r"
        summary  transfers the terms of the
                 nearest neighbours é é é
        file     /a/path/that/is/one/word/and/not/broken.so
                 (60 kB)
        ");
    }

    #[test]
    fn control_characters_in_a_path_are_escaped() {
        let path = Path::new("/a/b\n\u{1b}[2Jé.so");
        assert_eq!(display_path(path), "/a/b\\n\\u{1b}[2Jé.so");
        assert_eq!(relative_to(Path::new("/a"), path), "b\\n\\u{1b}[2Jé.so");
    }
}
