//! Calls itself without end.

use protea_zoo::animal;

#[expect(unconditional_recursion, reason = "that is the sin")]
fn deeper(depth: u64) -> u64 {
    std::hint::black_box(deeper(depth + 1)) + 1
}

animal! {
    "stack-overflow",
    "calls itself without end",
    fit |_, _| {
        deeper(0);
        Ok(())
    }
}
