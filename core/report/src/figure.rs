//! Figures and tables of the page: charts with a legend, rows with a search, and the data of both to
//! save. It knows charts and data. It must not know runs.

use std::fmt::Write;

use serde_json::{Value, json};

use crate::{
    chart::Chart,
    data::{Cell, Data},
    text::{count, embedded_json, html, html_line, plural},
};

/// The largest number of rows of a table or figure in the page.
const MOST_ROWS: usize = 12_000;
/// The largest size of the rows of a table or figure in the page, in bytes.
const MOST_BYTES: usize = 900_000;
/// A table with at most this many rows is shown completely.
const WHOLE: usize = 50;
/// How many rows of a longer table the page shows without the script, and how many rows the script shows
/// at a time.
const SHOWN: usize = 20;

/// An entry of a legend.
pub struct Legend {
    /// The number of its colour.
    pub colour: usize,
    /// Whether its line is dashed.
    pub dashed: bool,
    /// Its name.
    pub label: String,
}

/// One or more charts with the same data.
pub struct Figure {
    /// The id, unique in the page and of the project; also the name of the saved file.
    pub id: &'static str,
    /// The heading.
    pub title: String,
    /// What it shows and how it was computed, as HTML of the project.
    pub caption: String,
    /// The names of its colours.
    pub legend: Vec<Legend>,
    /// The charts.
    pub charts: Vec<Chart>,
    /// Whether the charts are wide.
    pub wide: bool,
    /// Its data.
    pub data: Data,
}

impl Figure {
    /// The HTML.
    pub fn html(&self) -> String {
        let id = self.id;
        let mut out = format!(
            "<figure class=\"figure\" id=\"{id}\"><h3>{}</h3><p class=\"caption\">{}</p>",
            html_line(&self.title),
            self.caption
        );
        if !self.legend.is_empty() {
            out.push_str("<ul class=\"legend\">");
            for entry in &self.legend {
                let class = if entry.dashed { " dashed" } else { "" };
                let _ = write!(
                    out,
                    "<li><svg class=\"swatch\" viewBox=\"0 0 24 8\" aria-hidden=\"true\"><path d=\"M1 4H23\" class=\"line stroke-{}{class}\"/></svg>{}</li>",
                    entry.colour % crate::chart::COLOURS,
                    html_line(&entry.label)
                );
            }
            out.push_str("</ul>");
        }
        let wide = if self.wide { " wide" } else { "" };
        let _ = write!(out, "<div class=\"charts{wide}\">");
        for chart in &self.charts {
            // A wide drawing scrolls on a small screen, and must then be reachable by keyboard.
            let reachable = match self.wide && !chart.is_interactive() {
                true => format!(
                    " tabindex=\"0\" role=\"group\" aria-label=\"{}: drawing\"",
                    html_line(&self.title)
                ),
                false => String::new(),
            };
            let _ = write!(
                out,
                "<div class=\"chart-box\"{reachable}>{}</div>",
                chart.svg()
            );
        }
        out.push_str("</div>");
        if self.charts.iter().any(Chart::is_interactive) {
            out.push_str("<p class=\"readout\" aria-live=\"polite\"></p>");
        }
        out.push_str(
            "<p class=\"tools\" hidden><button type=\"button\" data-save=\"tsv\">Save data (TSV)</button> \
             <button type=\"button\" data-save=\"svg\">Save picture (SVG)</button></p>",
        );
        let (rows, kept) = self.data.json(MOST_ROWS, MOST_BYTES);
        out.push_str(&left_out(kept, self.data.rows.len(), "point"));
        let _ = write!(
            out,
            "<script type=\"application/json\" class=\"data\">{}</script></figure>",
            embedded_json(&rows)
        );
        out
    }
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Strings.
    Text,
    /// Numbers.
    Number,
}

/// A table with its rows.
pub struct Table {
    /// The id, unique in the page and of the project; also the name of the saved file.
    pub id: &'static str,
    /// The caption.
    pub caption: String,
    /// What it shows and how it was computed, as HTML of the project; may be empty.
    pub note: String,
    /// What the headings mean, by column; may be shorter than the columns.
    pub help: Vec<&'static str>,
    /// Its data.
    pub data: Data,
}

impl Table {
    /// A table without a note.
    pub fn new(id: &'static str, caption: impl Into<String>, data: Data) -> Self {
        Self {
            id,
            caption: caption.into(),
            note: String::new(),
            help: Vec::new(),
            data,
        }
    }

