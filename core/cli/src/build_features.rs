//! What a plain build of protea leaves out, and how to get it.

/// Builds the command with every capability.
pub const FULL_BUILD: &str = "cargo build --release --features full";

/// Name and remedy of each runner of protea's repository that a plain build leaves out.
pub const RUNNERS: [(&str, &str); 1] = [(
    "lightgbm",
    "it needs LightGBM; `runners/lightgbm/build` in protea's repository gets that and builds the runner",
)];

/// How to get the runner of this name, if a plain build leaves it out.
pub fn runner_remedy(name: &str) -> Option<&'static str> {
    let mut runners = RUNNERS.into_iter();
    runners.find_map(|(known, remedy)| (known == name).then_some(remedy))
}

/// What to do if the error is that this build lacks a capability.
pub fn remedy() -> String {
    format!("for a build with every capability, run `{FULL_BUILD}` in protea's repository")
}
