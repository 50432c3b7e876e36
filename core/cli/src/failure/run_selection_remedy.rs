//! What a user can do about a selection of runs that is not possible.

use protea_core::workspace::RunSelectionError;

/// How many metrics a remedy names.
const MOST_METRICS: usize = 12;

pub(super) fn run_selection(error: &RunSelectionError) -> Option<String> {
    let RunSelectionError::NoSuchMetric { known, .. } = error else {
        return None;
    };
    let more = match known.len() {
        0..=MOST_METRICS => "",
        _ => ", …",
    };
    let first = &known[..known.len().min(MOST_METRICS)];
    Some(if first.is_empty() {
        "none of them has metrics; use started or seconds".to_owned()
    } else {
        format!("use {}{more}, started or seconds", first.join(", "))
    })
}
