//! A plain table: columns in line, nothing drawn, so that it reads well in a terminal, a log and a pipe.

use std::{fmt, ops::RangeBounds};

use comfy_table::{CellAlignment, ContentArrangement, presets};

/// A width that reads well where there is no terminal to ask.
const WIDTH: u16 = 100;
/// Nothing reads well below this.
const NARROWEST: u16 = 40;

/// Rows below a heading.
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// A table with these headings. Columns whose place is in `numbers` stand to the right.
    pub fn new<T: Into<String>>(
        numbers: impl RangeBounds<usize>,
        headings: impl IntoIterator<Item = T>,
    ) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(headings.into_iter().map(Into::into));
        for (place, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if numbers.contains(&place) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Self(table)
    }

    /// Wraps long texts to this width.
    #[must_use]
    pub fn wrapped(mut self, width: u16) -> Self {
        self.0
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
        self
    }

    /// Adds a row.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.0.add_row(cells.into_iter().map(Into::into));
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.0.trim_fmt())
    }
}

/// How many characters fit beside one another on the terminal.
pub fn terminal_width() -> u16 {
    terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0.max(NARROWEST))
}
