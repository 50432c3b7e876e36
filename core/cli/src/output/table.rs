//! Plain tables: aligned columns without borders, for terminals, logs and pipes.
//!
//! In a pipe or a file, every row is one line. In a terminal, a table that is wider than the window
//! is fitted to it: columns of prose are wrapped at words, and if that does not suffice, the columns
//! are printed in several blocks, each with the first column. A name is never broken.

use std::{fmt, ops::RangeBounds, sync::OnceLock};

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Width, presets};
use protea_core::text::escape_line;

use super::terminal::stdout_width;

/// Narrower tables are not readable.
const MIN_WIDTH: u16 = 40;
/// A column of prose is not made narrower than this.
const MIN_PROSE: usize = 16;
/// Blanks between two columns.
const GAP: usize = 2;

/// The width of the terminal on standard output; `None` for pipes and files.
static WIDTH: OnceLock<Option<u16>> = OnceLock::new();

/// Fits the tables of this process to the terminal on standard output, if there is one.
pub fn fit_to_terminal() {
    let _ = WIDTH.set(stdout_width().map(|width| width.max(MIN_WIDTH)));
}

/// The width of the terminal on standard output in characters; `None` for pipes and files, and until
/// [`fit_to_terminal`] was called.
pub fn terminal_width() -> Option<u16> {
    WIDTH.get().copied().flatten()
}

/// A heading and rows.
#[derive(Debug)]
pub struct Table {
    headings: Vec<String>,
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings. Columns whose index is in `numbers` are right-aligned, as are
    /// those that have nothing but numbers.
    pub fn new<T: Into<String>>(
        numbers: impl RangeBounds<usize>,
        headings: impl IntoIterator<Item = T>,
    ) -> Self {
        let headings: Vec<String> = headings
            .into_iter()
            .map(|text| one_line(text.into()))
            .collect();
        Self {
            right: (0..headings.len())
                .map(|at| numbers.contains(&at))
                .collect(),
            headings,
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        let cells = cells.into_iter().map(|text| one_line(text.into()));
        self.rows.push(cells.collect());
    }

    /// Whether the table fits a terminal of this width without being changed.
    pub fn fits(&self, width: u16) -> bool {
        let widths: Vec<usize> = (0..self.headings.len()).map(|at| self.width(at)).collect();
        total(&widths) <= usize::from(width)
    }

    /// The table for a terminal of this width, or for a pipe.
    pub fn fitted(&self, width: Option<u16>) -> String {
        let all: Vec<usize> = (0..self.headings.len()).collect();
        let Some(width) = width.map(usize::from) else {
            return self.block(&all, &[]);
        };
        let natural: Vec<usize> = all.iter().map(|&at| self.width(at)).collect();
        if total(&natural) <= width {
            return self.block(&all, &[]);
        }
        let wrapped = self.wrapped(&natural, width);
        if total(&wrapped) <= width {
            return self.block(&all, &wrapped);
        }
        let blocks = blocks(&wrapped, width);
        let texts: Vec<String> = blocks
            .iter()
            .map(|columns| {
                let natural: Vec<usize> = columns.iter().map(|&at| natural[at]).collect();
                let part = Self {
                    headings: columns
                        .iter()
                        .map(|&at| self.headings[at].clone())
                        .collect(),
                    right: columns.iter().map(|&at| self.right[at]).collect(),
                    rows: self.rows.iter().map(|row| cells(row, columns)).collect(),
                };
                let widths = part.wrapped(&natural, width);
                part.block(&(0..columns.len()).collect::<Vec<_>>(), &widths)
            })
            .collect();
        texts.join("\n")
    }

    /// The widths with columns of prose narrowed, as far as necessary and at most to the longest
    /// word.
    fn wrapped(&self, natural: &[usize], width: usize) -> Vec<usize> {
        let mut widths = natural.to_vec();
        let least: Vec<usize> = (0..widths.len())
            .map(|at| {
                if self.is_prose(at) {
                    self.longest_word(at).max(MIN_PROSE).min(natural[at])
                } else {
                    natural[at]
                }
            })
            .collect();
        while total(&widths) > width {
            // The widest column that can still give something.
            let widest = (0..widths.len())
                .filter(|&at| widths[at] > least[at])
                .max_by_key(|&at| widths[at]);
            let Some(widest) = widest else { break };
            widths[widest] -= 1;
        }
        widths
    }

    fn is_right(&self, at: usize) -> bool {
        let mut cells = self.rows.iter().filter_map(|row| row.get(at));
        self.right[at]
            || cells.clone().any(|cell| is_number(cell))
                && cells.all(|cell| is_number(cell) || matches!(cell.as_str(), "" | "-"))
    }

    fn texts(&self, at: usize) -> impl Iterator<Item = &str> {
        let cells = self.rows.iter().filter_map(move |row| row.get(at));
        cells.chain([&self.headings[at]]).map(String::as_str)
    }

    fn width(&self, at: usize) -> usize {
        self.texts(at).map(chars).max().unwrap_or(0)
    }

    fn longest_word(&self, at: usize) -> usize {
        let words = self.texts(at).flat_map(str::split_whitespace);
        words.map(chars).max().unwrap_or(0)
    }

    /// Whether a column may be wrapped. The first one has names, which may be indented.
    fn is_prose(&self, at: usize) -> bool {
        at > 0 && !self.is_right(at) && self.texts(at).any(|text| text.trim_start().contains(' '))
    }

    /// Some columns, each as wide as its content or, where `widths` is not empty, as that says.
    fn block(&self, columns: &[usize], widths: &[usize]) -> String {
        let mut table = comfy_table::Table::new();
        table
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Disabled)
            .set_header(cells(&self.headings, columns));
        if !widths.is_empty() {
            table
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(u16::MAX);
        }
        for row in &self.rows {
            table.add_row(cells(row, columns));
        }
        for (place, column) in table.column_iter_mut().enumerate() {
            column.set_padding((0, GAP as u16));
            if self.is_right(columns[place]) {
                column.set_cell_alignment(CellAlignment::Right);
            }
            if let Some(&width) = widths.get(place) {
                let width = u16::try_from(width + GAP).unwrap_or(u16::MAX);
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
            }
        }
        format!("{}\n", table.trim_fmt())
    }
}

