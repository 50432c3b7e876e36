//! Code that runs when a library is loaded, and when its process ends.

#![allow(unsafe_code)]

/// Runs a function when the library is loaded, as the constructor of a C++ global does.
#[macro_export]
macro_rules! at_load {
    ($function:expr) => {
        // SAFETY: the loader calls the entries of these sections as functions of this type.
        #[used]
        #[allow(unsafe_code)]
        #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".init_array"))]
        #[cfg_attr(
            target_vendor = "apple",
            unsafe(link_section = "__DATA,__mod_init_func")
        )]
        static AT_LOAD: extern "C" fn() = {
            extern "C" fn at_load() {
                $function();
            }
            at_load
        };
    };
}

/// Runs a function when a process that has the library open ends by itself, as the destructor of a
/// C++ global does.
#[macro_export]
macro_rules! at_exit {
    ($function:expr) => {
        // SAFETY: the loader calls the entries of these sections as functions of this type.
        #[used]
        #[allow(unsafe_code)]
        #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".fini_array"))]
        #[cfg_attr(
            target_vendor = "apple",
            unsafe(link_section = "__DATA,__mod_term_func")
        )]
        static AT_EXIT: extern "C" fn() = {
            extern "C" fn at_exit() {
                $function();
            }
            at_exit
        };
    };
}
