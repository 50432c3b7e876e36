//! The types whose layout the host checks before it calls a runner.

use abi_stable::{
    StableAbi,
    library::RootModule,
    package_version_strings,
    sabi_types::VersionStrings,
    std_types::{RSlice, RVec},
};

use super::sink::SinkHandle;

/// The functions of a runner. New ones are added at the end, and older runners lack them.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = RunnerModuleRef)))]
pub struct RunnerModule {
    /// Returns [`Capabilities`](crate::Capabilities).
    pub describe: extern "C" fn() -> Outcome,
    /// Takes a [`FitRequest`](crate::FitRequest), returns a [`RunResult`](crate::RunResult).
    pub fit: extern "C" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,
    /// Takes an [`EvaluateRequest`](crate::EvaluateRequest), returns an
    /// [`EvalResult`](crate::EvalResult).
    pub evaluate: extern "C" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,
    /// Takes an [`ExportRequest`](crate::ExportRequest), returns an
    /// [`ExportResult`](crate::ExportResult).
    #[sabi(last_prefix_field)]
    pub export: extern "C" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,
    /// Takes an [`ExplainRequest`](crate::ExplainRequest), returns an
    /// [`Explanation`](crate::Explanation). Since 1.1.0.
    pub explain: extern "C" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,
    /// Takes a [`PredictRequest`](crate::PredictRequest), returns a
    /// [`PredictResult`](crate::PredictResult). Since 1.2.0.
    pub predict: extern "C" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome,
}

impl RootModule for RunnerModuleRef {
    abi_stable::declare_root_module_statics! {RunnerModuleRef}
    const BASE_NAME: &'static str = "protea_runner";
    const NAME: &'static str = "protea_runner";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}

/// The answer of a call.
#[repr(C)]
#[derive(StableAbi)]
pub struct Outcome {
    /// [`OK`], [`ERROR`] or [`PANIC`].
    pub status: u8,
    /// JSON: the result, a [`RunnerError`](crate::RunnerError), or a [`Panic`](super::panics::Panic).
    pub body: RVec<u8>,
}

/// The call succeeded.
pub const OK: u8 = 0;
/// The runner returned an error.
pub const ERROR: u8 = 1;
/// The runner panicked.
pub const PANIC: u8 = 2;
