//! Reading environment variables, in a form that tests can replace.

use std::env;

/// Returns the value of a variable by its name.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A variable of this process.
pub(super) fn variable(name: &str) -> Option<String> {
    env::var(name).ok()
}
