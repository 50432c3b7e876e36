//! The values behind a table or a figure: what the page saves as TSV.

use protea_core::text::escape_line;
use serde_json::{Value, json};

use crate::text::{LONGEST, count, cut, html_line, number};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// A string.
    Text(String),
    /// A whole number.
    Count(u64),
    /// A number; shown with three decimals.
    Number(f64),
    /// No value.
    Missing,
}

impl Cell {
    /// A number, if there is one.
    pub fn optional(value: Option<f64>) -> Self {
        value.map_or(Self::Missing, Self::Number)
    }

    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// As the page shows it, in HTML.
    pub fn html(&self) -> String {
        match self {
            Self::Text(text) => html_line(&cut(text, LONGEST)),
            Self::Count(value) => count(*value),
            Self::Number(value) => number(*value),
            Self::Missing => "–".to_owned(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => json!(escape_line(&cut(text, LONGEST))),
            Self::Count(value) => json!(value),
            Self::Number(value) if value.is_finite() => json!(value),
            Self::Number(_) | Self::Missing => Value::Null,
        }
    }

    fn tsv(&self) -> String {
        match self {
            Self::Text(text) => escape_line(text).into_owned(),
            Self::Count(value) => value.to_string(),
            Self::Number(value) if value.is_finite() => value.to_string(),
            Self::Number(_) | Self::Missing => String::new(),
        }
    }
}

/// Named columns and rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Data {
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a cell per column.
    pub rows: Vec<Vec<Cell>>,
}

impl Data {
    /// Without rows.
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self {
            columns: columns.map(str::to_owned).to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn push(&mut self, row: impl Into<Vec<Cell>>) {
        let row = row.into();
        debug_assert_eq!(row.len(), self.columns.len());
        self.rows.push(row);
    }

    /// As tab-separated values with all digits and a header.
    pub fn tsv(&self) -> String {
        let columns: Vec<_> = self.columns.iter().map(|name| escape_line(name)).collect();
        let mut text = columns.join("\t");
        text.push('\n');
        for row in &self.rows {
            let cells: Vec<String> = row.iter().map(Cell::tsv).collect();
            text.push_str(&cells.join("\t"));
            text.push('\n');
        }
        text
    }

    /// The first rows as JSON, at most `rows` and about `bytes` of them, and how many there are.
    pub fn json(&self, rows: usize, bytes: usize) -> (Value, usize) {
        let (mut kept, mut size) = (Vec::new(), 0);
        for row in self.rows.iter().take(rows) {
            let row: Vec<Value> = row.iter().map(Cell::json).collect();
            let row = Value::Array(row);
            size += row.to_string().len();
            if size > bytes {
                break;
            }
            kept.push(row);
        }
        let count = kept.len();
        let columns = self.columns.iter();
        let columns = columns.map(|name| escape_line(&cut(name, LONGEST)).into_owned());
        let columns: Vec<String> = columns.collect();
        (json!({ "columns": columns, "rows": kept }), count)
    }
}
