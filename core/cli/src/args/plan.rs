//! `--plan`, `protea task`, `protea gather`.

use std::{ops::RangeInclusive, path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};
use protea_core::engine::Resources;

/// The heading of options about work on other machines.
pub const OTHER_MACHINES: &str = "Other machines";

/// Where the work is done.
#[derive(Debug, Clone, Default, Args)]
pub struct PlanArgs {
    /// Write the work as a plan to this directory, or to a URI of an object store such as s3://lab/plan,
    /// and run nothing; `protea task` executes its tasks, `protea gather` records the results
    #[arg(help_heading = OTHER_MACHINES, long, value_name = "DIR")]
    pub plan: Option<PathBuf>,
    /// Execute the tasks of the plan with this engine, then gather
    #[arg(help_heading = OTHER_MACHINES, long, value_enum, value_name = "ENGINE", requires = "plan")]
    pub engine: Option<EngineName>,
    /// An option for --engine slurm: throttle=N, per-index=M, time, mem, cpus-per-task, or a long option
    /// of sbatch, such as partition=short; repeatable
    #[arg(help_heading = OTHER_MACHINES, long, value_name = "KEY=VALUE", requires = "engine")]
    pub slurm: Vec<String>,
    /// Time that a task may take, such as 90s, 10m or 2h; engines and exported files request it [default:
    /// that of the scheduler]
    #[arg(help_heading = OTHER_MACHINES, long, value_name = "TIME", requires = "plan", value_parser = super::isolation::duration)]
    pub task_time: Option<Duration>,
    /// Memory that a task needs, such as 16GiB; engines and exported files request it [default: that of the
    /// scheduler]
    #[arg(help_heading = OTHER_MACHINES, long, value_name = "SIZE", requires = "plan", value_parser = super::isolation::bytes)]
    pub task_memory: Option<u64>,
    /// Processor cores that a task needs; engines and exported files request them [default: --threads]
    #[arg(help_heading = OTHER_MACHINES, long, value_name = "N", requires = "plan", value_parser = at_least_one)]
    pub task_cpus: Option<usize>,
    /// Options whose values are those of `protea.toml`. The plan records them: its tasks read no such file.
    #[arg(skip)]
    pub from_files: Vec<String>,
}

impl PlanArgs {
    /// What a task requests: what the user says, otherwise what is known of the work.
    pub fn resources(&self, known: Resources) -> Resources {
        // A scheduler may end a task whose time is over, so parts of a second count.
        let seconds = |time: Duration| time.as_secs() + u64::from(time.subsec_nanos() > 0);
        Resources {
            seconds: self.task_time.map(seconds).or(known.seconds),
            memory: self.task_memory.or(known.memory),
            cpus: self.task_cpus.or(known.cpus),
        }
    }
}

/// Commands about a plan for other engines.
#[derive(Debug, Subcommand)]
pub enum PlanCommand {
    /// Write a file that lets another engine execute the tasks of a plan
    Export(PlanExportArgs),
    /// List the indices of the tasks that have no result, as `protea task --index` takes them
    Remaining(PlanRemainingArgs),
}

/// Arguments of `protea plan export`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea plan export plan --for parallel && sh plan/parallel.sh --jobs 8
  protea plan export plan --for sbatch --per-index 10
  protea plan export plan --for kubernetes --output job.yaml

The comments of the file say how it is used and what protea does not know, such
as partition and account. It calls this program by its path, unless --program
says otherwise. A plan that grows, such as a search with TPE, is done generation
by generation; the comments say whether you have to do something for it.")]
pub struct PlanExportArgs {
    /// Directory or URI of the plan
    pub plan: PathBuf,
    /// Engine that reads the file
    #[arg(long = "for", value_enum, value_name = "ENGINE")]
    pub target: ExportTargetName,
    /// File to write; `-` is standard output [default: in the directory of the plan]
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long)]
    pub force: bool,
    /// Number of tasks that one job executes, one after the other
    #[arg(long, value_name = "M", default_value_t = 1, value_parser = at_least_one)]
    pub per_index: usize,
    /// Path of protea on the machines that execute the tasks [default: this program; for kubernetes: protea]
    #[arg(long, value_name = "PATH")]
    pub program: Option<PathBuf>,
}

/// Arguments of `protea plan remaining`.
#[derive(Debug, Args)]
pub struct PlanRemainingArgs {
    /// Directory or URI of the plan
    pub plan: PathBuf,
    /// Number of indices on a line, with commas between
    #[arg(long, value_name = "M", default_value_t = 1, value_parser = at_least_one)]
    pub per_index: usize,
}

/// What a plan can be exported for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportTargetName {
    /// row, on a signac project that is written beside the file
    Row,
    /// HyperQueue, through its Python package
    Hyperqueue,
    /// Snakemake
    Snakemake,
    /// Nextflow
    Nextflow,
    /// An indexed Job of Kubernetes
    Kubernetes,
    /// GNU parallel
    Parallel,
    /// Job arrays of Slurm
    Sbatch,
}

