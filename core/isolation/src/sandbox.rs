//! The sandbox: which files a worker can access, and no network.
//!
//! Linux only: Landlock for files (version 3 or newer, since Linux 6.2; later versions also
//! restrict signals and devices), seccomp for sockets and for what Landlock does not cover. The
//! restrictions apply to every later thread and child process, and cannot be removed.
//!
//! | readable | writable |
//! |---|---|
//! | the dataset, the model and its directory, the dataset that a reference model names | the output directory |
//! | the runner's file, the shared libraries in its directory, this program | `/dev/null`, `/dev/zero` |
//! | the system's libraries, those in `LD_LIBRARY_PATH`, time zones | |
//! | information about the system and its processes (not the memory of others), random numbers | |
//!
//! The worker cannot change mode, owner, times or attributes of a file, not even in the output
//! directory: Landlock does not cover them, and seccomp does not see paths. `fchmod` does nothing and
//! succeeds. The worker cannot create sockets. It can start only declared programs, sandboxed too.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Whether a sandbox restricts a worker to the files it needs and blocks the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Sandbox {
    /// No sandbox: the worker can do what the user can.
    #[default]
    Off,
    /// As far as the kernel supports it. The event [`INCOMPLETE`] reports what is not restricted.
    WherePossible,
    /// Complete. A dispatch fails if the kernel does not support all restrictions.
    Strict,
}

/// The name of the event, a warning, that reports an incomplete sandbox.
pub const INCOMPLETE: &str = "worker.sandbox_incomplete";

/// The sandbox of one worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Enclosure {
    pub mode: Sandbox,
    /// Files and directories that this worker can read, in addition to those of every worker.
    pub read: Vec<PathBuf>,
    /// Programs that this worker can start, with the same restrictions, and their loaders.
    pub execute: Vec<PathBuf>,
    /// The directory that this worker can write to. Created if missing.
    pub write: Option<PathBuf>,
}

