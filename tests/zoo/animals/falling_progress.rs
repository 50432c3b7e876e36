//! Its progress decreases, and exceeds its total.

use protea_zoo::animal;

animal! {
    "falling-progress",
    "goes backwards",
    fit |_, emit| {
        for done in [1, 3, 2, 5] {
            emit.progress(done, 4);
        }
        Ok(())
    }
}
