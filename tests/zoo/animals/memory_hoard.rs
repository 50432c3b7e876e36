//! Takes 10 GB of memory and uses them.

use protea_zoo::animal;

const CHUNK: usize = 64 << 20;
const CHUNKS: usize = 160;

animal! {
    "memory-hoard",
    "takes 10 GB of memory",
    fit |_, _| {
        let hoard: Vec<Vec<u8>> = (0..CHUNKS).map(|_| vec![1; CHUNK]).collect();
        std::hint::black_box(&hoard);
        Ok(())
    }
}
