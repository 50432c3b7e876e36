//! The programs of Slurm.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    io,
    path::Path,
    process::{Command, Stdio},
};

use serde::{Deserialize, Serialize};

use super::{
    super::error::EngineError,
    options::{memory, seconds},
};

const SBATCH: &str = "sbatch";
/// The largest array, if the site's limit cannot be read: the default of Slurm.
const ARRAY_LIMIT: usize = 1000;
/// States of jobs that have not ended.
const ACTIVE: [&str; 9] = [
    "PENDING",
    "CONFIGURING",
    "RUNNING",
    "SUSPENDED",
    "COMPLETING",
    "REQUEUED",
    "REQUEUE_HOLD",
    "STOPPED",
    "RESIZING",
];

/// Reasons of jobs that wait until an administrator releases them, because their nodes were lost too
/// often.
const HELD_BY_SLURM: [&str; 2] = ["launch_failed_requeued_held", "JobHoldMaxRequeue"];

/// What the programs of Slurm print if the controller does not answer. Their exit codes do not tell.
const UNREACHABLE: [&str; 6] = [
    "Unable to contact slurm controller",
    "Socket timed out",
    "Zero Bytes were transmitted",
    "Connection refused",
    "Connection timed out",
    "Transport endpoint is not connected",
];

/// What Slurm reports about one job of an array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct JobRow {
    /// Such as `RUNNING`, `TIMEOUT`; `UNKNOWN` if Slurm does not know the job any more.
    pub state: String,
    /// Why it waits; empty if there is no reason.
    #[serde(default)]
    pub reason: String,
    /// Exit code and signal, such as `0:9`.
    #[serde(default)]
    pub exit_code: String,
    /// The time limit in seconds.
    #[serde(default)]
    pub seconds: Option<u64>,
    /// The memory that it was given in bytes.
    #[serde(default)]
    pub memory: Option<u64>,
}

impl JobRow {
    /// A job that Slurm does not know any more.
    pub fn forgotten() -> Self {
        Self {
            state: "UNKNOWN".to_owned(),
            reason: String::new(),
            exit_code: String::new(),
            seconds: None,
            memory: None,
        }
    }

    /// Whether it is in the queue of Slurm, even if it is held there indefinitely.
    pub fn is_queued(&self) -> bool {
        ACTIVE.contains(&self.state.as_str())
    }

    /// Whether it will start or end without an administrator.
    pub fn is_active(&self) -> bool {
        self.is_queued() && !HELD_BY_SLURM.contains(&self.reason.as_str())
    }

    pub fn has_ended(&self) -> bool {
        !self.is_active() && self.state != "UNKNOWN"
    }
}

/// Calls the programs of Slurm that are on the `PATH`.
#[derive(Debug, Clone)]
pub(super) struct Client;

