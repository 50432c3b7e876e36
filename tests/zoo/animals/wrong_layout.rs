//! Exports a root module with another layout under the right name.

#![allow(unsafe_code)]
#![allow(missing_docs, reason = "abi_stable's derive makes undocumented items")]

use abi_stable::{
    StableAbi,
    library::{CheckTypeLayout, LibHeader, RootModule, RootModuleError, RootModuleResult},
    package_version_strings,
    prefix_type::WithMetadata,
    sabi_types::VersionStrings,
    std_types::RResult,
};
use protea_contracts::{CONTRACT_VERSION, Descriptor, descriptor};

/// A number in place of the contract's functions.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = RunnerModuleRef)))]
pub struct RunnerModule {
    #[sabi(last_prefix_field)]
    pub describe: u64,
}

impl RootModule for RunnerModuleRef {
    abi_stable::declare_root_module_statics! {RunnerModuleRef}
    const BASE_NAME: &'static str = "protea_runner";
    const NAME: &'static str = "protea_runner";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}

extern "C" fn construct() -> RootModuleResult {
    let module = Box::leak(Box::new(WithMetadata::new(RunnerModule { describe: 0 })));
    let module = RunnerModuleRef(module.static_as_prefix());
    let erased: Result<_, RootModuleError> = Ok(module);
    // SAFETY: the header names `RunnerModuleRef` as the module's type.
    RResult::from(erased.map(|module| unsafe { module.0.cast() }))
}

#[unsafe(export_name = "protea_runner_module_v1")]
static HEADER: LibHeader = {
    // SAFETY: `construct` gives a `RunnerModuleRef`.
    unsafe { LibHeader::from_constructor::<RunnerModuleRef>(construct, CheckTypeLayout::Yes) }
};

#[used]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".protea"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__protea"))]
static DESCRIPTOR: [u8; descriptor::SIZE] = Descriptor::encode(
    "wrong-layout",
    "1.0.0",
    CONTRACT_VERSION,
    "has a module of another layout",
);
