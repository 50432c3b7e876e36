//! The runners of protea's repository that a plain build leaves out, and how to get them.

/// Name and remedy of each.
pub const RUNNERS: [(&str, &str); 1] = [(
    "lightgbm",
    "it needs LightGBM; `runners/lightgbm/build` in protea's repository gets that and builds the runner",
)];

/// How to get the runner of this name, if it is one of them.
pub fn remedy(name: &str) -> Option<&'static str> {
    let mut runners = RUNNERS.into_iter();
    runners.find_map(|(known, remedy)| (known == name).then_some(remedy))
}
