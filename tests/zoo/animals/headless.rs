//! Has the descriptor of a runner, but no runner.

use protea_contracts::{CONTRACT_VERSION, Descriptor, descriptor};

#[used]
#[allow(unsafe_code)]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".protea"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__protea"))]
static DESCRIPTOR: [u8; descriptor::SIZE] =
    Descriptor::encode("headless", "1.0.0", CONTRACT_VERSION, "exports no runner");
