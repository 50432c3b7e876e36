//! Charts as SVG. Colours are classes, so that the page's theme decides them. This part knows numbers
//! and labels. It must not know runs or scores.

mod bars;
mod intervals;
mod lines;
mod parallel;
mod scale;
mod svg;

pub use bars::{BarChart, BarRow, Segment};
pub use intervals::{IntervalChart, IntervalRow};
pub use lines::{Guide, LineChart, Marker, Series, Style};
pub use parallel::{ParallelAxis, ParallelChart, ParallelLine};
pub use scale::Axis;

/// How many colours there are for series.
pub const COLOURS: usize = 8;
