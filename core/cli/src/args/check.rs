//! `protea runners check | fuzz`.

use std::{path::PathBuf, time::Duration};

use clap::Args;

use super::isolation::{duration, memory};

/// Arguments of `protea runners check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runners check target/debug/libmy_method_runner.so
  protea runners check runners/*.so --filter '^emit/' --filter determinism
  protea runners check mine.so --only-failed --junit report.xml
  protea runners check mine.so --test lifecycle/fit --keep kept

Every test runs the runner's code in its own process tree, which is killed when
the test ends. Exit codes: 0 if no test failed, 1 if some did, 2 if the command
line or conformance.toml is invalid or the report cannot be written.

conformance.toml can set time-limit (seconds), memory-limit (MiB), [datasets]
train and eval (for runners of other fields), [spec] (instead of the runner's
defaults), and [skip] (tests to skip, with reasons).")]
pub struct CheckArgs {
    /// Files of the runners
    #[arg(value_name = "FILE", required_unless_present = "list")]
    pub files: Vec<PathBuf>,
    /// List the selected tests without running them
    #[arg(long)]
    pub list: bool,
    /// Run only tests whose name matches the expression; repeatable
    #[arg(long, value_name = "REGEX", help_heading = "Tests")]
    pub filter: Vec<String>,
    /// Skip tests whose name matches the expression; repeatable
    #[arg(long, value_name = "REGEX", help_heading = "Tests")]
    pub exclude: Vec<String>,
    /// Run only the test with this name; repeatable
    #[arg(long, value_name = "NAME", conflicts_with_all = ["filter", "exclude"], help_heading = "Tests")]
    pub test: Vec<String>,
    /// Keep the datasets and what each test wrote in this directory, which must be empty or new
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub keep: Option<PathBuf>,
    /// Number of tests to run in parallel [default: one per core]
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=super::MAX_THREADS))]
    pub jobs: Option<u16>,
    #[command(flatten)]
    pub config: ConfigArgs,
    /// Also write the report as JUnit XML
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub junit: Option<PathBuf>,
    /// Show only failures and warnings
    #[arg(long, help_heading = "Output")]
    pub only_failed: bool,
}

/// How the suite treats the runners.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// Configuration of the suite [default: ./conformance.toml if it exists]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Time limit of a call, such as 90s or 10m [default: 60s]
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub time_limit: Option<Duration>,
    /// Memory limit of a process, such as 512MiB or 4GiB [default: 2GiB]
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory_limit: Option<u64>,
}

/// Arguments of `protea runners fuzz`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea runners fuzz mine.so --seed 1 --for 10m
  protea runners fuzz mine.so --seed 4711 --cases 1     repeats one case

Each case has its own seed, starting at --seed, and its own process. Specs are
generated from the runner's schema, models from one that it fitted. A finding is
any answer that is neither valid nor a typed error; its seed reproduces it with
the same release of protea. Exit codes: 0 without findings, 1 with findings.")]
pub struct FuzzArgs {
    /// File of the runner
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Seed of the first case
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Time to spend [default: 60s, unless --cases is given]
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub time: Option<Duration>,
    /// Number of cases to try
    #[arg(long, value_name = "N")]
    pub cases: Option<u64>,
    #[command(flatten)]
    pub config: ConfigArgs,
}
