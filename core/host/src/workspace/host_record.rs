//! The machine and the program of a run.

use std::{collections::BTreeMap, env, path::Path};

use protea_files::Links;
use serde::{Deserialize, Serialize};

/// The largest file of the system that is read, in bytes.
const LARGEST: u64 = 4 << 20;
/// The longest value of a variable that is recorded, in bytes.
const LONGEST: usize = 1024;

/// Environment variables that change what a run computes, or how fast.
const VARIABLES: [&str; 14] = [
    "CUDA_VISIBLE_DEVICES",
    "LC_ALL",
    "LD_LIBRARY_PATH",
    "LIGHTGBM_LIBRARY",
    "MALLOC_ARENA_MAX",
    "MKL_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "PROTEA_KERNEL",
    "PROTEA_RUNNER_PATH",
    "RAYON_NUM_THREADS",
    "SLURM_CPUS_PER_TASK",
    "SLURM_JOB_ID",
    "SOURCE_DATE_EPOCH",
];

/// The machine and the program of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HostRecord {
    /// The version of protea.
    pub protea: String,
    /// Operating system and architecture, such as `linux-x86_64`.
    pub platform: String,
    /// How many cores the process could use.
    pub cores: usize,
    /// The model of the processor, as the system names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processor: Option<String>,
    /// The memory of the machine in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
    /// The distribution and the version of the kernel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// Environment variables that change what a run computes, or how fast. None of them is a
    /// credential.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
}

impl HostRecord {
    /// This machine and program.
    #[must_use]
    pub fn current() -> Self {
        Self {
            protea: env!("CARGO_PKG_VERSION").to_owned(),
            platform: format!("{}-{}", env::consts::OS, env::consts::ARCH),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            processor: processor(),
            memory: memory(),
            system: system(),
            variables: variables(),
        }
    }
}

fn read(path: &str) -> Option<String> {
    protea_files::read_text(Path::new(path), Links::Follow, LARGEST).ok()
}

/// The value of the first line `name: value` or `name=value`.
fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once([':', '='])?;
        (key.trim() == name).then(|| value.trim().trim_matches('"'))
    })
}

fn processor() -> Option<String> {
    let text = read("/proc/cpuinfo")?;
    let name = value(&text, "model name").or_else(|| value(&text, "Model"));
    name.map(str::to_owned)
}

fn memory() -> Option<u64> {
    let text = read("/proc/meminfo")?;
    let kib: u64 = value(&text, "MemTotal")?
        .split_whitespace()
        .next()?
        .parse()
        .ok()?;
    kib.checked_mul(1024)
}

fn system() -> Option<String> {
    let release = read("/etc/os-release").unwrap_or_default();
    let name = value(&release, "PRETTY_NAME").map(str::to_owned);
    let kernel = read("/proc/sys/kernel/osrelease");
    let kernel = kernel.map(|kernel| format!("Linux {}", kernel.trim()));
    let parts: Vec<String> = [name, kernel].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn variables() -> BTreeMap<String, String> {
    let set = VARIABLES.iter().filter_map(|name| {
        let value = env::var(name).ok().filter(|value| !value.is_empty())?;
        let end = value.floor_char_boundary(LONGEST);
        Some(((*name).to_owned(), value[..end].to_owned()))
    });
    set.collect()
}
