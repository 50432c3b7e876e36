//! Draws a chart into a rectangle.

use super::{
    font::{Anchor, Font},
    picture::{Part, Shape, Stroke, circle, lines},
    style::{COLOURS, FRAME, GUIDE, GUIDE_TEXT, INK},
};
use crate::{
    chart::{Axis, Chart, IntervalChart, LineChart, Style},
    text::{cut, number},
};

/// The width of thin lines in points.
pub const THIN: f64 = 0.5;
/// The width of the lines of data in points.
pub const THICK: f64 = 1.1;

/// A picture that is being drawn.
pub struct Sheet {
    pub font: Font,
    /// The size of the text in points.
    pub size: f64,
    pub shapes: Vec<Shape>,
}

/// A rectangle in points.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    pub left: f64,
    pub top: f64,
    pub width: f64,
    pub height: f64,
}

impl Area {
    pub fn right(self) -> f64 {
        self.left + self.width
    }

    pub fn bottom(self) -> f64 {
        self.top + self.height
    }

    fn place(self, x: &Axis, y: &Axis, [px, py]: [f64; 2]) -> [f64; 2] {
        [
            self.left + x.place(px) * self.width,
            self.top + (1.0 - y.place(py)) * self.height,
        ]
    }
}

impl Sheet {
    pub fn new(size: f64) -> Self {
        Self {
            font: Font::new(size),
            size,
            shapes: Vec::new(),
        }
    }

    pub fn text(&mut self, text: &str, at: [f64; 2], anchor: Anchor, colour: [u8; 3]) {
        let parts = self.font.outlines(text, at, anchor, false);
        self.filled(parts, colour);
    }

    fn text_up(&mut self, text: &str, at: [f64; 2]) {
        let parts = self.font.outlines(text, at, Anchor::Middle, true);
        self.filled(parts, INK);
    }

    pub fn filled(&mut self, parts: Vec<Part>, colour: [u8; 3]) {
        if !parts.is_empty() {
            self.shapes.push(Shape {
                parts,
                fill: Some(colour),
                stroke: None,
            });
        }
    }

    /// A filled area with straight edges.
    pub fn area(&mut self, corners: &[[f64; 2]], colour: [u8; 3]) {
        self.filled(lines(corners), colour);
    }

    pub fn line(
        &mut self,
        points: &[[f64; 2]],
        colour: [u8; 3],
        width: f64,
        dash: Option<[f64; 2]>,
    ) {
        if points.len() > 1 {
            self.shapes.push(Shape {
                parts: lines(points),
                fill: None,
                stroke: Some(Stroke {
                    colour,
                    width,
                    dash,
                }),
            });
        }
    }

    /// A sample of a series for a legend, from `x` on.
    pub fn sample(&mut self, [x, y]: [f64; 2], width: f64, colour: usize, is_dashed: bool) {
        let dash = is_dashed.then_some([3.0, 2.0]);
        let colour = COLOURS[colour % COLOURS.len()];
        self.line(&[[x, y], [x + width, y]], colour, THICK, dash);
    }

    /// Draws a chart.
    pub fn chart(&mut self, chart: &Chart, area: Area) {
        match chart {
            Chart::Lines(chart) => self.line_chart(chart, area),
            Chart::Intervals(chart) => self.interval_chart(chart, area),
            Chart::Bars(chart) => self.bar_chart(chart, area),
            Chart::Parallel(chart) => self.parallel_chart(chart, area),
        }
    }

    pub fn title(&mut self, title: &str, area: Area) {
        let most = (area.width / (self.size * 0.5)).max(4.0) as usize;
        self.text(
            &cut(title, most),
            [area.left, area.top - self.size * 0.6],
            Anchor::Start,
            INK,
        );
    }

    pub fn lower_axis(&mut self, axis: &Axis, area: Area) {
        let size = self.size;
        let mut free_from = f64::NEG_INFINITY;
        for (value, text) in axis.ticks() {
            let x = area.left + axis.place(value) * area.width;
            self.line(
                &[[x, area.bottom()], [x, area.bottom() + size * 0.3]],
                FRAME,
                THIN,
                None,
            );
            let half = self.font.width(&text) / 2.0;
            if x - half >= free_from {
                free_from = x + half + size * 0.4;
                let at = [x, area.bottom() + size * 1.2];
                self.text(&text, at, Anchor::Middle, INK);
            }
        }
        let middle = area.left + area.width / 2.0;
        let at = [middle, area.bottom() + size * 2.5];
        self.text(&axis.label, at, Anchor::Middle, INK);
    }

    fn left_axis(&mut self, axis: &Axis, area: Area) {
        let size = self.size;
        let mut widest: f64 = 0.0;
        for (value, text) in axis.ticks() {
            let y = area.top + (1.0 - axis.place(value)) * area.height;
            self.line(
                &[[area.left - size * 0.3, y], [area.left, y]],
                FRAME,
                THIN,
                None,
            );
            widest = widest.max(self.font.width(&text));
            let at = [area.left - size * 0.45, y + size * 0.35];
            self.text(&text, at, Anchor::End, INK);
        }
        let x = area.left - size * 0.9 - widest;
        self.text_up(&axis.label, [x, area.top + area.height / 2.0]);
    }

