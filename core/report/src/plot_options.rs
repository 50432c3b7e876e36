//! The options of a figure for a paper.

use std::path::PathBuf;

use crate::{ReportOptions, paper::PaperStyle};

/// The options of a figure.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PlotOptions {
    pub(crate) style: PaperStyle,
    pub(crate) width: Option<f64>,
    pub(crate) height: Option<f64>,
    pub(crate) labels: Vec<String>,
    pub(crate) leaves_out_naive: bool,
    pub(crate) train: Option<PathBuf>,
}

impl Default for PlotOptions {
    /// Two columns of the plain style, with naive.
    fn default() -> Self {
        Self {
            style: PaperStyle::Plain,
            width: None,
            height: None,
            labels: Vec::new(),
            leaves_out_naive: false,
            train: None,
        }
    }
}

impl PlotOptions {
    /// The journal.
    #[must_use]
    pub fn with_style(mut self, style: PaperStyle) -> Self {
        self.style = style;
        self
    }

    /// The width in millimetres, in place of two columns of the style.
    #[must_use]
    pub fn with_width(mut self, millimetres: f64) -> Self {
        self.width = Some(millimetres);
        self
    }

    /// The height in millimetres, in place of what the panels need.
    #[must_use]
    pub fn with_height(mut self, millimetres: f64) -> Self {
        self.height = Some(millimetres);
        self
    }

    /// The names of the runs in the legend, in the order of the runs.
    #[must_use]
    pub fn with_labels(mut self, labels: Vec<String>) -> Self {
        self.labels = labels;
        self
    }

    /// The training set that naive counts, a frozen dataset, in place of the recorded one.
    #[must_use]
    pub fn with_train(mut self, train: PathBuf) -> Self {
        self.train = Some(train);
        self
    }

    /// What is computed for the curves: no intervals.
    pub(crate) fn quiet(&self) -> ReportOptions {
        ReportOptions::default()
            .with_bootstrap(None)
            .with_train(self.train.clone())
    }

    /// Does not add naive to the curves of runs.
    #[must_use]
    pub fn without_naive(mut self) -> Self {
        self.leaves_out_naive = true;
        self
    }
}
