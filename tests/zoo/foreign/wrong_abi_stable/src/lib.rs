//! A runner whose root module is made by a version of `abi_stable` that no host has.

#![allow(missing_docs, reason = "abi_stable's derive makes undocumented items")]

use abi_stable::{
    StableAbi,
    library::{LibHeader, RootModule, RootModuleError, RootModuleResult},
    package_version_strings,
    prefix_type::PrefixTypeTrait,
    sabi_types::{Constructor, VersionStrings},
    std_types::RResult,
};

/// The descriptor's format is the contract's, which does not depend on `abi_stable`.
const SIZE: usize = 1024;

#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = "RunnerModuleRef")))]
pub struct RunnerModule {
    #[sabi(last_prefix_field)]
    pub describe: extern "C" fn() -> u64,
}

impl RootModule for RunnerModuleRef {
    abi_stable::declare_root_module_statics! {RunnerModuleRef}
    const BASE_NAME: &'static str = "protea_runner";
    const NAME: &'static str = "protea_runner";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}

extern "C" fn describe() -> u64 {
    0
}

extern "C" fn construct() -> RootModuleResult {
    let module = RunnerModule { describe }.leak_into_prefix();
    let erased: Result<_, RootModuleError> = Ok(module);
    // SAFETY: the header names `RunnerModuleRef` as the module's type.
    RResult::from(erased.map(|module| unsafe { module.0.cast() }))
}

#[unsafe(export_name = "protea_runner_module_v1")]
static HEADER: LibHeader = {
    // SAFETY: `construct` gives a `RunnerModuleRef`.
    unsafe {
        LibHeader::from_constructor::<RunnerModuleRef>(
            Constructor(construct),
            <RunnerModuleRef as RootModule>::CONSTANTS,
        )
    }
};

#[used]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".protea"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__protea"))]
static DESCRIPTOR: [u8; SIZE] = descriptor([
    b"wrong-abi-stable",
    b"1.0.0",
    b"1.0.0",
    b"is made with another abi_stable",
]);

const fn descriptor(texts: [&[u8]; 4]) -> [u8; SIZE] {
    let magic = *b"PROTEA-RUNNER\0\0\x01";
    let mut block = [0; SIZE];
    let mut i = 0;
    while i < magic.len() {
        block[i] = magic[i];
        i += 1;
    }
    let mut at = magic.len() + 2 * texts.len();
    let mut field = 0;
    while field < texts.len() {
        block[magic.len() + 2 * field] = texts[field].len() as u8;
        let mut i = 0;
        while i < texts[field].len() {
            block[at + i] = texts[field][i];
            i += 1;
        }
        at += texts[field].len();
        field += 1;
    }
    block
}
