//! The C face: the declarations of `include/protea_runner.h` in Rust.
//!
//! A runner in C exports a [`Runner`] under [`SYMBOL`] and a descriptor block; the header documents
//! both. Every struct begins with its size as the side that fills it knows it, and only grows at the
//! end.
//!
//! A test compiles the header and compares every size, offset and constant with this file.

use std::ffi::{c_char, c_void};

/// The symbol under which a runner in C exports its [`Runner`].
pub const SYMBOL: &str = "protea_runner_c_v1";
/// The longest answer, and the longest string of an event, that a host accepts, in bytes.
pub const TEXT_LIMIT: usize = 64 << 20;
/// The answer is the result.
pub const OK: u32 = 0;
/// The answer is a [`RunnerError`](crate::RunnerError).
pub const ERROR: u32 = 1;

/// `protea_host.emit`: name, message and fields with their lengths, and the level.
pub type EmitFunction = unsafe extern "C" fn(
    *const Host,
    *const c_char,
    usize,
    *const c_char,
    usize,
    *const c_char,
    usize,
    u32,
) -> i32;
/// `protea_runner.describe`.
pub type DescribeFunction = unsafe extern "C" fn(*mut Answer) -> u32;
/// `protea_runner.fit` and the other operations: a request with its length, the host, the answer.
pub type CallFunction = unsafe extern "C" fn(*const c_char, usize, *const Host, *mut Answer) -> u32;
/// `protea_runner.free_answer`.
pub type FreeFunction = unsafe extern "C" fn(*mut Answer);

/// `protea_host`: the host during one call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Host {
    /// The size of this struct in bytes.
    pub struct_size: usize,
    /// For the host only.
    pub context: *const c_void,
    /// Sends an event; returns non-zero when the call should end.
    pub emit: EmitFunction,
    /// Returns non-zero when the call should end.
    pub is_cancelled: unsafe extern "C" fn(*const Host) -> i32,
    /// The lowest level that the host wants.
    pub level: unsafe extern "C" fn(*const Host) -> u32,
    /// Keeps the host valid beyond the call.
    pub retain: unsafe extern "C" fn(*const Host),
    /// Undoes one `retain`.
    pub release: unsafe extern "C" fn(*const Host),
}

/// `protea_answer`: the answer of a call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Answer {
    /// The size of this struct in bytes.
    pub struct_size: usize,
    /// JSON, in memory that the runner owns.
    pub json: *mut c_char,
    /// Its length in bytes.
    pub length: usize,
}

/// `protea_runner`: the functions of a runner.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct Runner {
    /// The size of this struct in bytes when the runner was compiled.
    pub struct_size: usize,
    /// Returns [`Capabilities`](crate::Capabilities).
    pub describe: Option<DescribeFunction>,
    /// Takes a [`FitRequest`](crate::FitRequest), returns a [`RunResult`](crate::RunResult).
    pub fit: Option<CallFunction>,
    /// Takes an [`EvaluateRequest`](crate::EvaluateRequest), returns an
    /// [`EvalResult`](crate::EvalResult).
    pub evaluate: Option<CallFunction>,
    /// Takes an [`ExportRequest`](crate::ExportRequest), returns an
    /// [`ExportResult`](crate::ExportResult).
    pub export_model: Option<CallFunction>,
    /// Frees the memory of an answer.
    pub free_answer: Option<FreeFunction>,
    /// Takes an [`ExplainRequest`](crate::ExplainRequest), returns an
    /// [`Explanation`](crate::Explanation). Since 1.1.0; optional.
    pub explain: Option<CallFunction>,
    /// Takes a [`PredictRequest`](crate::PredictRequest), returns a
    /// [`PredictResult`](crate::PredictResult). Since 1.2.0; optional.
    pub predict: Option<CallFunction>,
}
