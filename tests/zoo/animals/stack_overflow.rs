//! Recurses without end.

use protea_zoo::animal;

fn deeper(depth: u64) -> u64 {
    match depth {
        u64::MAX => 0,
        depth => std::hint::black_box(deeper(depth + 1)) + 1,
    }
}

animal! {
    "stack-overflow",
    "calls itself without end",
    fit |_, _| {
        deeper(0);
        Ok(())
    }
}
