//! Lines and dots over two axes.

use std::fmt::Write;

use super::{
    COLOURS,
    scale::Axis,
    svg::{Plot, drawing, frame, label, x_axis, y_axis},
};

/// What a series looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A line through the points.
    Line,
    /// A thin, dashed line, for what others are compared with.
    Dashed,
    /// A line that changes at the points only.
    Steps,
    /// Dots.
    Dots,
}

/// A series.
#[derive(Clone, Debug)]
pub struct Series {
    /// The number of its colour.
    pub colour: usize,
    /// What it looks like.
    pub style: Style,
    /// The points.
    pub points: Vec<[f64; 2]>,
    /// The row of the first point in the data of the figure; the others follow it.
    pub first_row: usize,
}

/// A point that is marked.
#[derive(Clone, Debug)]
pub struct Marker {
    /// The number of its colour.
    pub colour: usize,
    /// Where it is.
    pub at: [f64; 2],
    /// What is written at it; may be empty.
    pub label: String,
}

/// Lines behind the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guide {
    /// None.
    None,
    /// Lines of equal harmonic mean of x and y.
    EqualF,
    /// Lines of equal distance from the origin.
    EqualDistance,
    /// From the lower left to the upper right.
    Diagonal,
}

/// A chart of lines and dots.
#[derive(Clone, Debug)]
pub struct LineChart {
    /// The id of the drawing, unique in the page and of the project.
    pub id: String,
    /// The title, which is drawn.
    pub title: String,
    /// What there is to see, for readers who do not see it.
    pub description: String,
    /// The lower axis.
    pub x: Axis,
    /// The left axis.
    pub y: Axis,
    /// The series, the first behind the others.
    pub series: Vec<Series>,
    /// The marked points.
    pub markers: Vec<Marker>,
    /// Lines behind the data.
    pub guide: Guide,
    /// Whether it is twice as wide as high.
    pub wide: bool,
}

impl LineChart {
    /// The drawing.
    pub fn svg(&self) -> String {
        let (width, height) = if self.wide {
            (720.0, 320.0)
        } else {
            (380.0, 320.0)
        };
        let plot = Plot {
            left: 50.0,
            top: 28.0,
            width: width - 62.0,
            height: height - 68.0,
        };
        let mut svg = label(plot.left, 16.0, "panel-title", &self.title);
        svg.push_str(&x_axis(plot, &self.x));
        svg.push_str(&y_axis(plot, &self.y));
        svg.push_str(&frame(plot));
        svg.push_str(&self.guides(plot));
        for series in &self.series {
            svg.push_str(&self.drawn(plot, series));
        }
        for marker in &self.markers {
            svg.push_str(&self.marked(plot, marker));
        }
        let class = "tabindex=\"0\" data-interactive=\"\"";
        drawing(
            &self.id,
            (width, height),
            (&self.title, &self.description),
            class,
            &svg,
        )
    }

    /// The lines behind the data, in its units, with what is written at their ends.
    pub fn guide_lines(&self) -> Vec<(Vec<[f64; 2]>, Option<String>)> {
        match self.guide {
            Guide::None => Vec::new(),
            Guide::Diagonal => vec![(vec![[0.0, 0.0], [1.0, 1.0]], None)],
            Guide::EqualF => [0.2, 0.4, 0.6, 0.8]
                .map(|f| {
                    // y = f x / (2 x - f), from where y is 1.
                    let first = f / (2.0 - f);
                    let points = (0..=40)
                        .map(|at| first + (1.0 - first) * f64::from(at) / 40.0)
                        .map(|x| [x, f * x / (2.0 * x - f)]);
                    (points.collect(), Some(format!("F {f:.1}")))
                })
                .into(),
            Guide::EqualDistance => {
                let ticks = self.x.ticks().into_iter().map(|(value, _)| value);
                ticks
                    .filter(|radius| *radius > 0.0)
                    .map(|radius| {
                        let points = (0..=40)
                            .map(|at| f64::from(at) / 40.0 * std::f64::consts::FRAC_PI_2)
                            .map(|angle| [radius * angle.cos(), radius * angle.sin()])
                            .filter(|[x, y]| {
                                *x <= self.x.high * 1.0001 && *y <= self.y.high * 1.0001
                            });
                        (points.collect::<Vec<_>>(), None)
                    })
                    .filter(|(points, _)| points.len() > 1)
                    .collect()
            }
        }
    }

