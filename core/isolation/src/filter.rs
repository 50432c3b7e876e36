//! Calls of the system that a process gives up: seccomp, which knows their numbers and arguments.

use libc::{c_int, c_long};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule,
};

use super::native;

/// A call, and what its arguments must be: each the number of an argument and the lower half of its
/// value. None: whatever they are.
pub(super) type Given = (c_long, Vec<(u8, u32)>);

/// What becomes of the calls of a program for another processor, such as a 32-bit one, which have
/// other numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Foreign {
    /// They are made.
    Allowed,
    /// They end the process.
    Fatal,
}

/// Has the kernel answer these calls with this error, or with success and nothing done for 0, to
/// this thread and all that it starts.
pub(super) fn answer(calls: &[Given], error: c_int, foreign: Foreign) -> Result<(), String> {
    let mut program = program(calls, error).map_err(|error| error.to_string())?;
    if foreign == Foreign::Allowed {
        // It begins with a look at the processor, and ends the process where that is another.
        let fatal = program
            .iter_mut()
            .find(|step| step.k == libc::SECCOMP_RET_KILL_PROCESS);
        if let Some(step) = fatal {
            step.k = libc::SECCOMP_RET_ALLOW;
        }
    }
    native::install(&program).map_err(|error| error.to_string())
}

fn program(calls: &[Given], error: c_int) -> Result<BpfProgram, BackendError> {
    let mut rules = std::collections::BTreeMap::<i64, Vec<SeccompRule>>::new();
    for (call, arguments) in calls {
        // The same calls of the x32 interface have this bit set.
        const X32: c_long = 0x4000_0000;
        let names: &[c_long] = match cfg!(target_arch = "x86_64") {
            true => &[*call, *call | X32],
            false => &[*call],
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
