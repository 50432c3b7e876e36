//! The runner's side: the shim that [`export_runner!`](crate::export_runner) puts around a runner.

use abi_stable::{
    library::RootModuleError,
    prefix_type::WithMetadata,
    std_types::{RResult, RSlice},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    module::{ERROR, OK, Outcome, PANIC, RunnerModule, RunnerModuleRef},
    panics,
    sink::SinkHandle,
};
use crate::{
    CONTRACT_VERSION, Capabilities, Descriptor, Emitter, ExperimentRunner, FitRequest,
    LibraryDeclaration, RunnerError,
};

pub use super::module::RunnerModuleRef as Module;
pub use abi_stable::library::{CheckTypeLayout, LibHeader, RootModuleResult};

/// The symbol under which a runner's library holds its header.
pub const SYMBOL: &[u8] = b"protea_runner_module_v1\0";

/// What [`export_runner!`](crate::export_runner) says of a crate.
pub trait Plugin: 'static {
    /// The runner's name.
    const NAME: &'static str;
    /// The runner's version.
    const VERSION: &'static str;
    /// What it does, in one line.
    const SUMMARY: &'static str;
    /// The libraries of others that it opens while it works.
    const LIBRARIES: &'static [LibraryDeclaration<&'static str>] = &[];

    /// Makes the runner, anew for every call.
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
            // SAFETY: `construct` gives a `Module`, the type named here.
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

/// Makes the root module of `P`.
pub extern "C" fn construct<P: Plugin>() -> RootModuleResult {
    let module = WithMetadata::new(RunnerModule {
        describe: describe::<P>,
        fit: fit::<P>,
        evaluate: evaluate::<P>,
        export: export::<P>,
        explain: explain::<P>,
    });
    // The library is never closed, so its module may live for ever.
    let module = RunnerModuleRef(WithMetadata::static_as_prefix(Box::leak(Box::new(module))));
    let erased: Result<_, RootModuleError> = Ok(module);
    RResult::from(erased.map(|module| {
        // SAFETY: the header names `RunnerModuleRef` as the module's type.
        unsafe { module.0.cast() }
    }))
}

extern "C" fn describe<P: Plugin>() -> Outcome {
    outcome(|| describe_runner::<P, _>(&P::runner()))
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
        programs: runner.programs(),
    })
}

extern "C" fn fit<P: Plugin>(request: RSlice<'_, u8>, sink: &SinkHandle) -> Outcome {
    outcome(|| fit_runner(&P::runner(), request.as_slice(), &emitter(sink)))
}

fn fit_runner<R: ExperimentRunner>(
    runner: &R,
    request: &[u8],
    emit: &Emitter,
) -> Result<crate::RunResult, RunnerError> {
    let request: FitRequest<Value> = parse(request)?;
    let spec = serde_path_to_error::deserialize(&request.spec).map_err(|error| {
        RunnerError::invalid_spec(&pointer(error.path()), error.inner().to_string())
    })?;
    let mut typed = FitRequest::new(spec, request.dataset_uri, request.output_uri);
    typed.seed = request.seed;
    typed.run_id = request.run_id;
    typed.threads = request.threads;
    typed.earlier_models = request.earlier_models;
    runner.fit(&typed, emit)
}

extern "C" fn evaluate<P: Plugin>(request: RSlice<'_, u8>, sink: &SinkHandle) -> Outcome {
    outcome(|| P::runner().evaluate(&parse(request.as_slice())?, &emitter(sink)))
}

extern "C" fn export<P: Plugin>(request: RSlice<'_, u8>, sink: &SinkHandle) -> Outcome {
    outcome(|| P::runner().export(&parse(request.as_slice())?, &emitter(sink)))
}

extern "C" fn explain<P: Plugin>(request: RSlice<'_, u8>, sink: &SinkHandle) -> Outcome {
    outcome(|| P::runner().explain(&parse(request.as_slice())?, &emitter(sink)))
}

fn emitter(sink: &SinkHandle) -> Emitter {
    Emitter::from_handle(sink.clone())
}

fn parse<T: DeserializeOwned>(request: &[u8]) -> Result<T, RunnerError> {
    serde_json::from_slice(request)
        .map_err(|error| RunnerError::failed(format!("the host's request cannot be read: {error}")))
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                format!("/{}", key.replace('~', "~0").replace('/', "~1"))
            }
            Segment::Unknown => "/?".to_owned(),
        })
        .collect()
}

/// Runs a call so that nothing but an [`Outcome`] leaves it, panics of the runner's `Drop` included.
fn outcome<T: Serialize>(call: impl FnOnce() -> Result<T, RunnerError>) -> Outcome {
    let encoded = panics::catch(|| match call() {
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