    fn guides(&self, plot: Plot) -> String {
        let place = |[x, y]: &[f64; 2]| [plot.x(&self.x, *x), plot.y(&self.y, *y)];
        let mut svg = String::new();
        for (points, text) in self.guide_lines() {
            let points: Vec<[f64; 2]> = points.iter().map(place).collect();
            let _ = write!(svg, "<path d=\"{}\" class=\"guide\"/>", path(&points));
            if let Some((text, [x, y])) = text.zip(points.last()) {
                svg.push_str(&label(x - 4.0, y - 4.0, "guide-label end", &text));
            }
        }
        svg
    }

    fn drawn(&self, plot: Plot, series: &Series) -> String {
        let colour = series.colour % COLOURS;
        let finite = |point: &&[f64; 2]| point.iter().all(|value| value.is_finite());
        let pixels: Vec<[f64; 2]> = series
            .points
            .iter()
            .filter(finite)
            .map(|[x, y]| [plot.x(&self.x, *x), plot.y(&self.y, *y)])
            .collect();
        // The script finds the nearest point among these, and the row of it in the data.
        let listed: Vec<String> = pixels
            .iter()
            .map(|[x, y]| format!("{x:.1},{y:.1}"))
            .collect();
        let data = format!(
            "data-row=\"{}\" data-points=\"{}\"",
            series.first_row,
            listed.join(" ")
        );
        match series.style {
            Style::Dots => {
                let mut dots = format!("<g class=\"dots fill-{colour}\" {data}>");
                for [x, y] in pixels {
                    let _ = write!(dots, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>");
                }
                dots.push_str("</g>");
                dots
            }
            Style::Steps => {
                let mut corners = Vec::new();
                for (at, &[x, y]) in pixels.iter().enumerate() {
                    if at > 0 {
                        corners.push([x, pixels[at - 1][1]]);
                    }
                    corners.push([x, y]);
                }
                let line = path(&corners);
                format!("<path d=\"{line}\" class=\"line stroke-{colour}\" {data}/>")
            }
            Style::Line | Style::Dashed => {
                let class = match series.style {
                    Style::Dashed => "line dashed",
                    _ => "line",
                };
                let line = path(&pixels);
                format!("<path d=\"{line}\" class=\"{class} stroke-{colour}\" {data}/>")
            }
        }
    }

    fn marked(&self, plot: Plot, marker: &Marker) -> String {
        let colour = marker.colour % COLOURS;
        let (x, y) = (plot.x(&self.x, marker.at[0]), plot.y(&self.y, marker.at[1]));
        let mut svg = format!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"5\" class=\"marker stroke-{colour}\"/>"
        );
        if !marker.label.is_empty() {
            let (x, side) = if x > plot.left + plot.width * 0.72 {
                (x - 9.0, "end")
            } else {
                (x + 9.0, "start")
            };
            let y = if y < plot.top + 20.0 {
                y + 16.0
            } else {
                y - 7.0
            };
            svg.push_str(&label(x, y, &format!("marker-label {side}"), &marker.label));
        }
        svg
    }
}

fn path(points: &[[f64; 2]]) -> String {
    let mut path = String::new();
    for (at, [x, y]) in points.iter().enumerate() {
        let command = if at == 0 { 'M' } else { 'L' };
        let _ = write!(path, "{command}{x:.1} {y:.1}");
    }
    path
}
