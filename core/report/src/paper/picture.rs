//! Paths with their colours. All coordinates are points (1/72 inch) from the upper left corner.

/// A part of a path.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Part {
    /// Begins a line.
    Move([f64; 2]),
    /// A straight line.
    Line([f64; 2]),
    /// A curve with two control points.
    Curve([f64; 2], [f64; 2], [f64; 2]),
    /// Back to the beginning.
    Close,
}

/// How a path is drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stroke {
    /// The colour.
    pub colour: [u8; 3],
    /// The width of the line.
    pub width: f64,
    /// The lengths of dashes and gaps.
    pub dash: Option<[f64; 2]>,
}

/// A path.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Its parts.
    pub parts: Vec<Part>,
    /// The colour of its inside.
    pub fill: Option<[u8; 3]>,
    /// Its line.
    pub stroke: Option<Stroke>,
}

/// A picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// The title.
    pub title: String,
    /// The description for screen readers.
    pub description: String,
    /// The shapes, the first behind the others.
    pub shapes: Vec<Shape>,
    /// Characters that the font does not have, each once.
    pub missing: Vec<char>,
}

/// A circle.
pub fn circle([x, y]: [f64; 2], radius: f64) -> Vec<Part> {
    // The usual approximation of a quarter by a curve.
    let near = radius * 0.552_284_75;
    vec![
        Part::Move([x + radius, y]),
        Part::Curve(
            [x + radius, y + near],
            [x + near, y + radius],
            [x, y + radius],
        ),
        Part::Curve(
            [x - near, y + radius],
            [x - radius, y + near],
            [x - radius, y],
        ),
        Part::Curve(
            [x - radius, y - near],
            [x - near, y - radius],
            [x, y - radius],
        ),
        Part::Curve(
            [x + near, y - radius],
            [x + radius, y - near],
            [x + radius, y],
        ),
        Part::Close,
    ]
}

/// Straight lines through points.
pub fn lines(points: &[[f64; 2]]) -> Vec<Part> {
    let mut points = points.iter();
    let first = points.next().map(|point| Part::Move(*point));
    let rest = points.map(|point| Part::Line(*point));
    first.into_iter().chain(rest).collect()
}
