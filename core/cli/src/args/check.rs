//! `protea runners check | fuzz`.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::isolation::{bytes, duration};

/// Arguments of `protea runners check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runners check target/release/libmy_method_runner.so
  protea runners check runners/*.so --filter '^emit/' --filter determinism
  protea runners check mine.so --only-failed --junit report.xml

Every test runs the runner's code in processes of its own, which are killed whole at their end.
Exit code 0: no test failed, 1: some did, 2: the command line or conformance.toml cannot be used,
or the report cannot be written.

conformance.toml may set time-limit (seconds), memory-limit (MiB), [datasets] train and eval (for
runners of another field than proteins), [spec] (instead of the runner's defaults), and [skip] with
tests and the reasons not to run them.")]
pub struct CheckArgs {
    /// The runners' files
    #[arg(value_name = "FILE", required_unless_present = "list")]
    pub files: Vec<PathBuf>,
    /// Show the tests that would be run, and run none
    #[arg(long)]
    pub list: bool,
    /// Run the tests whose name the regular expression finds; may be given more than once
    #[arg(long, value_name = "REGEX", help_heading = "Tests")]
    pub filter: Vec<String>,
    /// Leave out the tests whose name it finds; may be given more than once
    #[arg(long, value_name = "REGEX", help_heading = "Tests")]
    pub exclude: Vec<String>,
    /// How many tests are run at a time [default: one per core]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=super::MOST))]
    pub jobs: Option<u16>,
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Write the report as JUnit XML
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub junit: Option<PathBuf>,
    /// Show failures and warnings only
    #[arg(long, help_heading = "Output")]
    pub only_failed: bool,
}

/// What the suite is to know of the runners.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// What the suite is to know of the runners [default: ./conformance.toml, if there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How long a call may take, as 90s or 10m [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub time_limit: Option<Duration>,
    /// How much memory a process with the runner's code in it may use, as 512MiB or 4GiB [default: 2GiB]
    #[arg(long, value_name = "SIZE", value_parser = bytes)]
    pub memory_limit: Option<u64>,
}

/// Arguments of `protea runners fuzz`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runners fuzz mine.so --seed 1 --for 10m
  protea runners fuzz mine.so --seed 4711 --cases 1     the case of seed 4711 again

Every case has a seed of its own, the first that of --seed, and runs in a process of its own. Specs
come from the runner's schema, models from one that it has made. Whatever is not a clean answer or a
typed error is a finding, with the seed that makes it again (with the same release of protea).
Exit code 0: no finding, 1: some.")]
pub struct FuzzArgs {
    /// The runner's file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The seed of the first case
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// How long to go on [default: 60s, unless --cases is given]
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub time: Option<Duration>,
    /// How many cases to try
    #[arg(long, value_name = "N")]
    pub cases: Option<u64>,
    #[command(flatten)]
    pub config: ConfigArgs,
}
