//! What a report computes.

use protea_cafa::scoring::Bootstrap;

/// The options of a report.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReportOptions {
    /// The bootstrap of Fmax; `None` for no intervals. The report of a benchmark shows the intervals that the
    /// benchmark computed.
    pub bootstrap: Option<Bootstrap>,
}

impl Default for ReportOptions {
    fn default() -> Self {
        Self {
            bootstrap: Some(Bootstrap::default()),
        }
    }
}
