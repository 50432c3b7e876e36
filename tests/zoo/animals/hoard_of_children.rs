//! Takes 1.5 GiB of memory with child processes, each of which stays within the limit.

use protea_contracts::Attribute;
use protea_zoo::{animal, sins::hang, system::forked};

const CHUNK: usize = 128 << 20;
const CHILDREN: usize = 12;

fn take() -> ! {
    let hoard = vec![1_u8; CHUNK];
    std::hint::black_box(&hoard);
    hang()
}

animal! {
    "hoard-of-children",
    "takes 1.5 GiB of memory with twelve child processes",
    fit |_, _| {
        for _ in 0..CHILDREN {
            forked(take).or_failed("starting a child")?;
        }
        hang()
    }
}
