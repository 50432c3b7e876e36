//! Takes 2 GiB of memory that is shared, which no limit on a process's own data is about.

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
