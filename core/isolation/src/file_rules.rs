//! The Landlock rules of a sandbox: which files a worker can read, write and execute, and that its
//! signals and abstract sockets stay inside.

use std::{
    env,
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
    Scope, path_beneath_rules,
};

use super::sandbox::Enclosure;

/// The first version of Landlock that restricts everything that a sandbox promises, and the first
/// Linux that has it.
const COMPLETE: ABI = ABI::V6;
const COMPLETE_SINCE: &str = "Linux 6.12";

const LIBRARIES: [&str; 12] = [
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib32",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/local/lib64",
    "/etc/ld.so.cache",
    "/etc/ld.so.preload",
    "/nix/store",
    "/gnu/store",
];
const SYSTEM: [&str; 8] = [
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm/hugepages",
    "/sys/kernel/mm/transparent_hugepage",
    "/dev/random",
    "/dev/urandom",
    "/etc/localtime",
    "/usr/share/zoneinfo",
];
const SINKS: [&str; 2] = ["/dev/null", "/dev/zero"];

/// What a worker can read of `/proc`: its own process, and what libraries ask about the machine. The
/// rest shows other processes, and to root the memory of the machine.
const PROC_DIRECTORY: &str = "/proc/self";
const PROC: [&str; 18] = [
    "/proc/cpuinfo",
    "/proc/filesystems",
    "/proc/loadavg",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/uptime",
    "/proc/version",
    "/proc/vmstat",
    "/proc/sys/fs/pipe-max-size",
    "/proc/sys/kernel/cap_last_cap",
    "/proc/sys/kernel/numa_balancing",
    "/proc/sys/kernel/osrelease",
    "/proc/sys/kernel/ostype",
    "/proc/sys/kernel/pid_max",
    "/proc/sys/kernel/threads-max",
    "/proc/sys/vm/max_map_count",
    "/proc/sys/vm/nr_hugepages",
    "/proc/sys/vm/overcommit_memory",
];

/// Restricts this thread and everything it starts. If the kernel has only some of the restrictions,
/// applies those, unless `strict`.
///
/// # Errors
///
/// What is not restricted.
pub(super) fn restrict(enclosure: &Enclosure, strict: bool) -> Result<(), String> {
    let pinned = pin();
    let whole = landlock(enclosure, &pinned, CompatLevel::HardRequirement);
    let Err(error) = whole else {
        // As long as these are open, the kernel keeps the entries that the rules refer to. It
        // creates entries of `/proc` anew after it has dropped them from its cache.
        Box::leak(pinned.into_boxed_slice());
        return Ok(());
    };
    if strict {
        return Err(format!(
            "this kernel's Landlock lacks a required feature ({COMPLETE_SINCE} has all): {error}"
        ));
    }
    let result = landlock(enclosure, &pinned, CompatLevel::BestEffort);
    Box::leak(pinned.into_boxed_slice());
    match result {
        Ok(status) if status.ruleset == RulesetStatus::NotEnforced => {
            Err("this kernel has no Landlock, so file access is not restricted".to_owned())
        }
        Ok(_) => Err(format!(
            "this kernel's Landlock is too old to restrict all writing, devices and signals to other processes ({COMPLETE_SINCE} has all): {error}"
        )),
        Err(error) => Err(format!("Landlock does not work: {error}")),
    }
}

/// The entries of `/proc` that a worker can read.
fn pin() -> Vec<(PathFd, BitFlags<AccessFs>)> {
    let open = |path: &str, access| Some((PathFd::new(path).ok()?, access));
    open(PROC_DIRECTORY, AccessFs::ReadFile | AccessFs::ReadDir)
        .into_iter()
        .chain(
            PROC.iter()
                .filter_map(|path| open(path, AccessFs::ReadFile.into())),
        )
        .collect()
}

fn landlock(
    enclosure: &Enclosure,
    pinned: &[(PathFd, BitFlags<AccessFs>)],
    level: CompatLevel,
) -> Result<RestrictionStatus, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let never = AccessFs::Execute
        | AccessFs::MakeChar
        | AccessFs::MakeBlock
        | AccessFs::MakeFifo
        | AccessFs::MakeSock
        | AccessFs::IoctlDev;
    let write: BitFlags<AccessFs> = AccessFs::from_all(ABI::V3) & !never;
    let pinned = pinned
        .iter()
        .map(|(entry, access)| Ok::<_, RulesetError>(PathBeneath::new(entry, *access)));
    Ruleset::default()
        .set_compatibility(level)
        .handle_access(AccessFs::from_all(COMPLETE))?
        .handle_access(AccessNet::from_all(COMPLETE))?
        .scope(Scope::from_all(COMPLETE))?
        .create()?
        .add_rules(path_beneath_rules(LIBRARIES.iter().chain(&SYSTEM), read))?
        .add_rules(pinned)?
        .add_rules(path_beneath_rules(this_process(), read))?
        .add_rules(path_beneath_rules(&enclosure.read, read))?
        .add_rules(path_beneath_rules(
            &enclosure.execute,
            AccessFs::ReadFile | AccessFs::Execute,
        ))?
        .add_rules(path_beneath_rules(
            &SINKS,
            AccessFs::ReadFile | AccessFs::WriteFile,
        ))?
        .add_rules(path_beneath_rules(&enclosure.write, write))?
        .restrict_self()
}

/// This program, which a backtrace reads, and the user's library directories.
fn this_process() -> Vec<PathBuf> {
    let libraries = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    env::split_paths(&libraries)
        .filter(|path| path.is_absolute() && path != Path::new("/"))
        .chain(env::current_exe())
        .collect()
}
