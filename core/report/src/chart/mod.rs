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

/// A chart of any kind.
#[derive(Clone, Debug)]
pub enum Chart {
    /// Lines and dots.
    Lines(LineChart),
    /// Values with intervals.
    Intervals(IntervalChart),
    /// Bars.
    Bars(BarChart),
    /// Parallel coordinates.
    Parallel(ParallelChart),
}

impl Chart {
    /// The drawing for a page.
    pub fn svg(&self) -> String {
        match self {
            Self::Lines(chart) => chart.svg(),
            Self::Intervals(chart) => chart.svg(),
            Self::Bars(chart) => chart.svg(),
            Self::Parallel(chart) => chart.svg(),
        }
    }

    /// Whether the script of the page reads out its points.
    pub fn is_interactive(&self) -> bool {
        matches!(self, Self::Lines(_) | Self::Parallel(_))
    }
}

impl From<LineChart> for Chart {
    fn from(chart: LineChart) -> Self {
        Self::Lines(chart)
    }
}

impl From<IntervalChart> for Chart {
    fn from(chart: IntervalChart) -> Self {
        Self::Intervals(chart)
    }
}

impl From<BarChart> for Chart {
    fn from(chart: BarChart) -> Self {
        Self::Bars(chart)
    }
}

impl From<ParallelChart> for Chart {
    fn from(chart: ParallelChart) -> Self {
        Self::Parallel(chart)
    }
}
