//! Declares a contract version that no host supports. Only its descriptor is ever read.

use protea_contracts::{Descriptor, descriptor};

#[used]
#[allow(unsafe_code)]
#[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".protea"))]
#[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__protea"))]
static DESCRIPTOR: [u8; descriptor::SIZE] =
    Descriptor::encode("wrong-major", "1.0.0", "2.0.0", "is for a contract to come");

protea_zoo::at_load!(protea_zoo::sins::crash);
