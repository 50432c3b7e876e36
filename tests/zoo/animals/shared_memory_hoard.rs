//! Takes 2 GiB of shared memory, which limits on the private data of a process do not cover.

use protea_contracts::Attribute;
use protea_zoo::{animal, sins::hang, system::shared_memory};

const CHUNK: usize = 64 << 20;
const CHUNKS: usize = 32;

animal! {
    "shared-memory-hoard",
    "takes 2 GiB of shared memory",
    fit |_, _| {
        for _ in 0..CHUNKS {
            shared_memory(CHUNK).or_failed("taking shared memory")?.fill(1);
        }
        hang()
    }
}
