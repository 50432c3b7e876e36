//! The `protea` command: benchmark protein-function predictors on frozen datasets.

mod app;
mod args;
mod argv;
mod commands;
mod example_data;
mod exit;
mod failure;
mod interrupt;
mod optional;
mod output;
mod spec;
mod transfers;
mod watch;

fn main() -> std::process::ExitCode {
    // Before anything else: this process may have been started to run a runner's code.
    #[cfg(unix)]
    {
        protea_core::worker::serve_if_asked();
        protea_conformance::serve_if_asked();
    }
    app::run(std::env::args_os().collect())
}
