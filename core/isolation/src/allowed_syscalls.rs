//! The system calls that a sandboxed worker and its programs may make.
//!
//! The list is what the shipped runners, BLAST+, DIAMOND, MMseqs2 and LightGBM were seen to call
//! (`docs/adr/0015-sandbox-as-an-allow-list.md` says how it was recorded), and calls of the same
//! kind: files that are open or that Landlock guards, the process's own memory, threads, signals,
//! time and limits. A call that acts on another process, the machine or a namespace, or that creates
//! a channel to another process, is not on it.

use libc::c_long;

use super::{
    answered_syscalls::{permit_arguments, refuse},
    syscall_policy::{Answer, Policy},
};

/// Newer than the constants of libc; the numbers are the same on every architecture.
mod numbers {
    use libc::c_long;

    pub(super) const CACHESTAT: c_long = 451;
    pub(super) const MAP_SHADOW_STACK: c_long = 453;
    pub(super) const FUTEX_WAKE: c_long = 454;
    pub(super) const FUTEX_WAIT: c_long = 455;
    pub(super) const FUTEX_REQUEUE: c_long = 456;
    pub(super) const MSEAL: c_long = 462;
    pub(super) const FILE_GETATTR: c_long = 468;
}

/// The policy of a sandbox.
pub(super) fn policy() -> Policy {
    let mut policy = Policy::default();
    for calls in [
        FILES,
        MEMORY,
        PROCESSES,
        SIGNALS,
        WAITING,
        INFORMATION,
        ONLY_HERE,
    ] {
        policy.set(calls, &Answer::Allow);
    }
    permit_arguments(&mut policy);
    refuse(&mut policy);
    policy
}

/// Reading and writing open files, and calls with a path, which Landlock checks or which only look.
const FILES: &[c_long] = &[
    libc::SYS_read,
    libc::SYS_write,
    libc::SYS_readv,
    libc::SYS_writev,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_preadv,
    libc::SYS_pwritev,
    libc::SYS_preadv2,
    libc::SYS_pwritev2,
    libc::SYS_lseek,
    libc::SYS_sendfile,
    libc::SYS_splice,
    libc::SYS_tee,
    libc::SYS_vmsplice,
    libc::SYS_copy_file_range,
    libc::SYS_readahead,
    libc::SYS_fadvise64,
    libc::SYS_fallocate,
    libc::SYS_ftruncate,
    libc::SYS_truncate,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_sync_file_range,
    libc::SYS_flock,
    libc::SYS_openat,
    libc::SYS_openat2,
    libc::SYS_close,
    libc::SYS_close_range,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_pipe2,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_statfs,
    libc::SYS_fstatfs,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_getcwd,
    libc::SYS_chdir,
    libc::SYS_fchdir,
    libc::SYS_umask,
    libc::SYS_mkdirat,
    libc::SYS_mknodat,
    libc::SYS_symlinkat,
    libc::SYS_linkat,
    libc::SYS_unlinkat,
    libc::SYS_renameat2,
];

/// The process's own memory.
const MEMORY: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_msync,
    libc::SYS_mincore,
    libc::SYS_mlock,
    libc::SYS_mlock2,
    libc::SYS_munlock,
    libc::SYS_mlockall,
    libc::SYS_munlockall,
    libc::SYS_mbind,
    libc::SYS_set_mempolicy,
    libc::SYS_get_mempolicy,
    libc::SYS_pkey_alloc,
    libc::SYS_pkey_free,
    libc::SYS_pkey_mprotect,
    libc::SYS_membarrier,
    libc::SYS_rseq,
    numbers::MAP_SHADOW_STACK,
    numbers::MSEAL,
];

/// Threads and child processes. `execve` is subject to Landlock.
const PROCESSES: &[c_long] = &[
    libc::SYS_execve,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_wait4,
    libc::SYS_waitid,
    libc::SYS_set_tid_address,
    libc::SYS_set_robust_list,
    libc::SYS_setpgid,
    libc::SYS_setsid,
    libc::SYS_sched_yield,
];

/// Signals. Landlock keeps those to other processes in.
const SIGNALS: &[c_long] = &[
    libc::SYS_kill,
    libc::SYS_tkill,
    libc::SYS_tgkill,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigpending,
    libc::SYS_rt_sigsuspend,
    libc::SYS_rt_sigtimedwait,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_sigaltstack,
    libc::SYS_signalfd4,
];

/// Waiting, timers, and wake-ups between threads.
const WAITING: &[c_long] = &[
    libc::SYS_futex,
    libc::SYS_futex_waitv,
    numbers::FUTEX_WAKE,
    numbers::FUTEX_WAIT,
    numbers::FUTEX_REQUEUE,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_getitimer,
    libc::SYS_setitimer,
    libc::SYS_timer_create,
    libc::SYS_timer_settime,
    libc::SYS_timer_gettime,
    libc::SYS_timer_getoverrun,
    libc::SYS_timer_delete,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_timerfd_gettime,
    libc::SYS_eventfd2,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_ppoll,
    libc::SYS_pselect6,
];

/// Information about the process and the machine.
const INFORMATION: &[c_long] = &[
    libc::SYS_getpid,
    libc::SYS_getppid,
    libc::SYS_gettid,
    libc::SYS_getpgid,
    libc::SYS_getsid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_getgroups,
    libc::SYS_capget,
    libc::SYS_getrusage,
    libc::SYS_times,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getrandom,
    libc::SYS_getcpu,
    libc::SYS_getpriority,
    libc::SYS_ioprio_get,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_getscheduler,
    libc::SYS_sched_getparam,
    libc::SYS_sched_getattr,
    libc::SYS_sched_get_priority_max,
    libc::SYS_sched_get_priority_min,
    libc::SYS_sched_rr_get_interval,
    numbers::CACHESTAT,
    numbers::FILE_GETATTR,
];

/// Calls that only this architecture has.
#[cfg(target_arch = "x86_64")]
const ONLY_HERE: &[c_long] = &[
    libc::SYS_open,
    libc::SYS_creat,
    libc::SYS_dup2,
    libc::SYS_pipe,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_getdents,
    libc::SYS_readlink,
    libc::SYS_mkdir,
    libc::SYS_mknod,
    libc::SYS_rmdir,
    libc::SYS_symlink,
    libc::SYS_link,
    libc::SYS_unlink,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_getrlimit,
    libc::SYS_setrlimit,
    libc::SYS_arch_prctl,
    libc::SYS_getpgrp,
    libc::SYS_time,
    libc::SYS_alarm,
    libc::SYS_pause,
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_epoll_create,
    libc::SYS_epoll_wait,
    libc::SYS_eventfd,
    libc::SYS_signalfd,
];
/// Calls that only this architecture has, and `getrlimit` and `setrlimit`.
#[cfg(target_arch = "aarch64")]
const ONLY_HERE: &[c_long] = &[libc::SYS_renameat, 163, 164];
/// `riscv_hwprobe` and `riscv_flush_icache`, and `getrlimit` and `setrlimit`.
#[cfg(target_arch = "riscv64")]
const ONLY_HERE: &[c_long] = &[258, 259, 163, 164];