    pub fn frame(&mut self, area: Area) {
        let corners = [
            [area.left, area.top],
            [area.left, area.bottom()],
            [area.right(), area.bottom()],
        ];
        self.line(&corners, FRAME, THIN * 1.2, None);
    }

    /// The rectangle of the data of a chart with axes within an area.
    pub fn within(&self, area: Area, left: f64) -> Area {
        let size = self.size;
        let top = size * 1.6;
        Area {
            left: area.left + left,
            top: area.top + top,
            width: (area.width - left - size * 0.8).max(size),
            height: (area.height - top - size * 3.0).max(size),
        }
    }

    fn line_chart(&mut self, chart: &LineChart, area: Area) {
        let size = self.size;
        let ticks = chart.y.ticks();
        let widest = ticks
            .iter()
            .map(|(_, text)| self.font.width(text))
            .fold(0.0, f64::max);
        let area = self.within(area, widest + size * 2.0);
        let place = |point: [f64; 2]| area.place(&chart.x, &chart.y, point);
        self.title(&chart.title, area);
        for (points, text) in chart.guide_lines() {
            let points: Vec<[f64; 2]> = points.into_iter().map(place).collect();
            self.line(&points, GUIDE, THIN, Some([1.2, 1.6]));
            if let Some((text, [x, _])) = text.zip(points.last()) {
                // Above the highest point of the line over the width of the text.
                let start = x - self.font.width(&text) - size * 0.4;
                let over = points.iter().filter(|point| point[0] >= start);
                let top = over.map(|point| point[1]).fold(f64::INFINITY, f64::min);
                let at = [x - size * 0.2, top - size * 0.3];
                self.text(&text, at, Anchor::End, GUIDE_TEXT);
            }
        }
        for series in &chart.series {
            let colour = COLOURS[series.colour % COLOURS.len()];
            let finite = series
                .points
                .iter()
                .filter(|point| point.iter().all(|value| value.is_finite()));
            let points: Vec<[f64; 2]> = finite.map(|point| place(*point)).collect();
            match series.style {
                Style::Line => self.line(&points, colour, THICK, None),
                Style::Dashed => self.line(&points, colour, THICK, Some([3.0, 2.0])),
                Style::Steps => {
                    let mut corners = Vec::with_capacity(points.len() * 2);
                    for (at, &[x, y]) in points.iter().enumerate() {
                        if at > 0 {
                            corners.push([x, points[at - 1][1]]);
                        }
                        corners.push([x, y]);
                    }
                    self.line(&corners, colour, THICK, None);
                }
                Style::Dots => {
                    for point in points {
                        self.filled(circle(point, size * 0.2), colour);
                    }
                }
            }
        }
        for marker in &chart.markers {
            let colour = COLOURS[marker.colour % COLOURS.len()];
            self.shapes.push(Shape {
                parts: circle(place(marker.at), size * 0.3),
                fill: Some([255; 3]),
                stroke: Some(Stroke {
                    colour,
                    width: THICK,
                    dash: None,
                }),
            });
        }
        self.frame(area);
        self.lower_axis(&chart.x, area);
        self.left_axis(&chart.y, area);
    }

    fn interval_chart(&mut self, chart: &IntervalChart, area: Area) {
        let size = self.size;
        let labels: Vec<String> = chart.rows.iter().map(|row| cut(&row.label, 24)).collect();
        let widest = labels
            .iter()
            .map(|text| self.font.width(text))
            .fold(0.0, f64::max);
        let mut area = self.within(area, (widest + size * 0.8).min(area.width * 0.5));
        area.width -= size * 2.4;
        self.title(&chart.title, area);
        let step = area.height / chart.rows.len().max(1) as f64;
        for (at, row) in chart.rows.iter().enumerate() {
            let y = area.top + (at as f64 + 0.5) * step;
            let colour = COLOURS[row.colour % COLOURS.len()];
            let x = |value: f64| area.left + chart.x.place(value) * area.width;
            if let Some([low, high]) = row.interval {
                let (low, high, end) = (x(low), x(high), size * 0.25);
                self.line(&[[low, y], [high, y]], colour, THICK, None);
                for x in [low, high] {
                    self.line(&[[x, y - end], [x, y + end]], colour, THICK, None);
                }
            }
            self.filled(circle([x(row.value), y], size * 0.3), colour);
            let base = y + size * 0.35;
            let label = [area.left - size * 0.5, base];
            self.text(&labels[at], label, Anchor::End, INK);
            let value = [area.right() + size * 0.4, base];
            self.text(&number(row.value), value, Anchor::Start, INK);
        }
        self.frame(area);
        self.lower_axis(&chart.x, area);
    }
}