impl Client {
    /// Submits a script and returns the job number.
    pub fn sbatch(&self, arguments: &[String], script: &Path) -> Result<String, EngineError> {
        let fixed = [OsStr::new("--parsable")];
        let arguments = fixed.into_iter().chain(arguments.iter().map(OsStr::new));
        let printed = run(SBATCH, arguments.chain([script.as_os_str()]))?;
        // `number;cluster` on a federation.
        let number = printed.trim().split(';').next().unwrap_or_default();
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(EngineError::Scheduler {
                program: SBATCH.to_owned(),
                message: format!("it printed no job number but `{}`", printed.trim()),
            });
        }
        Ok(number.to_owned())
    }

    /// The largest number of indices of an array.
    pub fn array_limit(&self) -> Result<usize, EngineError> {
        // A clear error if there is no Slurm.
        run(SBATCH, ["--version"])?;
        let config = run("scontrol", ["show", "config"])?;
        let field = |key: &str| {
            let line = config
                .lines()
                .find(|line| line.trim_start().starts_with(key))?;
            line.split_once('=')?.1.trim().parse::<usize>().ok()
        };
        // The largest index is one below MaxArraySize.
        let array = field("MaxArraySize").map_or(ARRAY_LIMIT, |size| size.saturating_sub(1));
        if array == 0 {
            return Err(EngineError::Scheduler {
                program: "scontrol".to_owned(),
                message: "this cluster has no job arrays (MaxArraySize is 0)".to_owned(),
            });
        }
        Ok(array.min(field("MaxJobCount").unwrap_or(usize::MAX)).max(1))
    }

    /// The array with this name, if there is one.
    pub fn find(&self, name: &str) -> Result<Option<String>, EngineError> {
        let printed = run(
            "squeue",
            [
                "--noheader",
                "--states=all",
                "--format=%F",
                &format!("--name={name}"),
            ],
        )?;
        Ok(printed.lines().next().map(|line| line.trim().to_owned()))
    }

    /// The numbers of the jobs with these names that wait or run.
    pub fn queued(&self, names: &[String]) -> Result<Vec<String>, EngineError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let names = format!("--name={}", names.join(","));
        let printed = run("squeue", ["--noheader", "--format=%A", &names])?;
        Ok(printed.split_whitespace().map(str::to_owned).collect())
    }

    /// The jobs of an array with this many indices, by index. They come from `scontrol`. Of jobs that it has
    /// forgotten, they come from `sacct`, if the site has accounting.
    pub fn rows(&self, array: &str, number: usize) -> Result<BTreeMap<usize, JobRow>, EngineError> {
        let mut rows = match run("scontrol", ["-o", "show", "job", array]) {
            Ok(printed) => from_scontrol(&printed, number),
            Err(EngineError::Scheduler { message, .. }) if message.contains("Invalid job id") => {
                BTreeMap::new()
            }
            Err(error) => return Err(error),
        };
        if rows.len() < number {
            let format = "--format=JobID,State,ExitCode,TimelimitRaw,ReqMem";
            // Many sites have no accounting, and then this fails.
            let accounted = run("sacct", ["-n", "-X", "-P", "-j", array, format]);
            for (place, row) in accounted
                .map(|text| from_sacct(&text, number))
                .unwrap_or_default()
            {
                rows.entry(place).or_insert(row);
            }
        }
        Ok(rows)
    }

    /// Cancels a job, or all jobs of an array, with the processes that they have started.
    pub fn cancel(&self, job: &str) -> Result<(), EngineError> {
        run("scancel", ["--full", job]).map(|_| ())
    }
}

fn run<A: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = A>,
) -> Result<String, EngineError> {
    let mut command = Command::new(program);
    // Jobs get the environment of sbatch, and no output of it is read that has a language.
    if program != SBATCH {
        command.env("LC_ALL", "C");
    }
    let output = command
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| match source.kind() {
            io::ErrorKind::NotFound => EngineError::SchedulerMissing {
                program: program.to_owned(),
            },
            _ => EngineError::Program {
                program: program.to_owned(),
                source,
            },
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let message = match said.trim() {
        "" => output.status.to_string(),
        said => said.to_owned(),
    };
    let program = program.to_owned();
    Err(
        match UNREACHABLE.iter().any(|text| message.contains(text)) {
            true => EngineError::SchedulerUnreachable { program, message },
            false => EngineError::Scheduler { program, message },
        },
    )
}

/// Reads `scontrol -o show job`: one line a job, `Key=Value` with spaces between.
fn from_scontrol(text: &str, number: usize) -> BTreeMap<usize, JobRow> {
    let mut rows = BTreeMap::new();
    let mut waiting = None;
    for line in text.lines() {
        let field = |key: &str| {
            let mut words = line.split(' ');
            words.find_map(|word| word.strip_prefix(key)?.strip_prefix('='))
        };
        let (Some(state), Some(indices)) = (field("JobState"), field("ArrayTaskId")) else {
            continue;
        };
        let granted = field("TRES").into_iter().flat_map(|text| text.split(','));
        let row = JobRow {
            state: state.to_owned(),
            reason: field("Reason")
                .filter(|reason| *reason != "None")
                .unwrap_or_default()
                .to_owned(),
            exit_code: field("ExitCode").unwrap_or_default().to_owned(),
            seconds: field("TimeLimit").and_then(seconds),
            memory: granted
                .filter_map(|part| part.strip_prefix("mem="))
                .find_map(memory),
        };
        let places = places(indices, number);
        if indices.contains("...") {
            waiting = Some(row.clone());
        }
        for place in places {
            rows.insert(place, row.clone());
        }
    }
    // Slurm shortens a long list of indices that wait.
    if let Some(row) = waiting {
        for place in 0..number {
            rows.entry(place).or_insert_with(|| row.clone());
        }
    }
    rows
}

/// Reads `sacct -n -X -P` with the columns JobID, State, ExitCode, TimelimitRaw and ReqMem.
fn from_sacct(text: &str, number: usize) -> BTreeMap<usize, JobRow> {
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let columns: Vec<&str> = line.split('|').collect();
        let [id, state, exit_code, minutes, requested] = columns[..] else {
            continue;
        };
        let Some((_, indices)) = id.split_once('_') else {
            continue;
        };
        let row = JobRow {
            // `CANCELLED by 1000`
            state: state.split(' ').next().unwrap_or_default().to_owned(),
            reason: String::new(),
            exit_code: exit_code.to_owned(),
            seconds: minutes.parse::<u64>().ok().map(|minutes| minutes * 60),
            memory: memory(requested),
        };
        for place in places(indices.trim_matches(['[', ']']), number) {
            rows.insert(place, row.clone());
        }
    }
    rows
}

