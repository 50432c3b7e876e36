//! What a report computes.

use std::path::PathBuf;

use protea_cafa::scoring::Bootstrap;

/// The options of a report.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ReportOptions {
    /// The bootstrap of Fmax; `None` for no intervals. The report of a benchmark shows the intervals that the
    /// benchmark computed.
    pub bootstrap: Option<Bootstrap>,
    /// The training set, a frozen dataset, if the run does not record it or it is elsewhere now.
    pub train: Option<PathBuf>,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self {
            bootstrap: Some(Bootstrap::default()),
            train: None,
        }
    }
}

impl ReportOptions {
    /// With this bootstrap of Fmax; `None` for no intervals.
    #[must_use]
    pub fn with_bootstrap(mut self, bootstrap: Option<Bootstrap>) -> Self {
        self.bootstrap = bootstrap;
        self
    }

    /// With this training set in place of the recorded one.
    #[must_use]
    pub fn with_train(mut self, train: Option<PathBuf>) -> Self {
        self.train = train;
        self
    }
}
