//! Built with `panic = "abort"`, so that nothing can catch its panic.

#[cfg(panic = "unwind")]
compile_error!("build this one with `--config profile.dev.panic=\"abort\"`");

protea_zoo::animal!(
    "panic-abort",
    "aborts where others panic",
    fit | _,
    _ | { protea_zoo::sins::panic() }
);