/// A line break would look like another row.
fn one_line(cell: String) -> String {
    escape_line(&cell.replace('\n', " ")).into_owned()
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fitted(terminal_width()))
    }
}

fn cells(row: &[String], columns: &[usize]) -> Vec<String> {
    let cell = |&at: &usize| row.get(at).cloned().unwrap_or_default();
    columns.iter().map(cell).collect()
}

/// Whether a cell is a number, which may have thousands separators, an error and a mark.
fn is_number(cell: &str) -> bool {
    let cell = cell.trim_end_matches(['*', '%']);
    let mut parts = cell.split('±');
    parts.all(|part| {
        let part = part.replace(',', "");
        let is_plain =
            part.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.'));
        is_plain && part.parse::<f64>().is_ok()
    })
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// The columns of each block: the first one, then as many others as fit, at least one.
fn blocks(widths: &[usize], width: usize) -> Vec<Vec<usize>> {
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    for at in 1..widths.len() {
        if let Some(block) = blocks.last_mut() {
            let wider: Vec<usize> = block.iter().chain([&at]).map(|&at| widths[at]).collect();
            if total(&wider) <= width {
                block.push(at);
                continue;
            }
        }
        blocks.push(vec![0, at]);
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(2..3, ["name", "summary", "score", "file"]);
        table.row([
            "embedding_similarity",
            "predicts the terms of the nearest neighbours",
            "0.512",
            "/a/long/path/to/a/library.so",
        ]);
        table
    }

    #[test]
    fn a_column_of_numbers_is_aligned_at_the_right() {
        let mut table = Table::new(0..0, ["trial", "k", "version", "score", "list"]);
        table.row(["0", "10", "1.2", "-", "[1]"]);
        table.row(["1", "1,000", "1.2.3", "0.625±0.013*", "2"]);
        insta::assert_snapshot!(table.fitted(None), @r"
        trial      k  version         score  list
            0     10  1.2                 -  [1]
            1  1,000  1.2.3    0.625±0.013*  2
        ");
    }

    #[test]
    fn a_pipe_gets_one_line_for_each_row() {
        assert_eq!(table().fitted(None).lines().count(), 2);
    }

    #[test]
    fn a_terminal_gets_prose_wrapped_at_words_and_then_blocks() {
        insta::assert_snapshot!(table().fitted(Some(80)), @r"
        name                  summary                score  file
        embedding_similarity  predicts the terms of  0.512  /a/long/path/to/a/library.so
                              the nearest
                              neighbours
        ");
        insta::assert_snapshot!(table().fitted(Some(50)), @r"
        name                  summary                score
        embedding_similarity  predicts the terms of  0.512
                              the nearest
                              neighbours

        name                  file
        embedding_similarity  /a/long/path/to/a/library.so
        ");
        for width in [40, 50, 60, 80, 100, 120] {
            let text = table().fitted(Some(width));
            let widest = text.lines().map(chars).max().unwrap_or(0);
            assert!(widest <= usize::from(width).max(50), "{width}: {text}");
            assert!(text.contains("embedding_similarity"), "{text}");
        }
    }
}
