//! A seccomp filter that permits a list of system calls and answers all others with an error.
//!
//! The filter is compiled here and not by `seccompiler`, because it needs several answers in one
//! filter (permit, an error for each call) and a search tree: the kernel evaluates a filter once for
//! each call number when it is installed, and a linear list of all calls would take a millisecond.
//! [`allowed_syscalls`](super::allowed_syscalls) holds the list.

use std::collections::BTreeMap;

use libc::{c_int, c_long, sock_filter};

/// What the kernel answers to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It executes the call.
    Allow,
    /// It does nothing and returns this error. 0 is success.
    Refuse(c_int),
    /// It executes the call if all conditions of one of the alternatives hold, and returns the error
    /// otherwise.
    AllowIf(Vec<Vec<Condition>>, c_int),
}

/// A condition on an argument, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// Its lower 32 bits are this number. For arguments that the kernel reads as `int`.
    Is(u8, u32),
    /// None of these bits is set in its lower 32 bits.
    Lacks(u8, u32),
    /// All of these bits are set in its lower 32 bits.
    Has(u8, u32),
    /// It is a null pointer.
    Null(u8),
}

/// The answers to all calls.
#[derive(Debug, Clone, Default)]
pub(super) struct Policy {
    answers: BTreeMap<u32, Answer>,
}

/// The error of a call that the policy does not list.
const UNLISTED: c_int = libc::EPERM;
/// The newest call that the list was written for: `listns` of Linux 6.19. Programs that try a newer
/// call have a fallback for kernels that do not have it.
const NEWEST: u32 = 470;
const UNKNOWN: c_int = libc::ENOSYS;

impl Policy {
    /// Sets the answer to these calls.
    pub(super) fn set(&mut self, calls: &[c_long], answer: &Answer) {
        for &call in calls {
            if let Ok(call) = u32::try_from(call) {
                self.answers.insert(call, answer.clone());
            }
        }
    }

    /// Compiles the filter. Programs for another architecture, whose calls have other numbers, are
    /// killed.
    pub(super) fn compile(&self) -> Vec<sock_filter> {
        let mut program = vec![
            load(ARCHITECTURE),
            jump(EQUAL, AUDIT_ARCHITECTURE, 1, 0),
            answer(libc::SECCOMP_RET_KILL_PROCESS),
            load(NUMBER),
        ];
        program.extend(tree(&self.ranges()));
        program
    }

    /// The first number of each range of calls with the same answer, in ascending order.
    fn ranges(&self) -> Vec<(u32, Answer)> {
        let mut ranges: Vec<(u32, Answer)> = Vec::new();
        let mut add = |first: u32, answer: Answer| {
            if ranges.last().is_none_or(|(_, last)| *last != answer) {
                ranges.push((first, answer));
            }
        };
        for call in 0..=NEWEST {
            let listed = self.answers.get(&call).cloned();
            add(call, listed.unwrap_or(Answer::Refuse(UNLISTED)));
        }
        // Includes the calls of the x32 interface, whose numbers have a high bit set.
        add(NEWEST + 1, Answer::Refuse(UNKNOWN));
        ranges
    }
}

/// Finds the range that holds the number in the accumulator, and answers.
fn tree(ranges: &[(u32, Answer)]) -> Vec<sock_filter> {
    match ranges {
        [] => Vec::new(),
        [(_, answer)] => leaf(answer),
        _ => {
            let (low, high) = ranges.split_at(ranges.len() / 2);
            let low = tree(low);
            let mut program = vec![
                jump(GREATER_OR_EQUAL, high[0].0, 0, 1),
                // The offset of a conditional jump is a byte, that of this one is not.
                step(BPF_JUMP, low.len() as u32),
            ];
            program.extend(low);
            program.extend(tree(high));
            program
        }
    }
}

fn leaf(wanted: &Answer) -> Vec<sock_filter> {
    match wanted {
        Answer::Allow => vec![answer(libc::SECCOMP_RET_ALLOW)],
        Answer::Refuse(error) => vec![refusal(*error)],
        Answer::AllowIf(alternatives, error) => {
            let mut program = Vec::new();
            for conditions in alternatives {
                program.extend(alternative(conditions));
            }
            program.push(refusal(*error));
            program
        }
    }
}

/// Allows the call if all conditions hold, and otherwise goes on behind this.
fn alternative(conditions: &[Condition]) -> Vec<sock_filter> {
    let mut program = vec![answer(libc::SECCOMP_RET_ALLOW)];
    for &condition in conditions.iter().rev() {
        // How many instructions there are up to the next alternative.
        let rest = program.len() as u8;
        let mut checks = match condition {
            Condition::Is(argument, value) => {
                vec![load(low(argument)), jump(EQUAL, value, 0, rest)]
            }
            Condition::Lacks(argument, bits) => {
                vec![load(low(argument)), jump(ANY_BIT, bits, rest, 0)]
            }
            Condition::Has(argument, bits) => vec![
                load(low(argument)),
                step(BPF_AND, bits),
                jump(EQUAL, bits, 0, rest),
            ],
            Condition::Null(argument) => vec![
                load(low(argument)),
                jump(EQUAL, 0, 0, rest + 2),
                load(high(argument)),
                jump(EQUAL, 0, 0, rest),
            ],
        };
        checks.append(&mut program);
        program = checks;
    }
    program
}

// Offsets in `seccomp_data`: number, architecture, instruction pointer, six arguments of 64 bits. The
// supported architectures are little-endian.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

fn low(argument: u8) -> u32 {
    16 + 8 * u32::from(argument)
}

