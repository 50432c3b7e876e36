//! `protea runs`.

use clap::{Args, Subcommand, ValueEnum};
use protea_core::workspace::Status;

use super::WorkspaceArgs;

/// The commands that look back.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
RUN is a run's id, a beginning or an end that only its id has, or the path of its directory.")]
pub enum RunsCommand {
    /// List runs, the newest first, child runs below their parents
    List(ListArgs),
    /// Show what a run was, how it ended, and where everything is
    Show(ShowArgs),
    /// Show where runs differ: settings, and metrics side by side
    Compare(CompareArgs),
    /// Print a run's log
    Log(LogArgs),
    /// Print the end of a run's log and what is added to it, until the run ends
    Tail(TailArgs),
}

/// Arguments of `protea runs list`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runs list
  protea runs list --project cafa --group H012 --status finished --sort MFO.fmax
  protea runs list --runner knn --sort MFO.smin:asc --limit 5 --json")]
pub struct ListArgs {
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
    /// Only of this project
    #[arg(long, value_name = "NAME")]
    pub project: Option<String>,
    /// Only of this group, or of groups below it: H012 stands for H012/E018 too
    #[arg(long, value_name = "NAME")]
    pub group: Option<String>,
    /// Only with this status
    #[arg(long, value_enum, value_name = "STATUS")]
    pub status: Option<StatusArg>,
    /// Only of this runner
    #[arg(long, value_name = "NAME")]
    pub runner: Option<String>,
    /// Order by a metric such as MFO.fmax, by `started` or by `seconds`; the highest first, unless
    /// :asc follows. Runs without the metric come last [default: started]
    #[arg(long, value_name = "METRIC[:asc|desc]", value_parser = SortBy::parse)]
    pub sort: Option<SortBy>,
    /// Show so many runs at most; 0 stands for all
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
}

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StatusArg {
    /// It goes on
    Running,
    /// It came to its end
    Finished,
    /// It ended with an error
    Failed,
    /// The user ended it, or its process vanished
    Killed,
}

impl StatusArg {
    /// The status.
    pub const fn status(self) -> Status {
        match self {
            Self::Running => Status::Running,
            Self::Finished => Status::Finished,
            Self::Failed => Status::Failed,
            Self::Killed => Status::Killed,
        }
    }
}

/// By what a list is ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SortBy {
    /// A metric, `started` or `seconds`.
    pub key: String,
    /// Whether the lowest comes first.
    pub ascending: bool,
}

impl SortBy {
    /// By the time when runs began.
    pub const STARTED: &'static str = "started";
    /// By how long runs took.
    pub const SECONDS: &'static str = "seconds";

    fn parse(text: &str) -> Result<Self, String> {
        let (key, ascending) = match text.rsplit_once(':') {
            Some((key, "asc")) => (key, true),
            Some((key, "desc")) => (key, false),
            _ => (text, false),
        };
        if key.is_empty() {
            return Err("give the name of a metric, such as MFO.fmax or MFO.smin:asc".to_owned());
        }
        Ok(Self {
            key: key.to_owned(),
            ascending,
        })
    }
}

/// Arguments of `protea runs show`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runs show 86fa41
  protea runs show 20261121T094936Z-knn-86fa41 --json")]
pub struct ShowArgs {
    /// The run: its id, a beginning or an end that only its id has, or its directory
    pub run: String,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// Arguments of `protea runs compare`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea runs compare 86fa41 0c2d11

Differences are to the first run.")]
pub struct CompareArgs {
    /// The runs
    #[arg(required = true, num_args = 2.., value_name = "RUN")]
    pub runs: Vec<String>,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// Arguments of `protea runs log`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runs log 86fa41 | grep WARN
  protea runs log 86fa41 -f")]
pub struct LogArgs {
    /// The run: its id, a beginning or an end that only its id has, or its directory
    pub run: String,
    /// Go on with what is added, until the run ends
    #[arg(long, short)]
    pub follow: bool,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// Arguments of `protea runs tail`.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  protea runs tail                                  of the newest run that goes on")]
pub struct TailArgs {
    /// The run [default: the newest that goes on]
    pub run: Option<String>,
    /// Begin with so many lines of what is there
    #[arg(long, short = 'n', value_name = "N", default_value_t = 10)]
    pub lines: usize,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_is_descending_unless_it_is_said() {
        let by = |key: &str, ascending| {
            Ok(SortBy {
                key: key.to_owned(),
                ascending,
            })
        };
        assert_eq!(SortBy::parse("MFO.fmax"), by("MFO.fmax", false));
        assert_eq!(SortBy::parse("MFO.smin:asc"), by("MFO.smin", true));
        assert_eq!(SortBy::parse("a:b:desc"), by("a:b", false));
        assert!(SortBy::parse(":asc").is_err());
    }
}
