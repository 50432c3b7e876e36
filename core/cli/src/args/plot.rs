//! `protea plot`.

use std::path::PathBuf;

use clap::{Args, ValueEnum, builder::PossibleValuesParser};
use protea_report::{PaperStyle, PlotKind};

use super::WorkspaceArgs;

/// What a figure shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlotOf {
    /// Precision and recall, with Fmax and lines of equal F
    Pr,
    /// Remaining uncertainty and misinformation, with Smin
    Rumi,
    /// Precision, recall, F and coverage of one run by threshold
    Sweep,
    /// How often predictions of one run with a given score are right
    Calibration,
    /// Fmax of a benchmark's contenders with intervals
    Benchmark,
    /// Scores of a search's trials and the best so far
    Search,
    /// How much each setting of a search explains of the scores
    Importance,
    /// Settings and score of each trial of a search, as parallel coordinates
    Parallel,
}

impl PlotOf {
    /// The library's kind.
    pub fn kind(self) -> PlotKind {
        match self {
            Self::Pr => PlotKind::PrecisionRecall,
            Self::Rumi => PlotKind::Uncertainty,
            Self::Sweep => PlotKind::Sweep,
            Self::Calibration => PlotKind::Calibration,
            Self::Benchmark => PlotKind::Benchmark,
            Self::Search => PlotKind::Search,
            Self::Importance => PlotKind::Importance,
            Self::Parallel => PlotKind::Parallel,
        }
    }
}

/// Arguments of `protea plot`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea plot pr latest -o curves.svg
  protea plot pr 86fa41 7e2b90 --label ours --label baseline -o curves.svg
  protea plot benchmark latest --style nature --width 89 -o fmax.png
  protea plot sweep latest --terminal

protea writes the data of the figure to a TSV file beside it, with all digits.
It draws text as outlines of its own font, so a figure looks the same on every
machine. Readers with any of the common kinds of colour blindness can
distinguish the colours.

RUN is the id of a run, a unique start or end of the id, the run's directory, or
`latest`. `pr` and `rumi` take several runs, or a benchmark.")]
pub struct PlotArgs {
    /// Figure to draw
    #[arg(value_enum, value_name = "FIGURE")]
    pub of: PlotOf,
    /// Runs to draw
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<String>,
    /// File to write: .svg, or in a full build also .pdf or .png
    #[arg(long, short, value_name = "FILE", required_unless_present = "terminal")]
    pub output: Option<PathBuf>,
    /// Replace the figure and its data if the files exist
    #[arg(long)]
    pub force: bool,
    /// Print the figure as text
    #[arg(long)]
    pub terminal: bool,
    /// Name of a run in the legend; repeat it for each run, in their order
    #[arg(long = "label", value_name = "TEXT")]
    pub labels: Vec<String>,
    /// Training set, a frozen dataset, if the runs do not record it or it is elsewhere now
    #[arg(long, value_name = "DATASET")]
    pub train: Option<PathBuf>,
    /// Leave out the curves of the baseline `naive`
    #[arg(long)]
    pub no_naive: bool,
    /// Journal whose column width and text size to use
    #[arg(long, value_name = "NAME", default_value = "plain", value_parser = PossibleValuesParser::new(PaperStyle::ALL.map(|(name, _)| name)), help_heading = "Size")]
    pub style: String,
    /// Width of the figure in columns of the journal
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=2), help_heading = "Size")]
    pub columns: u8,
    /// Width in millimetres, instead of that of the style
    #[arg(long, value_name = "MM", value_parser = millimetres, help_heading = "Size")]
    pub width: Option<f64>,
    /// Height in millimetres [default: as the panels need]
    #[arg(long, value_name = "MM", value_parser = millimetres, help_heading = "Size")]
    pub height: Option<f64>,
    /// Dots per inch of a PNG
    #[arg(long, value_name = "N", default_value_t = 300, value_parser = clap::value_parser!(u32).range(36..=2400), help_heading = "Size")]
    pub dpi: u32,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

impl PlotArgs {
    /// The style.
    pub fn paper_style(&self) -> PaperStyle {
        let found = PaperStyle::ALL.iter().find(|(name, _)| *name == self.style);
        found.map_or(PaperStyle::Plain, |(_, style)| *style)
    }
}

/// Parses a length of a figure.
fn millimetres(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|length| (20.0..=1000.0).contains(length))
        .ok_or_else(|| "give a number of millimetres from 20 to 1000".to_owned())
}
