//! Reads embeddings from a table of text, such as CSV or TSV: a row per protein with its name and
//! its numbers.

mod columns;
mod row;

use std::{
    fs::File,
    io::{Seek, SeekFrom},
    path::Path,
};

use protea_hdf5::MatrixType;

use super::{FormatError, OpenOptions, Opened, Rows, checked_shape, scratch::ScratchRows};
use crate::{
    error::excerpt,
    lines::Lines,
    recognize::{Content, recognize},
};
use columns::{Columns, Values};
use row::Separator;

/// Bytes of a file that decide whether it is text.
const START: usize = 4 << 10;

/// Whether the first bytes of a file are text in UTF-8.
pub(super) fn is_text(start: &[u8]) -> bool {
    let start = &start[..start.len().min(START)];
    let text = match std::str::from_utf8(start) {
        Ok(text) => text,
        // The last character may be cut.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&start[..error.valid_up_to()]).unwrap_or_default()
        }
        Err(_) => return false,
    };
    !text.is_empty()
        && text
            .chars()
            .all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'))
}

/// Opens a table and finds the embeddings in it.
pub(super) fn open(mut file: File, options: &OpenOptions<'_>) -> Result<Opened, FormatError> {
    let path = options.path;
    file.seek(SeekFrom::Start(0))
        .map_err(FormatError::unreadable(path))?;
    let mut lines = Lines::from_file(path, file)?;
    let mut start = Vec::new();
    while start.len() < 2 && lines.advance()? {
        let line = lines.text()?;
        let is_comment = start.is_empty() && line.starts_with('#');
        if !line.trim().is_empty() && !is_comment {
            if row::is_unclosed(line) {
                return Err(lines.malformed(
                    "a field in quotation marks goes on in the next line, as NumPy prints an array",
                    "write lists of numbers, such as array.tolist(), or one column per number",
                ));
            }
            start.push((lines.number(), line.to_owned()));
        }
    }
    let Some((_, first)) = start.first() else {
        return Err(FormatError::Empty {
            path: path.to_owned(),
            expected: "row of embeddings",
        });
    };
    let content = recognize(&text_of(&start)).content;
    if matches!(content, Content::Json | Content::OboGraphs) {
        return Err(FormatError::matrix(
            path,
            "this is a JSON document, not a table of embeddings",
            "save a table or an array: numpy.savez('embeddings.npz', ids=list(d), \
             vectors=numpy.array(list(d.values()), dtype='float32'))",
        ));
    }
    let separator = Separator::detect(first);
    let sample: Vec<Vec<String>> = start.iter().map(|(_, l)| separator.split(l)).collect();
    let columns = Columns::find(&sample, separator, options)?.ok_or_else(|| {
        FormatError::matrix(
            path,
            format!(
                "this is text, but not a table of embeddings: it is {}, and starts with {}",
                content.description(),
                excerpt(first.as_bytes())
            ),
            "give a row per protein: its name and its numbers, separated by commas or tabs (CSV, \
             TSV)",
        )
    })?;
    let mut table = Table {
        path,
        separator,
        rows: ScratchRows::create(path, options.scratch)?,
        names: Vec::new(),
        count: 0,
        width: None,
        numbers: Vec::new(),
        columns,
    };
    let skipped = usize::from(table.columns.has_header);
    for (number, line) in start.iter().skip(skipped) {
        table.add(line, *number)?;
    }
    while lines.advance()? {
        let number = lines.number();
        table.add(lines.text()?, number)?;
    }
    table.finish()
}

/// The first lines again, to recognise them.
fn text_of(lines: &[(u64, String)]) -> Vec<u8> {
    let lines: Vec<&str> = lines.iter().map(|(_, line)| line.as_str()).collect();
    lines.join("\n").into_bytes()
}

/// The rows that were read so far.
struct Table<'p> {
    path: &'p Path,
    separator: Separator,
    columns: Columns,
    rows: ScratchRows,
    names: Vec<String>,
    count: usize,
    /// Number of values in the first row.
    width: Option<usize>,
    /// The numbers of the current row.
    numbers: Vec<u8>,
}

impl Table<'_> {
    fn add(&mut self, line: &str, number: u64) -> Result<(), FormatError> {
        if line.trim().is_empty() {
            return Ok(());
        }
        let malformed =
            |problem: String, remedy| FormatError::malformed(self.path, number, problem, remedy);
        let fields = self.separator.split(line);
        if fields.len() != self.columns.count {
            return Err(malformed(
                format!(
                    "the row has {} columns, but the first has {}",
                    fields.len(),
                    self.columns.count
                ),
                "give every row the same columns",
            ));
        }
        self.numbers.clear();
        let mut width = 0;
        let mut push = |text: &str| {
            width += 1;
            let value = row::number(text).map_err(|problem| {
                malformed(
                    format!("{} {problem}", excerpt(text.as_bytes())),
                    "give numbers with a decimal point, also for missing values",
                )
            })?;
            self.numbers.extend_from_slice(&value.to_le_bytes());
            Ok(())
        };
        match &self.columns.values {
            Values::Columns(columns) => {
                for &column in columns {
                    push(&fields[column])?;
                }
            }
            Values::List(column) => {
                for text in row::list(&fields[*column]) {
                    push(text)?;
                }
            }
        }
        let expected = *self.width.get_or_insert(width);
        if width != expected {
            return Err(malformed(
                format!("the row has {width} numbers, but the first has {expected}"),
                "give embeddings of one width; NumPy shortens long arrays with '…' when it prints \
                 them",
            ));
        }
        checked_shape(self.path, 1, width as u64)?;
        if let Some(column) = self.columns.ids {
            self.names.push(fields[column].trim().to_owned());
        }
        self.count += 1;
        self.rows
            .push(&self.numbers)
            .map_err(FormatError::unreadable(self.path))
    }

    fn finish(self) -> Result<Opened, FormatError> {
        let shape = checked_shape(self.path, self.count as u64, self.width.unwrap_or(0) as u64)?;
        Ok(Opened::new(
            Rows::Matrix(self.rows.finish(self.path, shape, MatrixType::F32)?),
            self.columns.ids.map(|_| self.names),
        ))
    }
}
