//! Parallel coordinates: one axis per setting, one line per trial.

use std::fmt::Write;

use super::svg::{drawing, label};
use crate::text::cut;

/// An axis of parallel coordinates.
#[derive(Clone, Debug)]
pub struct ParallelAxis {
    /// What it is of.
    pub label: String,
    /// Its ticks: where, from 0 (bottom) to 1 (top), and what is written there.
    pub ticks: Vec<(f64, String)>,
}

/// A line through all axes.
#[derive(Clone, Debug)]
pub struct ParallelLine {
    /// Where it crosses each axis, from 0 (bottom) to 1 (top). `None` where it has no value.
    pub places: Vec<Option<f64>>,
    /// Its rank among the lines from 0 (worst) to 1 (best), which decides the shade.
    pub rank: f64,
    /// Whether it is the best.
    pub best: bool,
    /// Its row in the data of the figure.
    pub row: usize,
}

/// A chart of parallel coordinates.
#[derive(Clone, Debug)]
pub struct ParallelChart {
    /// The id of the drawing, unique in the page and of the project.
    pub id: String,
    /// The title, which is drawn.
    pub title: String,
    /// What there is to see, for readers who do not see it.
    pub description: String,
    /// The axes, from the left.
    pub axes: Vec<ParallelAxis>,
    /// The lines, the first behind the others.
    pub lines: Vec<ParallelLine>,
}

impl ParallelChart {
    /// The drawing.
    pub fn svg(&self) -> String {
        let (width, height) = (760.0, 340.0);
        let (left, right, top, bottom) = (96.0, 60.0, 52.0, 320.0);
        let gaps = self.axes.len().saturating_sub(1).max(1) as f64;
        let x = |axis: usize| left + (width - left - right) * axis as f64 / gaps;
        let y = |place: f64| bottom - (bottom - top) * place;
        let mut svg = label(0.0, 16.0, "panel-title", &self.title);
        for line in &self.lines {
            let mut path = String::new();
            let mut points = Vec::new();
            let mut before = false;
            for (axis, place) in line.places.iter().enumerate() {
                let Some(place) = place else {
                    before = false;
                    continue;
                };
                let command = if before { 'L' } else { 'M' };
                let (x, y) = (x(axis), y(*place));
                let _ = write!(path, "{command}{x:.1} {y:.1}");
                points.push(format!("{x:.1},{y:.1}"));
                before = true;
            }
            let shade = ((line.rank * 5.0) as usize).min(4);
            let class = if line.best { " best" } else { "" };
            let _ = write!(
                svg,
                "<path d=\"{path}\" class=\"trial shade-{shade}{class}\" data-row=\"{}\" data-points=\"{}\" data-same=\"\"/>",
                line.row,
                points.join(" ")
            );
        }
        for (at, axis) in self.axes.iter().enumerate() {
            let x = x(at);
            let _ = write!(
                svg,
                "<path d=\"M{x:.1} {top}V{bottom}\" class=\"axis-line\"/>"
            );
            svg.push_str(&label(x, top - 14.0, "axis middle", &cut(&axis.label, 18)));
            for (place, text) in &axis.ticks {
                let text = cut(text, 12);
                // On the first axis, the lines are on the right side of it.
                let (x, side) = match at {
                    0 => (x - 6.0, "tick halo end"),
                    _ => (x + 6.0, "tick halo"),
                };
                svg.push_str(&label(x, y(*place) + 4.0, side, &text));
            }
        }
        drawing(
            &self.id,
            (width, height),
            (&self.title, &self.description),
            "tabindex=\"0\" data-interactive=\"\"",
            &svg,
        )
    }
}
