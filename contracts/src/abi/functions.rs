//! Where an operation's function is, in the root module of a runner in Rust and in the table of one
//! in C.

use abi_stable::std_types::RSlice;

use super::{
    c::{self, CallFunction},
    module::{Outcome, RunnerModuleRef},
    sink::SinkHandle,
};
use crate::operation::OperationKind;

/// An operation's function in the root module: request and emitter in, outcome out.
pub(super) type ModuleFunction = extern "C" fn(RSlice<'_, u8>, &SinkHandle) -> Outcome;

/// The function in the root module; `None` if the runner was built for a contract without it.
pub(super) fn in_module(
    module: RunnerModuleRef,
    operation: OperationKind,
) -> Option<ModuleFunction> {
    match operation {
        OperationKind::Fit => Some(module.fit()),
        OperationKind::Evaluate => Some(module.evaluate()),
        OperationKind::Export => Some(module.export()),
        OperationKind::Explain => module.explain(),
        OperationKind::Predict => module.predict(),
    }
}

/// The function in the C table, with its name there; `None` if the runner leaves it out.
pub(super) fn in_table(
    table: &c::Runner,
    operation: OperationKind,
) -> (&'static str, Option<CallFunction>) {
    match operation {
        OperationKind::Fit => ("fit", table.fit),
        OperationKind::Evaluate => ("evaluate", table.evaluate),
        // `export` is a keyword of C++20.
        OperationKind::Export => ("export_model", table.export_model),
        OperationKind::Explain => ("explain", table.explain),
        OperationKind::Predict => ("predict", table.predict),
    }
}
