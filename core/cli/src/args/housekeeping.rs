//! `protea runs rm | gc | tag | note | export`.

use std::{path::PathBuf, time::Duration};

use clap::{ArgGroup, Args, ValueEnum};
use protea_core::workspace::RunOrder;

use super::{
    WorkspaceArgs, isolation,
    run_filters::{RunFilters, parse_order},
};

/// Arguments of `protea runs rm`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runs rm 86fa41 0c2d11
  protea runs rm latest --yes

protea removes a run together with its child runs. If it must keep one of the
runs, it says why and removes nothing.")]
pub struct RmArgs {
    /// Runs: ids, unique starts or ends of them, directories, or `latest`
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<String>,
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// Arguments of `protea runs gc`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runs gc --older-than 30d --dry-run
  protea runs gc --keep-best 3 --metric MFO.fmax --runner knn
  protea runs gc --failed --yes

protea removes the runs that meet every condition that you give. It keeps active
runs, runs with the tag `keep`, and runs that something needs. Without
--keep-best, --older-than or --failed, it only finishes removals that were
interrupted.")]
pub struct GcArgs {
    /// Remove runs whose score is not among the best N on the same dataset
    #[arg(long, value_name = "N")]
    pub keep_best: Option<usize>,
    /// Metric of --keep-best; the highest is best unless :asc follows
    #[arg(
        long,
        value_name = "METRIC[:asc|desc]",
        value_parser = parse_order,
        requires = "keep_best",
        default_value = "MFO.fmax"
    )]
    pub metric: RunOrder,
    /// Remove runs that ended longer ago than this, such as 12h or 30d
    #[arg(long, value_name = "TIME", value_parser = age)]
    pub older_than: Option<Duration>,
    /// Remove runs that failed or were killed
    #[arg(long)]
    pub failed: bool,
    #[command(flatten)]
    pub filters: RunFilters,
    #[command(flatten)]
    pub confirm: ConfirmArgs,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// Whether something is removed.
#[derive(Debug, Args)]
pub struct ConfirmArgs {
    /// Show what would be removed without removing it
    #[arg(long)]
    pub dry_run: bool,
    /// Remove without asking; scripts need this
    #[arg(long, short)]
    pub yes: bool,
}

/// Arguments of `protea runs tag`.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("change").args(["tags", "remove"]).required(true).multiple(true),
    after_help = "\
Examples:
  protea runs tag latest --set stage=paper
  protea runs tag 86fa41 0c2d11 --set keep
  protea runs tag 86fa41 --remove stage
  protea runs list --tag stage=paper"
)]
pub struct TagArgs {
    /// Runs: ids, unique starts or ends of them, directories, or `latest`
    #[arg(required = true, value_name = "RUN")]
    pub runs: Vec<String>,
    /// Tag to add or change; `KEY` alone gives it an empty value; repeatable
    #[arg(long = "set", value_name = "KEY[=VALUE]")]
    pub tags: Vec<String>,
    /// Tag to remove; repeatable
    #[arg(long, value_name = "KEY")]
    pub remove: Vec<String>,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// Arguments of `protea runs note`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runs note latest \"with the new embeddings\"
  protea runs note latest --clear")]
pub struct NoteArgs {
    /// Run: its id, a unique start or end of it, its directory, or `latest`
    pub run: String,
    /// New notes; they replace the present ones
    #[arg(required_unless_present = "clear")]
    pub text: Option<String>,
    /// Remove the notes
    #[arg(long, conflicts_with = "text")]
    pub clear: bool,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// Arguments of `protea runs export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runs export --format csv > runs.csv
  protea runs export --format parquet --output runs.parquet --runner knn

The table has one row for each run, the oldest first. The columns spec.NAME have
the settings, metric.NAME the scores and tag.NAME the tags.")]
pub struct RunsExportArgs {
    /// Format
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = ExportFormat::Csv)]
    pub format: ExportFormat,
    /// File to write [default: standard output]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long, requires = "output")]
    pub force: bool,
    #[command(flatten)]
    pub filters: RunFilters,
    #[command(flatten)]
    pub workspace: WorkspaceArgs,
}

/// A format of tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFormat {
    /// Comma-separated values (RFC 4180)
    Csv,
    /// Apache Parquet; needs --output and the full build
    Parquet,
    /// A JSON array of objects
    Json,
}

/// Parses an age with its unit; days and weeks are possible too.
fn age(text: &str) -> Result<Duration, String> {
    let hours = [("d", 24.0), ("w", 168.0)]
        .into_iter()
        .find_map(|(unit, hours)| {
            let number = text.strip_suffix(unit)?.trim();
            let is_plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
            let number: f64 = number.parse().ok().filter(|_| is_plain)?;
            Some(number * hours)
        });
    let time = hours.and_then(|hours| Duration::try_from_secs_f64(hours * 3600.0).ok());
    time.map_or_else(|| isolation::duration(text), Ok)
        .map_err(|_| "give a number and a unit: 90m, 12h, 30d or 4w".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_has_a_unit_up_to_weeks() {
        let day = Duration::from_secs(86_400);
        assert_eq!(age("30d"), Ok(day * 30));
        assert_eq!(age("1.5d"), Ok(day * 3 / 2));
        assert_eq!(age("2w"), Ok(day * 14));
        assert_eq!(age("12h"), Ok(day / 2));
        for wrong in ["30", "-1d", "d", "NaNd", "1e3d", "1y"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
