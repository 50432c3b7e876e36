//! Built with `panic = "abort"`, so that nothing can catch its panic.

protea_zoo::animal! {
    "panic-abort",
    "aborts where others panic",
    fit |_, _| protea_zoo::sins::panic()
}
