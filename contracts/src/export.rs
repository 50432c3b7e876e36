//! The macros of the authoring kit: `spec!` for the settings, `export_runner!` for the library.

/// Declares the settings of a runner: a struct, or an enum used in one.
///
/// It derives `Debug`, `Clone`, `PartialEq`, `Serialize`, `Deserialize` and `JsonSchema`, and rejects
/// unknown keys. A struct also needs `Default`, derived or written by hand: a setting that the user
/// omits has its default. Comments on fields become the descriptions that users see; write ranges as
/// `#[schemars(range(min = 1))]`. The variants of an enum are serialised in snake case.
///
/// ```
/// use protea_contracts::prelude::*;
///
/// spec! {
///     /// How a vote is weighted.
///     #[derive(Default, Copy)]
///     pub enum Vote {
///         /// Each neighbour counts as one vote.
///         #[default]
///         Equal,
///         /// Each neighbour counts as much as it is similar.
///         BySimilarity,
///     }
/// }
///
/// spec! {
///     /// The settings of a runner.
///     #[derive(Default)]
///     pub struct Spec {
///         /// The number of neighbours.
///         #[schemars(range(min = 1))]
///         pub k: u32,
///         /// How their votes are weighted.
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

/// Makes this crate, a `cdylib`, a runner that a protea host can find, load and call.
///
/// The first argument is an expression that creates the runner. It is evaluated for every call.
/// `name`, `version` and `summary` default to those of the crate's `Cargo.toml` and must be
/// constants. `libraries` lists the [third-party libraries](crate::LibraryDeclaration) that the
/// runner opens at run time; hosts report which are missing. The default is none.
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
/// A crate exports one runner. Its name is checked at compile time: lower-case letters, digits, `-`
/// and `_`, beginning with a letter, at most 64 characters.
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
                const UNWINDS: bool = ::core::cfg!(panic = "unwind");

                fn runner() -> impl $crate::ExperimentRunner {
                    $runner
                }
            }

            $crate::abi::export_plugin!(Plugin);
        };
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "export_runner! takes an expression that creates the runner, then, optionally and in this order, `name: \"…\"`, `version: \"…\"`, `summary: \"…\"` and `libraries: &[…]`"
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
