//! The suite as a test of a runner's crate.

use std::path::Path;

use protea_core::contracts::{conformance::build_library, error::with_causes};

use crate::{
    Config, Host,
    check::{Check, Observer},
    config, host,
    report::{TestReport, counts, details, line},
};

/// Defines the test `keeps_the_contract`, which builds the crate's shared library and runs the whole
/// suite on it. Put it into `tests/conformance.rs`:
///
/// ```
/// protea_conformance::conforms!();
/// # fn main() {}
/// ```
///
/// and `protea-conformance` into the `[dev-dependencies]`. This compiles the suite and the host;
/// `protea_contracts::conforms!` starts the command `protea` instead. The test reads `conformance.toml` from the
/// directory of `Cargo.toml`, if there is one. The runner's code never runs in the process of the test.
#[macro_export]
macro_rules! conforms {
    () => {
        #[test]
        fn keeps_the_contract() {
            $crate::assert_crate_conforms(
                ::core::concat!(::core::module_path!(), "::keeps_the_contract"),
                ::core::env!("CARGO_MANIFEST_DIR"),
                ::core::env!("CARGO_PKG_NAME"),
            );
        }
    };
}

/// Builds a crate's shared library and runs the suite on it, as [`conforms!`](crate::conforms) does.
/// Use it for a test with another name.
///
/// `test` is the path of the calling test, `concat!(module_path!(), "::name_of_the_test")`;
/// `manifest_dir` and `package` say what to build. The test must call it first, because its program is
/// started again as a worker.
///
/// # Panics
///
/// When the library cannot be built, or the runner breaks the contract.
pub fn assert_crate_conforms(test: &str, manifest_dir: &str, package: &str) {
    host::serve_if_asked_in_test();
    let manifest_dir = Path::new(manifest_dir);
    let library = build_library(manifest_dir, package)
        .unwrap_or_else(|error| panic!("{}", with_causes(&error)));
    let config = manifest_dir.join(config::FILE_NAME);
    let config = match config.is_file() {
        true => Config::read(&config).unwrap_or_else(|error| panic!("{}", with_causes(&error))),
        false => Config::default(),
    };
    assert_conforms(&library, test, config);
}

/// Runs the suite on a library that is already built.
///
/// `test` is the path of the calling test, `concat!(module_path!(), "::name_of_the_test")`. The test must
/// call it first, because its program is started again as a worker.
///
/// # Panics
///
/// When the runner breaks the contract. The message names every test of the suite that failed.
pub fn assert_conforms(library: &Path, test: &str, config: Config) {
    host::serve_if_asked_in_test();
    // The harness knows tests by their path within the crate.
    let name = test.split_once("::").map_or(test, |(_, name)| name);
    let host = Host::this_test(name).unwrap_or_else(|error| panic!("{error}"));
    let check = Check {
        config,
        ..Check::new(vec![library.to_owned()], host)
    };
    let report = check
        .run(&Lines)
        .unwrap_or_else(|error| panic!("{}", with_causes(&error)));
    println!("{}", counts(&report));
    let failed: Vec<String> = report
        .files
        .iter()
        .flat_map(|file| file.tests.iter().map(|test| (file.label(), test)))
        .filter(|(_, test)| test.verdict.status().is_failure())
        .map(|(label, test)| format!("{}\n{}", line(&label, test), details(test)))
        .collect();
    assert!(
        failed.is_empty(),
        "the runner breaks the contract:\n{}",
        failed.join("\n")
    );
}

struct Lines;

impl Observer for Lines {
    fn tested(&self, _: &Path, runner: &str, test: &TestReport) {
        println!("{}", line(runner, test));
    }
}
