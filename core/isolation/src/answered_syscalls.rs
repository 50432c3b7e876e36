//! System calls of a sandboxed worker that depend on their arguments, and those that are refused with
//! another error than EPERM.

use super::syscall_policy::{
    Answer,
    Condition::{Has, Is, Lacks, Null},
    Policy,
};

/// Newer than the constants of libc; the numbers are the same on every architecture.
mod numbers {
    use libc::c_long;

    pub(super) const FCHMODAT2: c_long = 452;
    pub(super) const SETXATTRAT: c_long = 463;
    pub(super) const GETXATTRAT: c_long = 464;
    pub(super) const LISTXATTRAT: c_long = 465;
    pub(super) const REMOVEXATTRAT: c_long = 466;
    pub(super) const FILE_SETATTR: c_long = 469;
}

/// Calls that are permitted with some arguments.
pub(super) fn permit_arguments(policy: &mut Policy) {
    /// Flags of `clone` that create a namespace.
    const NAMESPACES: u32 = 0x7e02_0000;
    const ITSELF: u32 = 0;
    /// `PRIO_PROCESS`.
    const PROCESS: u32 = 0;
    const IOPRIO_WHO_PROCESS: u32 = 1;
    const MFD_NOEXEC_SEAL: u32 = 8;
    const MFD_EXEC: u32 = 16;

    let itself = |argument| vec![vec![Is(argument, ITSELF)]];
    let one_of = |argument, values: &[u32]| -> Vec<_> {
        values
            .iter()
            .map(|&value| vec![Is(argument, value)])
            .collect()
    };
    // In x86-64, ARM64 and RISC-V, the flags of `clone` are the first argument.
    let no_namespace = vec![vec![Lacks(0, NAMESPACES)]];
    policy.set(
        &[libc::SYS_clone],
        &Answer::AllowIf(no_namespace, libc::EPERM),
    );
    policy.set(
        &[
            libc::SYS_prlimit64,
            libc::SYS_sched_setaffinity,
            libc::SYS_sched_setscheduler,
            libc::SYS_sched_setparam,
            libc::SYS_sched_setattr,
        ],
        &Answer::AllowIf(itself(0), libc::EPERM),
    );
    let own_priority = vec![vec![Is(0, PROCESS), Is(1, ITSELF)]];
    policy.set(
        &[libc::SYS_setpriority],
        &Answer::AllowIf(own_priority, libc::EPERM),
    );
    let own_priority = vec![vec![Is(0, IOPRIO_WHO_PROCESS), Is(1, ITSELF)]];
    policy.set(
        &[libc::SYS_ioprio_set],
        &Answer::AllowIf(own_priority, libc::EPERM),
    );
    // A file in memory would be a program that the runner did not declare: Landlock does not see it.
    let not_a_program = vec![vec![Has(1, MFD_NOEXEC_SEAL), Lacks(1, MFD_EXEC)]];
    policy.set(
        &[libc::SYS_memfd_create],
        &Answer::AllowIf(not_a_program, libc::EPERM),
    );
    // The connection to the host is a connected socket, on which these calls need no address.
    policy.set(
        &[libc::SYS_sendto],
        &Answer::AllowIf(vec![vec![Null(4)]], libc::EACCES),
    );
    policy.set(
        &[libc::SYS_recvfrom],
        &Answer::AllowIf(vec![vec![Null(4)]], libc::EACCES),
    );
    // Asks for the execution domain, or sets that of Linux.
    let query = one_of(0, &[0, u32::MAX]);
    policy.set(
        &[libc::SYS_personality],
        &Answer::AllowIf(query, libc::EPERM),
    );
    let answer = Answer::AllowIf(one_of(1, &FCNTL), libc::EINVAL);
    policy.set(&[libc::SYS_fcntl], &answer);
    let answer = Answer::AllowIf(one_of(0, &PRCTL), libc::EINVAL);
    policy.set(&[libc::SYS_prctl], &answer);
    let answer = Answer::AllowIf(one_of(1, &IOCTL), libc::EACCES);
    policy.set(&[libc::SYS_ioctl], &answer);
}

/// `F_DUPFD` to `F_SETLKW`, `F_GETOWN`, `F_GETOWN_EX`, locks of open files, `F_GETLEASE`,
/// `F_DUPFD_CLOEXEC`, sizes of pipes, seals and write hints. Not: signals to other processes
/// (`F_SETOWN`, `F_SETSIG`), leases and notifications about files.
const FCNTL: [u32; 21] = [
    0, 1, 2, 3, 4, 5, 6, 7, 9, 16, 36, 37, 38, 1025, 1030, 1031, 1032, 1033, 1034, 1035, 1036,
];

