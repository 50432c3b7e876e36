//! Which Landlock the kernel has.

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetError,
    Scope,
};

/// The version of Landlock of this kernel, as far as protea uses it: 1 to 6. `None` if it has none, or
/// if Landlock is not switched on. Restricts nothing.
#[must_use]
pub fn landlock_version() -> Option<u32> {
    let versions = [
        (6, ABI::V6),
        (5, ABI::V5),
        (4, ABI::V4),
        (3, ABI::V3),
        (2, ABI::V2),
        (1, ABI::V1),
    ];
    let found = versions
        .into_iter()
        .find(|(version, abi)| creates(*version, *abi).is_ok());
    found.map(|(version, _)| version)
}

/// Creates a set of rules that needs everything of a version, and drops it.
fn creates(version: u32, abi: ABI) -> Result<(), RulesetError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(abi))?;
    if version >= 4 {
        rules = rules.handle_access(AccessNet::from_all(abi))?;
    }
    if version >= 6 {
        rules = rules.scope(Scope::from_all(abi))?;
    }
    rules.create().map(drop)
}