/// The indices below `number` in a list such as `0-3,7,9-20%4`.
fn places(text: &str, number: usize) -> Vec<usize> {
    let text = text.split('%').next().unwrap_or_default();
    let mut places = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(first), Ok(last)) = (first.parse::<usize>(), last.parse::<usize>()) {
            places.extend(first..=last.min(number.saturating_sub(1)));
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_of_an_array_are_read_one_by_one() {
        let text = "\
JobId=1 ArrayJobId=1 ArrayTaskId=3-5%2 JobState=PENDING Reason=JobArrayTaskLimit ExitCode=0:0 TimeLimit=UNLIMITED TRES=cpu=1,mem=2000M,node=1
JobId=2 ArrayJobId=1 ArrayTaskId=0 JobState=TIMEOUT Reason=TimeLimit ExitCode=0:15 TimeLimit=00:01:00 TRES=cpu=1,mem=1.50G,node=1
JobId=3 ArrayJobId=1 ArrayTaskId=1 JobState=OUT_OF_MEMORY Reason=OutOfMemory ExitCode=0:125 TimeLimit=1-00:00:00
";
        let rows = from_scontrol(text, 6);
        let states: Vec<(usize, &str)> = rows
            .iter()
            .map(|(place, row)| (*place, row.state.as_str()))
            .collect();
        assert_eq!(
            states,
            [
                (0, "TIMEOUT"),
                (1, "OUT_OF_MEMORY"),
                (3, "PENDING"),
                (4, "PENDING"),
                (5, "PENDING")
            ]
        );
        assert_eq!(
            (rows[&0].seconds, rows[&0].memory),
            (Some(60), Some(1536 << 20))
        );
        assert!(rows[&3].is_active() && rows[&0].has_ended());
        let held = "JobId=1 ArrayJobId=1 ArrayTaskId=0 JobState=PENDING \
            Reason=launch_failed_requeued_held ExitCode=0:0";
        let held = &from_scontrol(held, 1)[&0];
        assert!(held.is_queued() && !held.is_active());
        let long =
            "JobId=1 ArrayJobId=1 ArrayTaskId=1,3,5,... JobState=PENDING Reason=None ExitCode=0:0";
        assert_eq!(from_scontrol(long, 9).len(), 9);
        let accounted = from_sacct("1_0|CANCELLED by 0|0:15|60|4Gc\n1_[2-3]|PENDING|0:0||\n", 4);
        assert_eq!(accounted.keys().copied().collect::<Vec<_>>(), [0, 2, 3]);
        assert_eq!(accounted[&0].memory, Some(4 << 30));
    }
}
