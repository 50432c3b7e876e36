//! The layout check, in both directions, and its one-line summary.

use abi_stable::{
    abi_stability::abi_checking::{AbiInstabilityErrors, check_layout_compatibility},
    type_layout::TypeLayout,
};

/// Whether a runner's module and the host's differ at most in fields added at the end of either.
///
/// `abi_stable` accepts a module that is longer than expected, but not a shorter one, and the host
/// may be newer than the runner. Hence the second direction: fields that the runner lacks are
/// optional.
pub(super) fn check(host: &'static TypeLayout, runner: &'static TypeLayout) -> Result<(), String> {
    match check_layout_compatibility(host, runner) {
        Ok(()) => Ok(()),
        Err(errors) => {
            check_layout_compatibility(runner, host).map_err(|_| first_difference(&errors))
        }
    }
}

/// The first difference: `abi_stable` prints all of them, in tens of thousands of characters.
fn first_difference(errors: &AbiInstabilityErrors) -> String {
    let Some(error) = errors.errors.iter().find(|error| !error.errs.is_empty()) else {
        return "an unnamed difference".to_owned();
    };
    let path: Vec<String> = error
        .stack_trace
        .iter()
        .map(|step| one_line(&step.found.to_string()))
        .collect();
    let difference = one_line(&format!("{:?}", error.errs[0]));
    if path.is_empty() {
        difference
    } else {
        format!("{} in {}", difference, path.join(" > "))
    }
}

fn one_line(text: &str) -> String {
    const LONGEST: usize = 240;
    let mut line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(LONGEST) {
        line.truncate(end);
        line.push('…');
    }
    line
}