fn high(argument: u8) -> u32 {
    low(argument) + 4
}

#[cfg(target_arch = "x86_64")]
const AUDIT_ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const AUDIT_ARCHITECTURE: u32 = 0xc000_00b7;
#[cfg(target_arch = "riscv64")]
const AUDIT_ARCHITECTURE: u32 = 0xc000_00f3;

const EQUAL: u32 = libc::BPF_JEQ;
const GREATER_OR_EQUAL: u32 = libc::BPF_JGE;
const ANY_BIT: u32 = libc::BPF_JSET;
const BPF_JUMP: u32 = libc::BPF_JMP | libc::BPF_JA;
const BPF_AND: u32 = libc::BPF_ALU | libc::BPF_AND | libc::BPF_K;

fn load(offset: u32) -> sock_filter {
    step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset)
}

fn answer(action: u32) -> sock_filter {
    step(libc::BPF_RET | libc::BPF_K, action)
}

fn refusal(error: c_int) -> sock_filter {
    answer(libc::SECCOMP_RET_ERRNO | error.cast_unsigned())
}

fn step(code: u32, k: u32) -> sock_filter {
    sock_filter {
        code: code as u16,
        jt: 0,
        jf: 0,
        k,
    }
}

fn jump(comparison: u32, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter {
        jt,
        jf,
        ..step(libc::BPF_JMP | comparison | libc::BPF_K, k)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Evaluates a filter as the kernel does.
    fn evaluate(program: &[sock_filter], architecture: u32, call: u32, arguments: [u64; 6]) -> u32 {
        let read = |offset: u32| match offset {
            NUMBER => call,
            ARCHITECTURE => architecture,
            _ => {
                let word = arguments[(offset as usize - 16) / 8];
                (word >> (8 * (offset % 8))) as u32
            }
        };
        let (mut at, mut accumulator) = (0, 0_u32);
        loop {
            let step = program[at];
            at += 1;
            let code = u32::from(step.code);
            let holds = match code {
                _ if code == libc::BPF_LD | libc::BPF_W | libc::BPF_ABS => {
                    accumulator = read(step.k);
                    continue;
                }
                BPF_AND => {
                    accumulator &= step.k;
                    continue;
                }
                BPF_JUMP => {
                    at += step.k as usize;
                    continue;
                }
                _ if code == libc::BPF_RET | libc::BPF_K => return step.k,
                _ if code == libc::BPF_JMP | EQUAL | libc::BPF_K => accumulator == step.k,
                _ if code == libc::BPF_JMP | GREATER_OR_EQUAL | libc::BPF_K => {
                    accumulator >= step.k
                }
                _ if code == libc::BPF_JMP | ANY_BIT | libc::BPF_K => accumulator & step.k != 0,
                _ => panic!("unknown instruction {code:#x}"),
            };
            at += usize::from(if holds { step.jt } else { step.jf });
        }
    }

    fn policy() -> Policy {
        let mut policy = Policy::default();
        policy.set(&[0, 1, 2, 60], &Answer::Allow);
        policy.set(&[5], &Answer::Refuse(0));
        policy.set(&[7], &Answer::Refuse(libc::EACCES));
        let either = vec![
            vec![Condition::Is(1, 3), Condition::Null(2)],
            vec![Condition::Has(0, 8), Condition::Lacks(0, 16)],
        ];
        policy.set(&[9], &Answer::AllowIf(either, libc::EINVAL));
        policy
    }

    #[test]
    fn each_call_gets_its_answer() {
        let program = policy().compile();
        let ask = |call| evaluate(&program, AUDIT_ARCHITECTURE, call, [0; 6]);
        let refused = |error: c_int| libc::SECCOMP_RET_ERRNO | error.cast_unsigned();
        for call in 0..600 {
            let expected = match call {
                0..=2 | 60 => libc::SECCOMP_RET_ALLOW,
                5 => refused(0),
                7 => refused(libc::EACCES),
                9 => refused(libc::EINVAL),
                471.. => refused(libc::ENOSYS),
                _ => refused(libc::EPERM),
            };
            assert_eq!(ask(call), expected, "{call}");
        }
        // The x32 interface.
        assert_eq!(ask(0x4000_0001), refused(libc::ENOSYS));
    }

    #[test]
    fn arguments_decide_where_a_call_has_conditions() {
        let program = policy().compile();
        let allowed = |arguments| {
            evaluate(&program, AUDIT_ARCHITECTURE, 9, arguments) == libc::SECCOMP_RET_ALLOW
        };
        assert!(allowed([0, 3, 0, 0, 0, 0]));
        assert!(!allowed([0, 4, 0, 0, 0, 0]));
        assert!(!allowed([0, 3, 1, 0, 0, 0]));
        assert!(!allowed([0, 3, 1 << 40, 0, 0, 0]), "a pointer has 64 bits");
        // The kernel reads an `int`, whatever the upper half is.
        assert!(allowed([0, 3 | 1 << 40, 0, 0, 0, 0]));
        assert!(allowed([8, 0, 1, 0, 0, 0]));
        assert!(allowed([9, 0, 1, 0, 0, 0]));
        assert!(!allowed([24, 0, 1, 0, 0, 0]));
    }

    #[test]
    fn another_architecture_is_killed() {
        let program = policy().compile();
        let answer = evaluate(&program, AUDIT_ARCHITECTURE ^ 1, 0, [0; 6]);
        assert_eq!(answer, libc::SECCOMP_RET_KILL_PROCESS);
    }
}