impl Enclosure {
    /// Restricts this thread and everything it starts. Returns a description of what is not
    /// restricted.
    pub(super) fn impose(&self) -> Result<Option<String>, String> {
        if self.mode == Sandbox::Off {
            return Ok(None);
        }
        let holes = match imp::impose(self) {
            Ok(()) => return Ok(None),
            Err(holes) => holes,
        };
        match self.mode {
            Sandbox::Strict => Err(format!(
                "strict sandbox is not available on this system: {holes}; use a sandbox that is not strict, or none"
            )),
            _ => Ok(Some(format!("the sandbox is incomplete: {holes}"))),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    pub(super) fn impose(_: &super::Enclosure) -> Result<(), String> {
        Err("the sandbox needs Linux, so nothing is restricted".to_owned())
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::{
        env, fs,
        path::{Path, PathBuf},
    };

    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, RestrictionStatus,
        Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
        path_beneath_rules,
    };

    use super::{Enclosure, Sandbox};
    #[cfg(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    ))]
    use crate::{
        denied_syscalls::denied_syscalls,
        syscall_filter::{self, Foreign, Given},
    };

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
    const SYSTEM: [&str; 7] = [
        // All of /proc, so that a search for orphans works. Landlock still blocks the memory,
        // environment and files of processes outside the sandbox.
        "/proc",
        "/sys/devices/system",
        "/sys/fs/cgroup",
        "/dev/random",
        "/dev/urandom",
        "/etc/localtime",
        "/usr/share/zoneinfo",
    ];
    const SINKS: [&str; 2] = ["/dev/null", "/dev/zero"];

    pub(super) fn impose(enclosure: &Enclosure) -> Result<(), String> {
        if let Some(output) = &enclosure.write {
            fs::create_dir_all(output)
                .map_err(|error| format!("{} cannot be created: {error}", output.display()))?;
        }
        let files = files(enclosure);
        let calls = calls();
        match (files, calls) {
            (Ok(()), Ok(())) => Ok(()),
            (Ok(()), Err(hole)) | (Err(hole), Ok(())) => Err(hole),
            (Err(one), Err(other)) => Err(format!("{one}; {other}")),
        }
    }

    fn files(enclosure: &Enclosure) -> Result<(), String> {
        let whole = landlock(enclosure, CompatLevel::HardRequirement);
        let Err(error) = whole else { return Ok(()) };
        if enclosure.mode == Sandbox::Strict {
            return Err(format!(
                "this kernel's Landlock lacks a required feature: {error}"
            ));
        }
        match landlock(enclosure, CompatLevel::BestEffort) {
            Ok(status) if status.ruleset == RulesetStatus::NotEnforced => {
                Err("this kernel has no Landlock, so file access is not restricted".to_owned())
            }
            Ok(_) => Err(format!(
                "this kernel's Landlock is too old to restrict all writing: {error}"
            )),
            Err(error) => Err(format!("Landlock does not work: {error}")),
        }
    }

    /// `level` applies to the required restrictions; the others are applied if the kernel has them.
    fn landlock(
        enclosure: &Enclosure,
        level: CompatLevel,
    ) -> Result<RestrictionStatus, RulesetError> {
        let read = AccessFs::ReadFile | AccessFs::ReadDir;
        let never = AccessFs::Execute
            | AccessFs::MakeChar
            | AccessFs::MakeBlock
            | AccessFs::MakeSock
            | AccessFs::IoctlDev;
        let write: BitFlags<AccessFs> = AccessFs::from_all(ABI::V3) & !never;
        Ruleset::default()
            .set_compatibility(level)
            .handle_access(AccessFs::from_all(ABI::V3))?
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::IoctlDev)?
            .handle_access(AccessNet::from_all(ABI::V4))?
            .scope(Scope::from_all(ABI::V6))?
            .create()?
            .add_rules(path_beneath_rules(LIBRARIES.iter().chain(&SYSTEM), read))?
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

    #[cfg(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    ))]
    fn calls() -> Result<(), String> {
        // `std::fs::copy` sets the mode of the file that it has just written, and fails on an error. A call
        // that does nothing is harmless: the file was created with that mode.
        let harmless = vec![(libc::SYS_fchmod, Vec::new())];
        let denied = denied_syscalls().into_iter().map(|call| (call, Vec::new()));
        let requests = REQUESTS.map(|request| (libc::SYS_ioctl, vec![(1, request)]));
        syscall_filter::answer(&harmless, 0, Foreign::Fatal)
            .and_then(|()| {
                let calls: Vec<Given> = denied.chain(requests).collect();
                syscall_filter::answer(&calls, libc::EACCES, Foreign::Fatal)
            })
            .map_err(|error| {
                format!(
                    "seccomp does not work, so the network and file modes are not restricted: {error}"
                )
            })
    }

    #[cfg(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    ))]
    /// `ioctl` requests that change attributes of a file or its file system and need only a file that
    /// is open for reading, such as those of `chattr`.
    const REQUESTS: [u32; 13] = [
        0x4008_6602, // FS_IOC_SETFLAGS
        0x4004_6602, // FS_IOC32_SETFLAGS
        0x4008_7602, // FS_IOC_SETVERSION
        0x4004_7602, // FS_IOC32_SETVERSION
        0x401c_5820, // FS_IOC_FSSETXATTR
        0x800c_6613, // FS_IOC_SET_ENCRYPTION_POLICY
        0x4080_6685, // FS_IOC_ENABLE_VERITY
        0x4100_9432, // FS_IOC_SETFSLABEL
        0x4008_941a, // BTRFS_IOC_SUBVOL_SETFLAGS
        0x4004_7211, // FAT_IOCTL_SET_ATTRIBUTES
        0xc004_5877, // FIFREEZE
        0xc004_5878, // FITHAW
        0xc018_5879, // FITRIM
    ];

    #[cfg(not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )))]
    fn calls() -> Result<(), String> {
        Err(
            "seccomp is not supported on this architecture, so the network and file modes are not restricted"
                .to_owned(),
        )
    }
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::{
        protect_parent,
        syscall_filter::{self, Foreign},
    };

    /// Runs a function in a thread for which the kernel reports no Landlock.
    fn without_landlock<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = std::thread::spawn(|| {
            let calls = [(libc::SYS_landlock_create_ruleset, Vec::new())];
            syscall_filter::answer(&calls, libc::ENOSYS, Foreign::Fatal)
                .expect("this kernel has seccomp");
            act()
        });
        thread.join().expect("the thread does not panic")
    }

    fn enclosure(mode: Sandbox) -> Enclosure {
        Enclosure {
            mode,
            read: Vec::new(),
            execute: Vec::new(),
            write: None,
        }
    }

    #[test]
    fn an_incomplete_sandbox_is_an_error_only_if_strict() {
        let refused = without_landlock(|| enclosure(Sandbox::Strict).impose()).unwrap_err();
        assert!(
            refused.contains("strict sandbox is not available on this system"),
            "{refused}"
        );
        let incomplete = without_landlock(|| enclosure(Sandbox::WherePossible).impose());
        let incomplete = incomplete.unwrap().unwrap();
        assert!(
            incomplete.contains("this kernel has no Landlock"),
            "{incomplete}"
        );
        assert_eq!(
            without_landlock(|| enclosure(Sandbox::Off).impose()),
            Ok(None)
        );
    }

    #[test]
    fn what_only_seccomp_refuses_is_refused_even_without_landlock() {
        let refused = without_landlock(|| {
            enclosure(Sandbox::WherePossible).impose().unwrap();
            let inet = std::net::UdpSocket::bind("127.0.0.1:0").map(drop);
            let unix = std::os::unix::net::UnixDatagram::unbound().map(drop);
            [inet, unix].map(|made| made.map_err(|error| error.kind()))
        });
        assert_eq!(refused, [Err(std::io::ErrorKind::PermissionDenied); 2]);
    }

    #[test]
    fn without_landlock_the_parent_is_out_of_reach_too() {
        use rustix::process::{
            Pid, Signal, getppid, kill_process, kill_process_group, test_kill_process,
        };

        let parent = getppid().expect("it has one");
        test_kill_process(parent).expect("the parent can be signalled before");
        let errors = without_landlock(move || {
            protect_parent();
            let mut child = std::process::Command::new("sleep").arg("60").spawn()?;
            kill_process(Pid::from_child(&child), Signal::KILL)?;
            child.wait()?;
            Ok::<_, std::io::Error>([
                test_kill_process(parent).err(),
                kill_process(parent, Signal::CONT).err(),
                kill_process_group(Pid::INIT, Signal::CONT).err(),
            ])
        });
        let refused = Some(rustix::io::Errno::PERM);
        assert_eq!(errors.expect("the child is its own"), [refused; 3]);
    }
}
