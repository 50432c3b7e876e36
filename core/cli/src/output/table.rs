//! Plain tables: aligned columns without borders, for terminals, logs and pipes.

use std::{fmt, ops::RangeBounds};

use comfy_table::{CellAlignment, ContentArrangement, presets};
use protea_core::text::escape_line;

/// The width if standard output is not a terminal.
const DEFAULT_WIDTH: u16 = 100;
/// Narrower tables are not readable.
const MIN_WIDTH: u16 = 40;

/// A heading and rows.
#[derive(Debug)]
pub struct Table(comfy_table::Table);

impl Table {
    /// A table with these headings. Columns whose index is in `numbers` are right-aligned.
    pub fn new<T: Into<String>>(
        numbers: impl RangeBounds<usize>,
        headings: impl IntoIterator<Item = T>,
    ) -> Self {
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(headings.into_iter().map(|text| one_line(text.into())));
        for (place, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, 2));
            if numbers.contains(&place) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Self(table)
    }

    /// Wraps long cells to make the table this wide.
    #[must_use]
    pub fn wrapped(mut self, width: u16) -> Self {
        self.0
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width);
        self
    }

    /// Adds a row.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.0
            .add_row(cells.into_iter().map(|text| one_line(text.into())));
    }
}

/// A line break would look like another row.
fn one_line(cell: String) -> String {
    escape_line(&cell.replace('\n', " ")).into_owned()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.0.trim_fmt())
    }
}

/// The width of the terminal in characters.
pub fn terminal_width() -> u16 {
    terminal_size::terminal_size().map_or(DEFAULT_WIDTH, |(width, _)| width.0.max(MIN_WIDTH))
}
