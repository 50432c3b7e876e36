//! The `protea` command: benchmark protein-function predictors on frozen datasets.

mod app;
mod args;
mod argv;
mod baseline;
mod build_features;
mod commands;
mod config;
mod diagnostics;
mod example_data;
mod exit;
mod failure;
#[cfg(unix)]
mod file_size_limit;
mod help;
mod interrupt;
mod output;
mod progress_observer;
mod scratch;
mod spec;
mod tips;
mod transfers;

fn main() -> std::process::ExitCode {
    // This must come before anything else: the host and the conformance suite start this program
    // again as a worker, which serves one runner and never returns from these calls.
    #[cfg(unix)]
    {
        protea_core::worker::serve_if_asked();
        protea_conformance::serve_if_asked();
        file_size_limit::report_as_error();
    }
    app::run(std::env::args_os().collect())
}
