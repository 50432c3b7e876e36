//! The runner's side: the shim that [`export_runner!`](crate::export_runner) puts around a runner.

use abi_stable::{
    library::RootModuleError,
    prefix_type::WithMetadata,
    std_types::{RResult, RSlice},
};
use serde::Serialize;

use super::{
    module::{ERROR, OK, Outcome, PANIC, RunnerModule, RunnerModuleRef},
    panics,
    sink::SinkHandle,
};
use crate::{
    descriptor::Descriptor,
    emit::Emitter,
    error::RunnerError,
    library::LibraryDeclaration,
    operation::{Evaluate, Explain, Export, Fit, Operation, Predict},
    runner::{Capabilities, ExperimentRunner},
    version::CONTRACT_VERSION,
};

pub use super::module::RunnerModuleRef as Module;
pub use abi_stable::library::{CheckTypeLayout, LibHeader, RootModuleResult};

/// The symbol under which a runner's library holds its header.
pub const SYMBOL: &[u8] = b"protea_runner_module_v1\0";

/// What [`export_runner!`](crate::export_runner) declares about a crate.
pub trait Plugin: 'static {
    /// The runner's name.
    const NAME: &'static str;
    /// The runner's version.
    const VERSION: &'static str;
    /// What it does, in one line.
    const SUMMARY: &'static str;
    /// The third-party libraries that it opens at run time.
    const LIBRARIES: &'static [LibraryDeclaration<&'static str>] = &[];
    /// Whether the runner is compiled with `panic = "unwind"`, so that its panics can be caught.
    const UNWINDS: bool = cfg!(panic = "unwind");

    /// Creates the runner; called for every call.
    fn runner() -> impl ExperimentRunner;
}

/// Exports the header and the descriptor of a [`Plugin`].
#[doc(hidden)]
#[macro_export]
macro_rules! __export_plugin {
    ($plugin:ty) => {
        #[allow(unsafe_code)]
        #[unsafe(export_name = "protea_runner_module_v1")]
        static HEADER: $crate::abi::plugin::LibHeader = {
            // SAFETY: `construct` returns a `Module`, the type named here.
            unsafe {
                $crate::abi::plugin::LibHeader::from_constructor::<$crate::abi::plugin::Module>(
                    $crate::abi::plugin::construct::<$plugin>,
                    $crate::abi::plugin::CheckTypeLayout::Yes,
                )
            }
        };

        #[used]
        #[allow(unsafe_code)]
        #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".protea"))]
        #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__protea"))]
        static DESCRIPTOR: [u8; $crate::descriptor::SIZE] = $crate::Descriptor::with_libraries(
            $crate::Descriptor::encode(
                <$plugin as $crate::abi::plugin::Plugin>::NAME,
                <$plugin as $crate::abi::plugin::Plugin>::VERSION,
                $crate::CONTRACT_VERSION,
                <$plugin as $crate::abi::plugin::Plugin>::SUMMARY,
            ),
            <$plugin as $crate::abi::plugin::Plugin>::LIBRARIES,
        );
    };
}

/// Creates the root module of `P`.
pub extern "C" fn construct<P: Plugin>() -> RootModuleResult {
    let module = WithMetadata::new(RunnerModule {
        describe: describe::<P>,
        fit: call::<P, Fit>,
        evaluate: call::<P, Evaluate>,
        export: call::<P, Export>,
        explain: call::<P, Explain>,
        predict: call::<P, Predict>,
    });
    // The library is never closed, so its module can live as long as the process.
    let module = RunnerModuleRef(WithMetadata::static_as_prefix(Box::leak(Box::new(module))));
    let erased: Result<_, RootModuleError> = Ok(module);
    RResult::from(erased.map(|module| {
        // SAFETY: the header names `RunnerModuleRef` as the module's type.
        unsafe { module.0.cast() }
    }))
}

extern "C" fn describe<P: Plugin>() -> Outcome {
    outcome(P::UNWINDS, || describe_runner::<P, _>(&P::runner()))
}

fn describe_runner<P: Plugin, R: ExperimentRunner>(
    runner: &R,
) -> Result<Capabilities, RunnerError> {
    let spec_defaults = serde_json::to_value(R::Spec::default())
        .map_err(|error| RunnerError::failed(format!("the default spec is not JSON: {error}")))?;
    Ok(Capabilities {
        descriptor: Descriptor {
            name: P::NAME.to_owned(),
            version: P::VERSION.to_owned(),
            contract_version: CONTRACT_VERSION.to_owned(),
            summary: P::SUMMARY.to_owned(),
            libraries: P::LIBRARIES.iter().map(LibraryDeclaration::owned).collect(),
        },
        spec_schema: schemars::schema_for!(R::Spec).to_value(),
        spec_defaults,
        metrics: runner.metrics(),
        explains: runner.explains(),
        predicts: runner.predicts(),
        splits_references: runner.splits_references(),
        checkpoints: runner.checkpoints(),
        programs: runner.programs(),
    })
}

extern "C" fn call<P: Plugin, O: Operation>(request: RSlice<'_, u8>, sink: &SinkHandle) -> Outcome {
    outcome(P::UNWINDS, || {
        let runner = P::runner();
        let request = serde_json::from_slice(request.as_slice()).map_err(|error| {
            RunnerError::failed(format!("the host's request cannot be read: {error}"))
        })?;
        O::run(&runner, request, &Emitter::connected(sink.clone()))
    })
}

/// Runs a call and turns a panic, also one in the runner's `Drop`, into an [`Outcome`].
fn outcome<T: Serialize>(unwinds: bool, call: impl FnOnce() -> Result<T, RunnerError>) -> Outcome {
    let encoded = panics::catch(unwinds, || match call() {
        Ok(result) => match serde_json::to_vec(&result) {
            Ok(body) => (OK, body),
            Err(error) => (
                ERROR,
                json(&RunnerError::failed(format!(
                    "the result cannot be written as JSON: {error}"
                ))),
            ),
        },
        Err(error) => (ERROR, json(&error)),
    });
    let (status, body) = encoded.unwrap_or_else(|panic| (PANIC, json(&panic)));
    Outcome {
        status,
        body: body.into(),
    }
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("errors and panics are made of strings")
}
