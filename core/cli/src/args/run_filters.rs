//! Which runs of a workspace a command means, and in which order.

use clap::{Args, ValueEnum};
use protea_core::workspace::{RunOrder, Status};

/// Which runs of a workspace are meant.
#[derive(Debug, Args)]
pub struct RunFilters {
    /// Only runs of this project
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Only runs of this group and its subgroups: H012 includes H012/E018
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Only runs with this status
    #[arg(long, value_enum, value_name = "STATUS")]
    pub status: Option<StatusArg>,
    /// Only runs of this runner
    #[arg(long, value_name = "NAME")]
    pub runner: Option<String>,
    /// Only runs that were scored on the dataset with this name
    #[arg(long, value_name = "NAME")]
    pub eval: Option<String>,
    /// Only runs with this tag, with any value or with this one; repeatable
    #[arg(long = "tag", value_name = "KEY[=VALUE]")]
    pub tags: Vec<String>,
}

/// The status of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusArg {
    /// Still running
    Running,
    /// Finished successfully
    Finished,
    /// Ended with an error
    Failed,
    /// Cancelled, or its process disappeared
    Killed,
}

impl StatusArg {
    /// The status in the workspace.
    pub const fn status(self) -> Status {
        match self {
            Self::Running => Status::Running,
            Self::Finished => Status::Finished,
            Self::Failed => Status::Failed,
            Self::Killed => Status::Killed,
        }
    }
}

/// Parses what a list is sorted by, such as `MFO.smin:asc`.
pub fn parse_order(text: &str) -> Result<RunOrder, String> {
    let (key, ascending) = match text.rsplit_once(':') {
        Some((key, "asc")) => (key, true),
        Some((key, "desc")) => (key, false),
        _ => (text, false),
    };
    if key.is_empty() {
        return Err("give the name of a metric, such as MFO.fmax or MFO.smin:asc".to_owned());
    }
    Ok(if ascending {
        RunOrder::ascending(key)
    } else {
        RunOrder::descending(key)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_sorted_in_descending_order_by_default() {
        let descending = |key| Ok(RunOrder::descending(key));
        assert_eq!(parse_order("MFO.fmax"), descending("MFO.fmax"));
        let ascending = Ok(RunOrder::ascending("MFO.smin"));
        assert_eq!(parse_order("MFO.smin:asc"), ascending);
        assert_eq!(parse_order("a:b:desc"), descending("a:b"));
        assert!(parse_order(":asc").is_err());
    }
}
