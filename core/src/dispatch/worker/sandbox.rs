//! What a worker may reach: its files, and nothing of the network.
//!
//! Linux only: Landlock for files (version 3 of it at least, in Linux since 6.2; later versions also
//! keep signals and devices out of reach), seccomp for sockets and for what Landlock does not know. The restrictions hold for every
//! thread and child that comes after them, and cannot be lifted again.
//!
//! | may be read | may be written |
//! |---|---|
//! | the dataset, the model with the directory that it lies in, the dataset that a reference model names | the output directory |
//! | the runner's file, the shared libraries beside it, this program | `/dev/null`, `/dev/zero` |
//! | the system's libraries, those in `LD_LIBRARY_PATH`, time zones | |
//! | what the system says of itself and its processes (not into the others), random numbers | |
//!
//! No mode, owner, time or attribute of a file can be changed, not even below the output directory:
//! Landlock covers none of them, and seccomp does not see paths. `fchmod` succeeds and does nothing.
//! No socket can be made, and no program started but those that the runner declares; what holds for
//! the worker holds for them.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Whether a worker is kept to the files it needs and away from the network.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Sandbox {
    /// It may do what the user may.
    #[default]
    Off,
    /// As far as the kernel can; what it cannot is told as the event [`INCOMPLETE`].
    WherePossible,
    /// Wholly; a dispatch fails where the kernel cannot.
    Strict,
}

/// The event, a warning, that tells of a sandbox with holes in it.
pub const INCOMPLETE: &str = "worker.sandbox_incomplete";

/// What one worker may reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Enclosure {
    pub mode: Sandbox,
    /// Files and directories to read, beside those of every worker.
    pub read: Vec<PathBuf>,
    /// Programs that may be started, enclosed as their starter is, and what loads them.
    pub execute: Vec<PathBuf>,
    /// The directory to write to; it is made if need be.
    pub write: Option<PathBuf>,
}

impl Enclosure {
    /// Encloses this thread and all that it starts. Answers with what is not enclosed.
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
                "a strict sandbox is not to be had here: {holes}; use --sandbox without strict, or none"
            )),
            _ => Ok(Some(format!("the sandbox has holes: {holes}"))),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    pub(super) fn impose(_: &super::Enclosure) -> Result<(), String> {
        Err("only Linux has what it is made of, so nothing is enclosed".to_owned())
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
        // Whole, so that what a runner leaves behind is found. Of processes outside of the sandbox,
        // Landlock keeps memory, environment and files closed all the same.
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
                .map_err(|error| format!("{} cannot be made: {error}", output.display()))?;
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
            return Err(format!("this kernel's Landlock does not do: {error}"));
        }
        match landlock(enclosure, CompatLevel::BestEffort) {
            Ok(status) if status.ruleset == RulesetStatus::NotEnforced => {
                Err("this kernel has no Landlock, so any file can be reached".to_owned())
            }
            Ok(_) => Err(format!(
                "this kernel's Landlock is too old to keep all writing in: {error}"
            )),
            Err(error) => Err(format!("Landlock does not work: {error}")),
        }
    }

    /// `level` goes for what a sandbox cannot be without; the rest is taken where the kernel has it.
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

    /// This program, which a backtrace reads, and where the user has libraries.
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
        // `std::fs::copy` changes the mode of what it has just written, and fails if it may not. What
        // does nothing harms nothing: the file was made with that mode already.
        answer(vec![libc::SYS_fchmod], 0)?;
        answer(denied(), libc::EACCES)
    }

    /// Sockets, and what Landlock lets everybody do to the files of the same user: modes, owners,
    /// times, attributes.
    #[cfg(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    ))]
    fn denied() -> Vec<libc::c_long> {
        // Younger than the constants of libc; the same numbers on every architecture.
        const SETXATTRAT: libc::c_long = 463;
        const REMOVEXATTRAT: libc::c_long = 466;
        const FILE_SETATTR: libc::c_long = 469;
        let mut calls = vec![
            libc::SYS_socket,
            // It makes sockets without the call that is named after them.
            libc::SYS_io_uring_setup,
            libc::SYS_fchmodat,
            libc::SYS_fchmodat2,
            libc::SYS_fchown,
            libc::SYS_fchownat,
            libc::SYS_utimensat,
            libc::SYS_setxattr,
            libc::SYS_lsetxattr,
            libc::SYS_fsetxattr,
            SETXATTRAT,
            libc::SYS_removexattr,
            libc::SYS_lremovexattr,
            libc::SYS_fremovexattr,
            REMOVEXATTRAT,
            FILE_SETATTR,
        ];
        #[cfg(target_arch = "x86_64")]
        calls.extend([
            libc::SYS_chmod,
            libc::SYS_chown,
            libc::SYS_lchown,
            libc::SYS_utime,
            libc::SYS_utimes,
            libc::SYS_futimesat,
        ]);
        calls
    }

    /// Has the kernel answer these calls with this error, or with success and nothing done for 0.
    #[cfg(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    ))]
    fn answer(mut calls: Vec<libc::c_long>, error: libc::c_int) -> Result<(), String> {
        use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

        if cfg!(target_arch = "x86_64") {
            // The same calls of the x32 interface have this bit set.
            const X32: libc::c_long = 0x4000_0000;
            calls.extend(calls.clone().into_iter().map(|call| call | X32));
        }
        let rules = calls.into_iter().map(|call| (call, Vec::new())).collect();
        let filter = || -> Result<BpfProgram, seccompiler::BackendError> {
            SeccompFilter::new(
                rules,
                SeccompAction::Allow,
                SeccompAction::Errno(error.cast_unsigned()),
                env::consts::ARCH.try_into()?,
            )?
            .try_into()
        };
        filter()
            .map_err(|error| error.to_string())
            .and_then(|filter| seccompiler::apply_filter(&filter).map_err(|e| e.to_string()))
            .map_err(|error| {
                format!(
                    "seccomp does not work, so the network and the modes of files are open: {error}"
                )
            })
    }

    #[cfg(not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )))]
    fn calls() -> Result<(), String> {
        Err(
            "there is no way to close the network and keep the modes of files on this machine"
                .to_owned(),
        )
    }
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};

    use super::*;

    /// Does this in a thread whose kernel knows no Landlock.
    fn without_landlock<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = std::thread::spawn(|| {
            let filter = || -> Result<BpfProgram, seccompiler::BackendError> {
                SeccompFilter::new(
                    [(libc::SYS_landlock_create_ruleset, Vec::new())].into(),
                    SeccompAction::Allow,
                    SeccompAction::Errno(libc::ENOSYS.cast_unsigned()),
                    std::env::consts::ARCH.try_into()?,
                )?
                .try_into()
            };
            let filter = filter().expect("the filter is well formed");
            seccompiler::apply_filter(&filter).expect("this kernel has seccomp");
            act()
        });
        thread.join().expect("nothing in it panics")
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
    fn where_the_kernel_lacks_it_strict_is_refused_and_the_other_says_so() {
        let refused = without_landlock(|| enclosure(Sandbox::Strict).impose()).unwrap_err();
        assert!(
            refused.contains("a strict sandbox is not to be had here"),
            "{refused}"
        );
        let told = without_landlock(|| enclosure(Sandbox::WherePossible).impose());
        let told = told.unwrap().unwrap();
        assert!(told.contains("this kernel has no Landlock"), "{told}");
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
}
