//! Tables with a header, separated by tabs, as protea writes them beside a run.

use std::path::Path;

use protea_files::Links;

/// The largest table in bytes.
const LARGEST: u64 = 32 << 20;

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TextTable {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// Reads a table. Rows with another number of cells than the header are dropped and counted.
    ///
    /// # Errors
    ///
    /// Why it cannot be read.
    pub fn read(path: &Path) -> Result<(Self, usize), String> {
        let text = protea_files::read_text(path, Links::Refuse, LARGEST)
            .map_err(|error| error.reason())?;
        Ok(Self::parse(&text))
    }

    fn parse(text: &str) -> (Self, usize) {
        let split = |line: &str| line.split('\t').map(str::to_owned).collect::<Vec<_>>();
        let mut lines = text.lines();
        let columns = lines.next().map(split).unwrap_or_default();
        let all: Vec<Vec<String>> = lines.map(split).collect();
        let before = all.len();
        let rows: Vec<_> = all
            .into_iter()
            .filter(|row| row.len() == columns.len())
            .collect();
        let dropped = before - rows.len();
        (Self { columns, rows }, dropped)
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|cells| Row { table: self, cells })
    }
}

/// A row of a table.
#[derive(Clone, Copy)]
pub struct Row<'t> {
    table: &'t TextTable,
    cells: &'t [String],
}

impl<'t> Row<'t> {
    /// The cell of a column; empty if there is no such column.
    pub fn text(&self, column: &str) -> &'t str {
        let at = self.table.columns.iter().position(|name| name == column);
        at.map_or("", |at| self.cells[at].as_str())
    }

    /// The number in a column. `None` if it is empty or not a number.
    pub fn number(&self, column: &str) -> Option<f64> {
        self.text(column).parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_another_length_are_counted() {
        let (table, dropped) = TextTable::parse("a\tb\n1\tx\n2\n3\t\n");
        assert_eq!(dropped, 1);
        let numbers: Vec<_> = table.rows().map(|row| row.number("a")).collect();
        assert_eq!(numbers, [Some(1.0), Some(3.0)]);
        assert_eq!(table.rows().next().map(|row| row.text("c")), Some(""));
    }
}
