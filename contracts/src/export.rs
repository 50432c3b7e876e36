//! The macros of the authoring kit: one for the settings, one that makes a shared library.

/// Declares the settings of a runner: a struct, or an enum used in one.
///
/// It derives `Debug`, `Clone`, `PartialEq`, `Serialize`, `Deserialize` and `JsonSchema`, and refuses unknown keys.
/// A struct also needs `Default`, derived or written: what a user leaves out has its default.
/// Comments on fields become the descriptions that `protea runners info` prints; ranges are given
/// as `#[schemars(range(min = 1))]`. The variants of an enum are spelt in snake case.
///
/// ```
/// use protea_contracts::prelude::*;
///
/// spec! {
///     /// How a vote is weighted.
///     #[derive(Default, Copy)]
///     pub enum Vote {
///         /// Each neighbour counts one.
///         #[default]
///         Equal,
///         /// Each counts its similarity.
///         BySimilarity,
///     }
/// }
///
/// spec! {
///     /// The settings of a runner.
///     #[derive(Default)]
///     pub struct Spec {
///         /// Neighbours asked.
///         #[schemars(range(min = 1))]
///         pub k: u32,
///         /// How their votes count.
///         pub vote: Vote,
///     }
/// }
///
/// let spec: Spec = serde_json::from_str(r#"{ "vote": "by_similarity" }"#)?;
/// assert_eq!(spec.vote, Vote::BySimilarity);
/// assert!(serde_json::from_str::<Spec>(r#"{ "neighbours": 5 }"#).is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[macro_export]
macro_rules! spec {
    ($(#[$attribute:meta])* $visibility:vis struct $name:ident { $($fields:tt)* }) => {
        #[derive(
            Debug,
            Clone,
            PartialEq,
            $crate::prelude::Serialize,
            $crate::prelude::Deserialize,
            $crate::prelude::JsonSchema,
        )]
        $(#[$attribute])*
        #[serde(crate = "protea_contracts::prelude::serde", default, deny_unknown_fields)]
        #[schemars(crate = "protea_contracts::prelude::schemars")]
        $visibility struct $name { $($fields)* }
    };
    ($(#[$attribute:meta])* $visibility:vis enum $name:ident { $($variants:tt)* }) => {
        #[derive(
            Debug,
            Clone,
            PartialEq,
            $crate::prelude::Serialize,
            $crate::prelude::Deserialize,
            $crate::prelude::JsonSchema,
        )]
        $(#[$attribute])*
        #[serde(crate = "protea_contracts::prelude::serde", rename_all = "snake_case")]
        #[schemars(crate = "protea_contracts::prelude::schemars")]
        $visibility enum $name { $($variants)* }
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "spec! takes a struct with named fields, or an enum, without type parameters: `spec! { pub struct Spec { pub k: u32 } }`"
        );
    };
}

/// Makes this crate, a `cdylib`, a runner that a protea host can find, load and dispatch.
///
/// The first argument is an expression that makes the runner; the host evaluates it for every
/// call. `name`, `version` and `summary` default to those of the crate's `Cargo.toml`; they must be
/// constants. `libraries` lists the [libraries of others](crate::LibraryDeclaration) that the runner
/// opens while it works; hosts tell which of them are missing. The default is none.
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
    ($runner:expr $(, name: $name:expr)? $(, version: $version:expr)? $(, summary: $summary:expr)? $(, libraries: $libraries:expr)? $(,)?) => {
        const _: () = {
            struct Plugin;

            impl $crate::abi::plugin::Plugin for Plugin {
                const NAME: &'static str =
                    $crate::__or!([$($name)?], ::core::env!("CARGO_PKG_NAME"));
                const VERSION: &'static str =
                    $crate::__or!([$($version)?], ::core::env!("CARGO_PKG_VERSION"));
                const SUMMARY: &'static str =
                    $crate::__or!([$($summary)?], ::core::env!("CARGO_PKG_DESCRIPTION"));
                const LIBRARIES: &'static [$crate::LibraryDeclaration<&'static str>] =
                    $crate::__or!([$($libraries)?], &[]);

                fn runner() -> impl $crate::ExperimentRunner {
                    $runner
                }
            }

            $crate::abi::export_plugin!(Plugin);
        };
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "export_runner! takes an expression that makes the runner, then, as wanted and in this order, `name: \"…\"`, `version: \"…\"`, `summary: \"…\"` and `libraries: &[…]`"
        );
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
