//! Graphics processors of NVIDIA, as `nvidia-smi` reports them.
//!
//! The program takes long to start, so one of it runs as long as there are runs, prints a line for
//! each processor at every interval, and is shared by all runs of this process. It ends when it is
//! killed, or by its next line if this process is gone.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use crate::dispatch::find_on_path;

const PROGRAM: &str = "nvidia-smi";
/// What is asked for, in this order.
const FIELDS: &str =
    "index,utilization.gpu,memory.used,memory.total,power.draw,power.limit,temperature.gpu";
/// The longest line that is read, in bytes.
const LONGEST_LINE: u64 = 4096;
/// The most processors that are recorded.
const MOST: usize = 64;
/// A line is too old after so many intervals.
const OLD: u32 = 3;
/// How long the end of the program is waited for.
const LONGEST_END: Duration = Duration::from_secs(2);
/// `nvidia-smi` reports memory in MiB, metrics are in megabytes.
const MEGABYTES_OF_MIB: f64 = 1.048_576;

/// The graphics processors of this machine.
pub(super) struct Gpus {
    program: Mutex<Child>,
    latest: Arc<Mutex<BTreeMap<u32, (Instant, Gpu)>>>,
    interval: Duration,
}

/// A line of the program. What it does not know is `None`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Gpu {
    index: u32,
    utilization: Option<f64>,
    used: Option<f64>,
    total: Option<f64>,
    power: Option<f64>,
    power_limit: Option<f64>,
    temperature: Option<f64>,
}

/// The program that runs now.
static SHARED: Mutex<Weak<Gpus>> = Mutex::new(Weak::new());

impl Gpus {
    /// The processors, asked at this interval or at that of the run that asked first. `None` if the
    /// program is not on the PATH or does not start.
    pub(super) fn shared(interval: Duration) -> Option<Arc<Self>> {
        let mut shared = lock(&SHARED);
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let program = find_on_path(PROGRAM)?;
        let seconds = interval.as_secs().max(1);
        let mut command = Command::new(program);
        command
            .arg(format!("--query-gpu={FIELDS}"))
            .arg("--format=csv,noheader,nounits")
            .arg(format!("--loop={seconds}"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        // Ctrl-C in a terminal is meant for this process.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut program = command.spawn().ok()?;
        let lines = program.stdout.take()?;
        let latest = Arc::default();
        let gpus = Arc::new(Self {
            program: Mutex::new(program),
            latest: Arc::clone(&latest),
            interval: Duration::from_secs(seconds),
        });
        // The thread ends with the program. Without it there are no samples.
        let _ = thread::Builder::new()
            .name("nvidia-smi".to_owned())
            .spawn(move || follow(lines, &latest));
        *shared = Arc::downgrade(&gpus);
        Some(gpus)
    }

    /// What is known of each processor now, by the names that MLflow uses.
    pub(super) fn sample(&self) -> Vec<(String, f64)> {
        let mut latest = lock(&self.latest);
        latest.retain(|_, (at, _)| at.elapsed() <= self.interval * OLD);
        latest.values().flat_map(|(_, gpu)| gpu.values()).collect()
    }
}

impl Drop for Gpus {
    fn drop(&mut self) {
        let mut program = lock(&self.program);
        // Fails if it has ended.
        let _ = program.kill();
        // With a broken driver it may not end even so; a run must.
        let until = Instant::now() + LONGEST_END;
        while matches!(program.try_wait(), Ok(None)) && Instant::now() < until {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn follow(lines: impl Read, latest: &Mutex<BTreeMap<u32, (Instant, Gpu)>>) {
    let mut lines = BufReader::new(lines);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let Some(gpu) = Gpu::parse(&String::from_utf8_lossy(&line)) else {
            continue;
        };
        let mut latest = lock(latest);
        if latest.len() < MOST || latest.contains_key(&gpu.index) {
            latest.insert(gpu.index, (Instant::now(), gpu));
        }
    }
}

impl Gpu {
    /// Parses a line such as `0, 97, 20480, 81920, 312.55, 400.00, 61`. A value that a processor does
    /// not have is `[N/A]`.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(',').map(str::trim);
        let index = fields.next()?.parse().ok()?;
        let mut value = || {
            let value: Option<f64> = fields.next()?.parse().ok();
            value.filter(|value| value.is_finite())
        };
        Some(Self {
            index,
            utilization: value(),
            used: value(),
            total: value(),
            power: value(),
            power_limit: value(),
            temperature: value(),
        })
    }

    fn values(&self) -> impl Iterator<Item = (String, f64)> + use<> {
        let part = |value: Option<f64>, whole: Option<f64>| {
            let whole = whole.filter(|whole| *whole > 0.0)?;
            Some(100.0 * value? / whole)
        };
        let index = self.index;
        [
            ("utilization_percentage", self.utilization),
            (
                "memory_usage_megabytes",
                self.used.map(|mib| mib * MEGABYTES_OF_MIB),
            ),
            ("memory_usage_percentage", part(self.used, self.total)),
            ("power_usage_watts", self.power),
            ("power_usage_percentage", part(self.power, self.power_limit)),
            ("temperature_celsius", self.temperature),
        ]
        .into_iter()
        .filter_map(move |(name, value)| Some((format!("gpu_{index}_{name}"), value?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read_and_unknown_values_are_left_out() {
        let gpu = Gpu::parse("0, 97, 20480, 81920, 312.50, 400.00, 61\n").unwrap();
        let values: BTreeMap<String, f64> = gpu.values().collect();
        assert_eq!(values["gpu_0_utilization_percentage"], 97.0);
        assert_eq!(values["gpu_0_memory_usage_percentage"], 25.0);
        assert_eq!(values["gpu_0_memory_usage_megabytes"], 20480.0 * 1.048576);
        assert_eq!(values["gpu_0_power_usage_percentage"], 78.125);
        let gpu = Gpu::parse("3, [N/A], 5, 0, [Not Supported], nan").unwrap();
        let names: Vec<String> = gpu.values().map(|(name, _)| name).collect();
        assert_eq!(names, ["gpu_3_memory_usage_megabytes"]);
        assert_eq!(Gpu::parse("No devices were found"), None);
        assert_eq!(Gpu::parse(""), None);
    }

    #[test]
    fn lines_without_end_and_many_processors_are_bounded() {
        let mut text = vec![b'x'; 3 << 20];
        text.extend((0..1000).flat_map(|index| format!("\n{index}, 1, 2, 3").into_bytes()));
        let latest = Mutex::default();
        follow(&text[..], &latest);
        assert_eq!(lock(&latest).len(), MOST);
    }
}
