//! Horizontal bars of one or more segments.

use std::fmt::Write;

use super::{
    COLOURS,
    scale::Axis,
    svg::{Plot, drawing, label, x_axis},
};
use crate::text::cut;

/// The height of a row in pixels.
const ROW: f64 = 26.0;

/// A part of a bar.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Where it starts.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// The number of its colour.
    pub colour: usize,
}

/// A bar.
#[derive(Clone, Debug)]
pub struct BarRow {
    /// What it is of.
    pub label: String,
    /// Its parts.
    pub segments: Vec<Segment>,
    /// What is written behind it.
    pub value: String,
}

/// A chart of horizontal bars.
#[derive(Clone, Debug)]
pub struct BarChart {
    /// The id of the drawing, unique in the page and of the project.
    pub id: String,
    /// The title, which is drawn.
    pub title: String,
    /// What there is to see, for readers who do not see it.
    pub description: String,
    /// The axis of the bars.
    pub x: Axis,
    /// The bars, from the top.
    pub rows: Vec<BarRow>,
    /// Whether it is twice as wide.
    pub wide: bool,
}

impl BarChart {
    /// The drawing.
    pub fn svg(&self) -> String {
        let width = if self.wide { 720.0 } else { 380.0 };
        let left = if self.wide { 150.0 } else { 112.0 };
        let behind = if self.wide { 150.0 } else { 84.0 };
        let plot = Plot {
            left,
            top: 26.0,
            width: width - left - behind,
            height: self.rows.len() as f64 * ROW + 6.0,
        };
        let mut svg = label(0.0, 16.0, "panel-title", &self.title);
        svg.push_str(&x_axis(plot, &self.x));
        for (at, row) in self.rows.iter().enumerate() {
            let y = plot.top + 3.0 + (at as f64 + 0.5) * ROW;
            let most = if self.wide { 22 } else { 16 };
            let name = cut(&row.label, most);
            svg.push_str(&label(plot.left - 8.0, y + 4.0, "tick end", &name));
            for segment in &row.segments {
                let from = plot.x(&self.x, segment.from);
                let width = (plot.x(&self.x, segment.to) - from).max(0.0);
                let (top, colour) = (y - 8.0, segment.colour % COLOURS);
                let _ = write!(
                    svg,
                    "<rect x=\"{from:.1}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"16\" class=\"fill-{colour}\"/>"
                );
            }
            svg.push_str(&label(plot.right() + 6.0, y + 4.0, "value", &row.value));
        }
        let size = (width, plot.bottom() + 40.0);
        drawing(&self.id, size, (&self.title, &self.description), "", &svg)
    }
}
