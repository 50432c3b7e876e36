//! Values with their confidence intervals, one below the other.

use std::fmt::Write;

use super::{
    COLOURS,
    scale::Axis,
    svg::{Plot, drawing, label, x_axis},
};
use crate::text::cut;

/// The height of a row in pixels.
const ROW: f64 = 26.0;

/// A value with its interval.
#[derive(Clone, Debug)]
pub struct IntervalRow {
    /// What it is of.
    pub label: String,
    /// The number of its colour.
    pub colour: usize,
    /// The value.
    pub value: f64,
    /// The ends of the interval, if it has one.
    pub interval: Option<[f64; 2]>,
}

/// A chart of values with intervals.
#[derive(Clone, Debug)]
pub struct IntervalChart {
    /// The id of the drawing, unique in the page and of the project.
    pub id: String,
    /// The title, which is drawn.
    pub title: String,
    /// What there is to see, for readers who do not see it.
    pub description: String,
    /// The axis of the values.
    pub x: Axis,
    /// The rows, from the top.
    pub rows: Vec<IntervalRow>,
}

impl IntervalChart {
    /// The drawing.
    pub fn svg(&self) -> String {
        let rows = self.rows.len() as f64;
        let plot = Plot {
            left: 112.0,
            top: 26.0,
            width: 210.0,
            height: rows * ROW + 6.0,
        };
        let mut svg = label(0.0, 16.0, "panel-title", &self.title);
        svg.push_str(&x_axis(plot, &self.x));
        for (at, row) in self.rows.iter().enumerate() {
            let y = plot.top + 3.0 + (at as f64 + 0.5) * ROW;
            let colour = row.colour % COLOURS;
            svg.push_str(&label(
                plot.left - 8.0,
                y + 4.0,
                "tick end",
                &cut(&row.label, 16),
            ));
            if let Some([low, high]) = row.interval {
                let (low, high) = (plot.x(&self.x, low), plot.x(&self.x, high));
                let (top, bottom) = (y - 5.0, y + 5.0);
                let _ = write!(
                    svg,
                    "<path d=\"M{low:.1} {top:.1}V{bottom:.1}M{low:.1} {y:.1}H{high:.1}M{high:.1} {top:.1}V{bottom:.1}\" \
                     class=\"line stroke-{colour}\"/>"
                );
            }
            let x = plot.x(&self.x, row.value);
            let _ = write!(
                svg,
                "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\" class=\"fill-{colour}\"/>"
            );
            svg.push_str(&label(
                plot.right() + 8.0,
                y + 4.0,
                "value",
                &crate::text::number(row.value),
            ));
        }
        let size = (372.0, plot.bottom() + 40.0);
        drawing(&self.id, size, (&self.title, &self.description), "", &svg)
    }
}
