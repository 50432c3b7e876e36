//! The only place where the command writes to standard output and standard error.
//!
//! Everything is escaped here, also for pipes and files: texts of runners, files and servers can
//! control a terminal. Styles are added after that. A test (`tests/architecture`) keeps other modules
//! from writing on their own.

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use protea_core::text::{escape_json, escape_line, escape_lines};

/// The style of the word `error`.
pub const ERROR: Style = AnsiColor::Red.on_default().bold();

/// What goes to standard output.
#[derive(Debug, Clone, Copy)]
pub enum Content<'t> {
    /// Lines of text.
    Text(&'t str),
    /// A JSON document.
    Json(&'t str),
    /// Lines of text that begin with a word in a style.
    Marked(Style, &'t str, &'t str),
}

/// Writes to standard output. A closed pipe, as in `protea … | head`, is not an error; then this
/// returns false.
pub fn print(content: Content<'_>) -> io::Result<bool> {
    let text = match content {
        Content::Text(text) => escape_lines(text),
        Content::Json(json) => escape_json(json),
        Content::Marked(style, mark, text) => {
            let (mark, text) = (escape_line(mark), escape_lines(text));
            format!("{style}{mark}{style:#}{text}").into()
        }
    };
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error),
    }
}

/// Standard output as a writer of lines, for tables too long to be held in memory. Each `write` is of
/// whole characters.
pub struct StandardOutput;

impl Write for StandardOutput {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        io::stdout().write_all(escape_lines(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush()
    }
}

/// Writes text and a line break to standard error. Errors are ignored: a closed pipe must not end a
/// run.
pub fn print_error_line(text: &str) {
    let _ = writeln!(anstream::stderr(), "{}", indented(text));
}

/// As [`print_error_line`], after a label such as `warning` in a style.
pub fn print_labelled(style: Style, label: &str, text: &str) {
    let text = indented(text);
    let _ = writeln!(anstream::stderr(), "{style}{label}{style:#}: {text}");
}

/// Writes lines of text to standard error as they are, without a label.
pub fn print_error_lines(text: &str) -> io::Result<()> {
    io::stderr().write_all(escape_lines(text).as_bytes())
}

/// The text with all lines but the first indented: the name of a file or the text of a runner cannot
/// look like a separate message.
fn indented(text: &str) -> String {
    escape_lines(text.trim_end()).replace('\n', "\n  ")
}

/// The width in characters of the terminal on standard output, if that is one.
pub fn stdout_width() -> Option<u16> {
    let size = terminal_size::terminal_size_of(io::stdout());
    size.map(|(width, _)| width.0)
}

/// The width in characters of the terminal on standard error, if that is one.
pub fn stderr_width() -> Option<u16> {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map(|(width, _)| width.0)
}

/// Whether standard error is a terminal.
pub fn stderr_is_terminal() -> bool {
    io::stderr().is_terminal()
}

/// Standard error as a writer, for diagnostics of the libraries.
pub struct Diagnostics;

impl Write for Diagnostics {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        io::stderr().write_all(escape_lines(&text).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
