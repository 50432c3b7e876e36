//! Needs a function that does not exist.

#![allow(unsafe_code)]

unsafe extern "C" {
    safe fn protea_zoo_nobody_has_this_function();
}

protea_zoo::animal! {
    "unresolved-symbol",
    "needs a function that is nowhere",
    fit |_, _| {
        protea_zoo_nobody_has_this_function();
        Ok(())
    }
}
