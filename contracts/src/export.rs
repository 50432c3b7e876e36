//! The macro that makes a shared library of a runner.

/// Makes this crate, a `cdylib`, a runner that a protea host can find, load and dispatch.
///
/// The first argument is an expression that makes the runner; the host evaluates it for every
/// call. `name`, `version` and `summary` default to those of the crate's `Cargo.toml`; they must be
/// constants.
///
/// ```
/// # use protea_contracts::prelude::*;
/// # #[derive(Default)] struct Knn;
/// # impl ExperimentRunner for Knn {
/// #     type Spec = std::collections::BTreeMap<String, f64>;
/// #     fn fit(&self, _: &FitRequest<Self::Spec>, _: &Emitter) -> Result<RunResult, RunnerError> {
/// #         Err(RunnerError::unsupported("fit", "evaluate a reference model"))
/// #     }
/// #     fn evaluate(&self, _: &EvaluateRequest, _: &Emitter) -> Result<EvalResult, RunnerError> {
/// #         Err(RunnerError::Cancelled)
/// #     }
/// #     fn export(&self, _: &ExportRequest, _: &Emitter) -> Result<ExportResult, RunnerError> {
/// #         Err(RunnerError::Cancelled)
/// #     }
/// # }
/// export_runner!(Knn::default(), name: "knn", summary: "k nearest neighbours");
/// # fn main() {}
/// ```
///
/// A crate exports one runner. Its name is checked while it is compiled: lower-case letters, digits,
/// `-` and `_`, beginning with a letter, at most 64 characters.
#[macro_export]
macro_rules! export_runner {
    ($runner:expr $(, name: $name:expr)? $(, version: $version:expr)? $(, summary: $summary:expr)? $(,)?) => {
        const _: () = {
            struct Plugin;

            impl $crate::abi::plugin::Plugin for Plugin {
                const NAME: &'static str =
                    $crate::__or!([$($name)?], ::core::env!("CARGO_PKG_NAME"));
                const VERSION: &'static str =
                    $crate::__or!([$($version)?], ::core::env!("CARGO_PKG_VERSION"));
                const SUMMARY: &'static str =
                    $crate::__or!([$($summary)?], ::core::env!("CARGO_PKG_DESCRIPTION"));

                fn runner() -> impl $crate::ExperimentRunner {
                    $runner
                }
            }

            $crate::abi::export_plugin!(Plugin);
        };
    };
}

/// The given expression, or the default.
#[doc(hidden)]
#[macro_export]
macro_rules! __or {
    ([], $default:expr) => {
        $default
    };
    ([$given:expr], $default:expr) => {
        $given
    };
}