/// Commands about the jobs of a plan.
#[derive(Debug, Subcommand)]
pub enum EngineCommand {
    /// Show the status of the tasks of a plan, and their jobs
    Status(EngineStatusArgs),
    /// Start the tasks that have no result
    Resume(EngineResumeArgs),
    /// Cancel the jobs of a plan; you can start their tasks again
    Cancel {
        /// Directory or URI of the plan
        plan: PathBuf,
    },
    /// Show the last lines that the job of a task printed
    Logs {
        /// Directory or URI of the plan
        plan: PathBuf,
        /// Index of the task, from 0
        task: usize,
    },
}

/// Arguments of `protea engine status`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea engine status plan
  protea engine status plan --watch --json

The status of a task is one of these:
  waiting    not started yet
  scheduled  a job of the scheduler waits or runs
  lost       its job ended without a result
  claimed    a process executes it, or was killed while doing so
  damaged    its result was changed; the next attempt moves it aside
  again      the last attempt failed; another one may succeed
  finished   it has a result
  failed     it failed and would fail again")]
pub struct EngineStatusArgs {
    /// Directory or URI of the plan
    pub plan: PathBuf,
    /// Wait until no task of the plan has a job or a process
    #[arg(long)]
    pub watch: bool,
}

/// Arguments of `protea engine resume`.
#[derive(Debug, Args)]
pub struct EngineResumeArgs {
    /// Directory or URI of the plan
    pub plan: PathBuf,
    /// Engine to use [default: that of the previous submission]
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub engine: Option<EngineName>,
    /// Number of tasks to execute at the same time, with --engine local
    #[arg(long, short, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    pub jobs: usize,
    /// An option for --engine slurm; replaces that of the previous submission, and KEY= drops it;
    /// repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub slurm: Vec<String>,
}

/// What starts the processes that do tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum EngineName {
    /// Processes of this machine
    Local,
    /// Job arrays of Slurm, and a job that gathers; does not wait for them
    Slurm,
}

/// Arguments of `protea task`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea task plan --index 0
  sbatch --array=0-39 --wrap 'protea task /shared/plan'
  parallel -j 4 protea task plan --index {} ::: {0..39}

Without --index, protea takes the index of the job in its array from HQ_TASK_ID,
SLURM_ARRAY_TASK_ID, PBS_ARRAY_INDEX, PBS_ARRAYID, SGE_TASK_ID, LSB_JOBINDEX,
JOB_COMPLETION_INDEX or AWS_BATCH_JOB_ARRAY_INDEX. It expects that SGE and LSF
count from 1 and the others from 0. If your array starts elsewhere, give its
start with --first-index.

protea does not execute a task that has a result. The exit code is 0 if the task
has a result, 65 if it failed and would fail again, and 75 if another attempt
may succeed, for example after SIGTERM or SIGUSR1, or while another process
executes the task.")]
pub struct TaskArgs {
    /// Directory or URI of the plan
    pub plan: PathBuf,
    /// Index of the task, from 0; several as 0-9 or with commas between [default: the index of the job in
    /// its array]
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = indices)]
    pub index: Vec<RangeInclusive<usize>>,
    /// Number of tasks for one index: index 0 executes the first M tasks, index 1 the next M
    #[arg(long, value_name = "M", default_value_t = 1, value_parser = at_least_one)]
    pub per_index: usize,
    /// Index of the first job of the array [default: 0, with SGE and LSF 1]
    #[arg(long, value_name = "N", conflicts_with = "index")]
    pub first_index: Option<usize>,
    /// Directory on this machine to work in, such as "$TMPDIR"; protea then copies the result to the
    /// plan [default: the plan directory]
    #[arg(long, value_name = "DIR")]
    pub scratch: Option<PathBuf>,
    /// Take over a task from a process on another machine that has not renewed its claim for this
    /// time
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = super::isolation::duration)]
    pub claim_timeout: Duration,
    /// Threads that the runner may use, if the plan does not say
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = super::threads)]
    pub threads: usize,
}

/// Arguments of `protea gather`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  protea gather plan
  protea gather plan --partial --json

protea records the run and its child runs, and prints the tables, as the command
without --plan would. If tasks have no result, it lists them with the reason,
records nothing and exits with 75. With --partial, it records the results that
exist. You can execute the other tasks later and gather again.

For a planned `protea predict`, it writes the predictions and records nothing.")]
pub struct GatherArgs {
    /// Directory or URI of the plan
    pub plan: PathBuf,
    /// Record the results that exist, even if some tasks have none
    #[arg(long)]
    pub partial: bool,
    /// File for the predictions of a planned prediction, instead of the planned one
    #[arg(long, short, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the file of predictions if it exists
    #[arg(long)]
    pub force: bool,
}

/// An index, or the first and the last index of several.
fn indices(text: &str) -> Result<RangeInclusive<usize>, String> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    match (first.trim().parse(), last.trim().parse()) {
        (Ok(first), Ok(last)) if first <= last => Ok(first..=last),
        _ => Err("give an index from 0 on, or the first and the last one as in 0-9".to_owned()),
    }
}

pub(super) fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "give a number from 1 on".to_owned())
}