/// Signal at the parent's death, names and time slack of threads, information, huge pages, names of
/// memory, vector lengths and pointer tags. Not: being unreadable (`PR_SET_DUMPABLE`), which would
/// hide memory from the host; other processes as tracers; capabilities.
const PRCTL: [u32; 22] = [
    1,
    2,
    3,
    15,
    16,
    21,
    23,
    27,
    29,
    30,
    38,
    39,
    40,
    41,
    42,
    50,
    51,
    52,
    55,
    56,
    66,
    0x5356_4d41,
];

/// Terminals (`TCGETS`, `TCGETS2`, `TIOCGWINSZ`), flags and sizes of open files (`FIONREAD`,
/// `FIONBIO`, `FIOCLEX`, `FIONCLEX`), copies that share blocks (`FICLONE`, `FICLONERANGE`), maps of
/// files (`FS_IOC_FIEMAP`) and their flags (`FS_IOC_GETFLAGS`, as `lsattr` reads them).
const IOCTL: [u32; 11] = [
    0x5401,
    0x802c_542a,
    0x5413,
    0x541b,
    0x5421,
    0x5450,
    0x5451,
    0x4004_9409,
    0x4020_940d,
    0xc020_660b,
    0x8008_6601,
];

/// Calls whose callers expect another error than EPERM.
pub(super) fn refuse(policy: &mut Policy) {
    // As if the kernel did not have them: callers have a fallback, or expect this.
    policy.set(
        &[
            // Its flags are in memory, where a filter cannot see them.
            libc::SYS_clone3,
            libc::SYS_shmget,
            libc::SYS_shmat,
            libc::SYS_shmdt,
            libc::SYS_shmctl,
            libc::SYS_msgget,
            libc::SYS_msgsnd,
            libc::SYS_msgrcv,
            libc::SYS_msgctl,
            libc::SYS_semget,
            libc::SYS_semop,
            libc::SYS_semtimedop,
            libc::SYS_semctl,
            libc::SYS_mq_open,
            libc::SYS_mq_unlink,
            libc::SYS_mq_timedsend,
            libc::SYS_mq_timedreceive,
            libc::SYS_mq_notify,
            libc::SYS_mq_getsetattr,
            libc::SYS_io_uring_setup,
            libc::SYS_io_uring_enter,
            libc::SYS_io_uring_register,
            libc::SYS_io_setup,
            libc::SYS_inotify_init1,
            libc::SYS_pidfd_open,
            libc::SYS_pidfd_getfd,
            libc::SYS_pidfd_send_signal,
            libc::SYS_userfaultfd,
            libc::SYS_memfd_secret,
        ],
        &Answer::Refuse(libc::ENOSYS),
    );
    // As the kernel refuses them without permission: sockets, and changes of modes, owners, times
    // and attributes, which Landlock does not cover.
    policy.set(
        &[
            libc::SYS_socket,
            libc::SYS_socketpair,
            libc::SYS_bind,
            libc::SYS_connect,
            libc::SYS_listen,
            libc::SYS_accept,
            libc::SYS_accept4,
            libc::SYS_sendmsg,
            libc::SYS_sendmmsg,
            libc::SYS_recvmsg,
            libc::SYS_recvmmsg,
            libc::SYS_fchmodat,
            numbers::FCHMODAT2,
            libc::SYS_fchown,
            libc::SYS_fchownat,
            libc::SYS_utimensat,
            libc::SYS_setxattr,
            libc::SYS_lsetxattr,
            libc::SYS_fsetxattr,
            numbers::SETXATTRAT,
            libc::SYS_removexattr,
            libc::SYS_lremovexattr,
            libc::SYS_fremovexattr,
            numbers::REMOVEXATTRAT,
            numbers::FILE_SETATTR,
        ],
        &Answer::Refuse(libc::EACCES),
    );
    #[cfg(target_arch = "x86_64")]
    policy.set(
        &[
            libc::SYS_chmod,
            libc::SYS_chown,
            libc::SYS_lchown,
            libc::SYS_utime,
            libc::SYS_utimes,
            libc::SYS_futimesat,
        ],
        &Answer::Refuse(libc::EACCES),
    );
    #[cfg(target_arch = "x86_64")]
    policy.set(&[libc::SYS_inotify_init], &Answer::Refuse(libc::ENOSYS));
    // Landlock does not cover reading attributes either. Programs that copy files accept this.
    policy.set(
        &[
            libc::SYS_getxattr,
            libc::SYS_lgetxattr,
            libc::SYS_fgetxattr,
            numbers::GETXATTRAT,
            libc::SYS_listxattr,
            libc::SYS_llistxattr,
            libc::SYS_flistxattr,
            numbers::LISTXATTRAT,
            libc::SYS_name_to_handle_at,
        ],
        &Answer::Refuse(libc::EOPNOTSUPP),
    );
    // `std::fs::copy` sets the mode of the file that it has just written, and fails on an error. A
    // call that does nothing is harmless: the file was created with that mode.
    policy.set(&[libc::SYS_fchmod], &Answer::Refuse(0));
}
