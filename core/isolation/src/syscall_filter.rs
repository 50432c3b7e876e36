//! seccomp filters: system calls that a process can no longer make, by their numbers and arguments.

use libc::{c_int, c_long};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

use super::native;

/// A system call and the arguments that the filter matches: the index of each argument and the lower
/// 32 bits of its value. An empty list matches any arguments.
pub(super) type Given = (c_long, Vec<(u8, u32)>);

/// Makes the kernel answer these calls with this error, for this thread and everything it starts.
///
/// Programs for another architecture, whose calls have other numbers, are not restricted: old 32-bit
/// tools must still run in a worker without a sandbox.
pub(super) fn answer(calls: &[Given], error: c_int) -> Result<(), String> {
    let mut program = program(calls, error).map_err(|error| error.to_string())?;
    // The compiled filter first checks the architecture and kills the process if it is another one.
    let fatal = program
        .iter_mut()
        .find(|step| step.k == libc::SECCOMP_RET_KILL_PROCESS);
    if let Some(step) = fatal {
        step.k = libc::SECCOMP_RET_ALLOW;
    }
    let program: Vec<libc::sock_filter> = program
        .iter()
        .map(|step| libc::sock_filter {
            code: step.code,
            jt: step.jt,
            jf: step.jf,
            k: step.k,
        })
        .collect();
    native::install(&program).map_err(|error| error.to_string())
}

fn program(calls: &[Given], error: c_int) -> Result<BpfProgram, BackendError> {
    let mut rules = std::collections::BTreeMap::<i64, Vec<SeccompRule>>::new();
    for (call, arguments) in calls {
        // The same calls of the x32 interface have this bit set.
        const X32: c_long = 0x4000_0000;
        let names: &[c_long] = if cfg!(target_arch = "x86_64") {
            &[*call, *call | X32]
        } else {
            &[*call]
        };
        for name in names {
            let rules = rules.entry(*name).or_default();
            if !arguments.is_empty() {
                let conditions = arguments.iter().map(|&(argument, value)| {
                    let (length, equal) = (SeccompCmpArgLen::Dword, SeccompCmpOp::Eq);
                    SeccompCondition::new(argument, length, equal, value.into())
                });
                rules.push(SeccompRule::new(conditions.collect::<Result<_, _>>()?)?);
            }
        }
    }
    SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(error.cast_unsigned()),
        std::env::consts::ARCH.try_into()?,
    )?
    .try_into()
}
