//! What a user can do about a selection of runs that is not possible.

use protea_core::workspace::{FindRunError, LATEST, RunSelectionError};

/// How many metrics a remedy names.
const MOST_METRICS: usize = 12;
/// Names with less in common are not meant.
const ALIKE: f64 = 0.85;
/// How many of the most similar metrics a remedy names.
const MOST_NEAREST: usize = 3;

pub(super) fn run_selection(error: &RunSelectionError) -> Option<String> {
    let RunSelectionError::NoSuchMetric { known, metric } = error else {
        return None;
    };
    let alike = |name: &str| {
        let wanted = metric.to_lowercase();
        let name = name.to_lowercase();
        let own = name.rsplit('.').next().unwrap_or_default().to_owned();
        strsim::jaro_winkler(&wanted, &name).max(strsim::jaro_winkler(&wanted, &own))
    };
    let best = known.iter().map(|name| alike(name)).fold(0.0, f64::max);
    if best > ALIKE {
        let nearest = known
            .iter()
            .filter(|name| alike(name) >= best)
            .take(MOST_NEAREST);
        let nearest: Vec<&str> = nearest.map(String::as_str).collect();
        return Some(format!("did you mean {}?", nearest.join(" or ")));
    }
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

/// Words that mean the newest run.
const NEWEST: [&str; 5] = ["last", "newest", "current", "recent", "-1"];

/// What to do without a workspace, or about a word that is probably `latest`.
pub(super) fn run(error: &FindRunError) -> Option<String> {
    let text = match error {
        FindRunError::NoWorkspace { .. } => {
            return Some("give one with --workspace, or create one with `protea run`".to_owned());
        }
        FindRunError::Unknown { text, .. } => text,
        _ => return None,
    };
    let word = text.to_lowercase();
    let is_newest =
        NEWEST.contains(&word.as_str()) || strsim::jaro_winkler(&word, "latest") > ALIKE;
    (is_newest && text != LATEST)
        .then(|| "the newest run is called latest, in lower case".to_owned())
}
