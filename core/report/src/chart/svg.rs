//! The parts that all charts share: the drawing with its title and description, and axes.

use std::fmt::Write;

use super::scale::Axis;
use crate::text::{cut, html_line};

/// About the width of a character of a tick in pixels.
const CHARACTER: f64 = 7.5;

/// The rectangle of the data in pixels.
#[derive(Clone, Copy, Debug)]
pub struct Plot {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Plot {
    pub fn x(&self, axis: &Axis, value: f64) -> f64 {
        self.left + axis.place(value) * self.width
    }

    pub fn y(&self, axis: &Axis, value: f64) -> f64 {
        self.top + (1.0 - axis.place(value)) * self.height
    }

    pub fn bottom(&self) -> f64 {
        self.top + self.height
    }

    pub fn right(&self) -> f64 {
        self.left + self.width
    }
}

/// A drawing that a screen reader announces with its title and description. `attributes` are of the
/// project; everything else is escaped.
pub fn drawing(
    id: &str,
    (width, height): (f64, f64),
    (title, description): (&str, &str),
    attributes: &str,
    content: &str,
) -> String {
    let (title, description) = (
        html_line(&cut(title, 120)),
        html_line(&cut(description, 600)),
    );
    format!(
        "<svg id=\"{id}\" class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         role=\"img\" aria-labelledby=\"{id}-title {id}-text\" {attributes}>\
         <title id=\"{id}-title\">{title}</title><desc id=\"{id}-text\">{description}</desc>{content}</svg>"
    )
}

/// A text at a place. `class` is of the project.
pub fn label(x: f64, y: f64, class: &str, text: &str) -> String {
    format!(
        "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\">{}</text>",
        html_line(text)
    )
}

/// The lower axis with ticks, grid lines and its label.
pub fn x_axis(plot: Plot, axis: &Axis) -> String {
    let mut svg = String::new();
    let mut free_from = f64::NEG_INFINITY;
    for (value, text) in axis.ticks() {
        let x = plot.x(axis, value);
        let _ = write!(
            svg,
            "<path d=\"M{x:.1} {:.1}V{:.1}\" class=\"grid\"/>",
            plot.top,
            plot.bottom()
        );
        // Long labels would run into each other.
        let half = text.chars().count() as f64 * CHARACTER / 2.0;
        if x - half >= free_from {
            free_from = x + half + CHARACTER;
            svg.push_str(&label(x, plot.bottom() + 15.0, "tick middle", &text));
        }
    }
    let middle = plot.left + plot.width / 2.0;
    svg.push_str(&label(
        middle,
        plot.bottom() + 32.0,
        "axis middle",
        &axis.label,
    ));
    svg
}

/// The left axis with ticks, grid lines and its label.
pub fn y_axis(plot: Plot, axis: &Axis) -> String {
    let mut svg = String::new();
    for (value, text) in axis.ticks() {
        let y = plot.y(axis, value);
        let _ = write!(
            svg,
            "<path d=\"M{:.1} {y:.1}H{:.1}\" class=\"grid\"/>",
            plot.left,
            plot.right()
        );
        svg.push_str(&label(plot.left - 6.0, y + 4.0, "tick end", &text));
    }
    let middle = plot.top + plot.height / 2.0;
    let _ = write!(
        svg,
        "<text transform=\"translate(12 {middle:.1}) rotate(-90)\" class=\"axis middle\">{}</text>",
        html_line(&axis.label)
    );
    svg
}

/// The frame of the data.
pub fn frame(plot: Plot) -> String {
    format!(
        "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" class=\"frame\"/>",
        plot.left, plot.top, plot.width, plot.height
    )
}
