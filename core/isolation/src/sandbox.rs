//! The sandbox: what a worker can reach. Linux only.
//!
//! | layer | what it does | module |
//! |---|---|---|
//! | environment | a short list of variables, no credentials | `environment` |
//! | files that the host inherited | closed, in every worker | `privileges` |
//! | user, IPC and network namespaces | no shared memory, queues or sockets of other processes | `privileges` |
//! | capabilities | none, also for root | `privileges` |
//! | Landlock | files, devices, signals and abstract sockets | `file_rules` |
//! | seccomp | a list of permitted system calls | `allowed_syscalls`, `syscall_policy` |
//!
//! The restrictions apply to every later thread and child process, and cannot be removed.
//!
//! | readable | writable |
//! |---|---|
//! | the dataset, the model and its directory, the dataset that a reference model names | the output directory |
//! | the runner's file, the shared libraries in its directory, this program | `/dev/null`, `/dev/zero` |
//! | the system's libraries, those in `LD_LIBRARY_PATH`, time zones | |
//! | information about the machine and the own process, random numbers | |

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
    /// The directories that this worker can write to. Created if missing.
    pub write: Vec<PathBuf>,
}

impl Enclosure {
    /// Gives up namespaces and capabilities. Call it before the process has a second thread, and
    /// before [`restrict`](Self::restrict). Returns what it could not give up.
    pub(super) fn leave_privileges(&self) -> Vec<String> {
        match self.mode {
            Sandbox::Off => Vec::new(),
            _ => imp::leave_privileges(),
        }
    }

    /// Restricts files and system calls of this thread and everything it starts. `lacking` says
    /// what is not restricted already. Returns what is not restricted, if that is permitted.
    ///
    /// # Errors
    ///
    /// What is not restricted, in a strict sandbox.
    pub(super) fn restrict(&self, mut lacking: Vec<String>) -> Result<Option<String>, String> {
        if self.mode == Sandbox::Off {
            return Ok(None);
        }
        imp::restrict(self, &mut lacking);
        if lacking.is_empty() {
            return Ok(None);
        }
        let lacking = lacking.join("; ");
        match self.mode {
            Sandbox::Strict => Err(lacking),
            _ => Ok(Some(format!("the sandbox is incomplete: {lacking}"))),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod imp {
    pub(super) fn leave_privileges() -> Vec<String> {
        Vec::new()
    }

    pub(super) fn restrict(_: &super::Enclosure, lacking: &mut Vec<String>) {
        lacking.push("the sandbox needs Linux, so nothing is restricted".to_owned());
    }
}

#[cfg(target_os = "linux")]
mod imp {
    use std::fs;

    use super::{Enclosure, Sandbox};
    use crate::{file_rules, privileges};

    pub(super) fn leave_privileges() -> Vec<String> {
        // Without its network namespace a worker still has no sockets: seccomp refuses them.
        let namespaces = privileges::enter_namespaces().map(drop);
        let capabilities = privileges::drop_capabilities()
            .map_err(|error| format!("capabilities cannot be dropped: {error}"));
        [namespaces, capabilities]
            .into_iter()
            .filter_map(Result::err)
            .collect()
    }

    pub(super) fn restrict(enclosure: &Enclosure, lacking: &mut Vec<String>) {
        for output in &enclosure.write {
            if let Err(error) = fs::create_dir_all(output) {
                lacking.push(format!("{} cannot be created: {error}", output.display()));
            }
        }
        let strict = enclosure.mode == Sandbox::Strict;
        let rules = [file_rules::restrict(enclosure, strict), calls()];
        lacking.extend(rules.into_iter().filter_map(Result::err));
    }

    #[cfg(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    ))]
    fn calls() -> Result<(), String> {
        let filter = crate::allowed_syscalls::policy().compile();
        crate::native::install(&filter).map_err(|error| {
            format!("seccomp does not work, so system calls are not restricted: {error}")
        })
    }

    #[cfg(not(any(
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "riscv64"
    )))]
    fn calls() -> Result<(), String> {
        Err(
            "seccomp is not supported on this architecture, so system calls are not restricted"
                .to_owned(),
        )
    }
}

#[cfg(all(test, target_os = "linux", target_arch = "x86_64"))]
mod tests {
    use super::*;
    use crate::{protect_parent, syscall_filter};

    /// Runs a function in a thread for which the kernel reports no Landlock.
    fn without_landlock<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
        let thread = std::thread::spawn(|| {
            let calls = [(libc::SYS_landlock_create_ruleset, Vec::new())];
            syscall_filter::answer(&calls, libc::ENOSYS).expect("this kernel has seccomp");
            act()
        });
        thread.join().expect("the thread does not panic")
    }

    fn enclosure(mode: Sandbox) -> Enclosure {
        Enclosure {
            mode,
            read: Vec::new(),
            execute: Vec::new(),
            write: Vec::new(),
        }
    }

    #[test]
    fn an_incomplete_sandbox_is_an_error_only_if_strict() {
        let impose = |mode| enclosure(mode).restrict(Vec::new());
        let refused = without_landlock(move || impose(Sandbox::Strict)).unwrap_err();
        assert!(
            refused.contains("this kernel's Landlock lacks a required feature"),
            "{refused}"
        );
        let incomplete = without_landlock(move || impose(Sandbox::WherePossible));
        let incomplete = incomplete.unwrap().unwrap();
        assert!(
            incomplete.contains("this kernel has no Landlock"),
            "{incomplete}"
        );
        assert_eq!(without_landlock(move || impose(Sandbox::Off)), Ok(None));
    }

    #[test]
    fn what_was_not_given_up_is_an_error_only_if_strict() {
        let lacking = || vec!["no namespaces".to_owned()];
        let impose = |mode: Sandbox| {
            let thread = std::thread::spawn(move || enclosure(mode).restrict(lacking()));
            thread.join().expect("the thread does not panic")
        };
        let incomplete = impose(Sandbox::WherePossible).unwrap().unwrap();
        assert!(incomplete.contains("no namespaces"), "{incomplete}");
        assert!(
            impose(Sandbox::Strict)
                .unwrap_err()
                .contains("no namespaces")
        );
    }

    #[test]
    fn what_only_seccomp_refuses_is_refused_even_without_landlock() {
        let refused = without_landlock(|| {
            enclosure(Sandbox::WherePossible)
                .restrict(Vec::new())
                .unwrap();
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