    /// Adds a note, HTML of the project.
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// Adds what the headings mean.
    pub fn with_help(mut self, help: impl Into<Vec<&'static str>>) -> Self {
        self.help = help.into();
        self
    }

    /// The HTML. The first column names the row.
    pub fn html(&self) -> String {
        let id = self.id;
        let kinds = self.kinds();
        let mut out = format!("<div class=\"table\" id=\"{id}\">");
        if !self.note.is_empty() {
            let _ = write!(out, "<p class=\"caption\">{}</p>", self.note);
        }
        let all = self.data.rows.len();
        out.push_str("<div class=\"tools\" hidden>");
        let is_paged = all > WHOLE;
        if is_paged {
            out.push_str(
                "<label>Search <input type=\"search\" autocomplete=\"off\" spellcheck=\"false\"></label> \
                 <span class=\"found\" aria-live=\"polite\"></span> ",
            );
        }
        out.push_str("<button type=\"button\" data-save=\"tsv\">Save as TSV</button></div>");
        let caption = html_line(&self.caption);
        let _ = write!(
            out,
            "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{caption}\"><table><caption>{caption}</caption><thead><tr>"
        );
        for (at, column) in self.data.columns.iter().enumerate() {
            let class = class(kinds[at]);
            let help = self.help.get(at).filter(|help| !help.is_empty());
            let title = help.map(|help| format!(" title=\"{}\"", html(help)));
            let _ = write!(
                out,
                "<th scope=\"col\"{class}{}>{}</th>",
                title.unwrap_or_default(),
                html_line(column)
            );
        }
        out.push_str("</tr></thead><tbody>");
        for row in self
            .data
            .rows
            .iter()
            .take(if is_paged { SHOWN } else { WHOLE })
        {
            out.push_str(&shown_row(row, &kinds));
        }
        out.push_str("</tbody></table></div>");
        let (mut rows, kept) = self.data.json(MOST_ROWS, MOST_BYTES);
        if is_paged {
            let _ = write!(
                out,
                "<p class=\"pages\"><noscript>The first {SHOWN} of {}.</noscript></p>",
                plural(all as u64, "row")
            );
        }
        out.push_str(&left_out(kept, all, "row"));
        let numeric = kinds.iter().map(|kind| *kind == Kind::Number);
        rows["numeric"] = numeric.map(Value::from).collect();
        rows["decimals"] = (0..kinds.len())
            .map(|at| json!(!self.is_counted(at)))
            .collect();
        let _ = write!(
            out,
            "<script type=\"application/json\" class=\"data\">{}</script></div>",
            embedded_json(&rows)
        );
        out
    }

    fn kinds(&self) -> Vec<Kind> {
        let kind = |at: usize| {
            let mut cells = self.data.rows.iter().map(|row| &row[at]);
            let has_text = cells.clone().any(|cell| matches!(cell, Cell::Text(_)));
            let has_number = cells.any(|cell| matches!(cell, Cell::Number(_) | Cell::Count(_)));
            if has_number && !has_text {
                Kind::Number
            } else {
                Kind::Text
            }
        };
        (0..self.data.columns.len()).map(kind).collect()
    }

    fn is_counted(&self, at: usize) -> bool {
        let mut cells = self.data.rows.iter().map(|row| &row[at]);
        cells.all(|cell| matches!(cell, Cell::Count(_) | Cell::Missing))
    }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::Number => " class=\"number\"",
        Kind::Text => "",
    }
}

fn shown_row(row: &[Cell], kinds: &[Kind]) -> String {
    let mut out = String::from("<tr>");
    for (at, cell) in row.iter().enumerate() {
        let class = class(kinds[at]);
        let text = cell.html();
        let _ = match at {
            0 => write!(out, "<th scope=\"row\"{class}>{text}</th>"),
            _ => write!(out, "<td{class}>{text}</td>"),
        };
    }
    out.push_str("</tr>");
    out
}

/// How many rows are not in the page, and where they are.
fn left_out(kept: usize, all: usize, unit: &str) -> String {
    if kept == all {
        return String::new();
    }
    format!(
        "<p class=\"note\">{} of {} left out, to keep the page small. <code>--tables DIR</code> writes all of them.</p>",
        count((all - kept) as u64),
        plural(all as u64, unit)
    )
}
