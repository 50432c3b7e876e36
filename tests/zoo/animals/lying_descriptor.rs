//! Its descriptor has another name than the loaded runner.

#![allow(unsafe_code)]

use protea_contracts::{
    CONTRACT_VERSION, Descriptor, ExperimentRunner,
    abi::plugin::{CheckTypeLayout, LibHeader, Module, Plugin, construct},
    descriptor,
};
use protea_zoo::{Animal, Tame};

struct Liar;

impl Animal for Liar {}

impl Plugin for Liar {
    const NAME: &'static str = "what-it-is";
    const VERSION: &'static str = "1.0.0";
    const SUMMARY: &'static str = "says another name than its descriptor";

    fn runner() -> impl ExperimentRunner {
        Tame::new(Self)
    }
}

#[unsafe(export_name = "protea_runner_module_v1")]
static HEADER: LibHeader = {
    // SAFETY: `construct` gives a `Module`.
    unsafe { LibHeader::from_constructor::<Module>(construct::<Liar>, CheckTypeLayout::Yes) }
};

#[used]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".protea"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__protea"))]
static DESCRIPTOR: [u8; descriptor::SIZE] = Descriptor::encode(
    "lying-descriptor",
    Liar::VERSION,
    CONTRACT_VERSION,
    Liar::SUMMARY,
);
