//! Leaves a busy thread behind.

use std::thread;

use protea_zoo::animal;

animal! {
    "thread-left-running",
    "leaves a busy thread behind",
    fit |_, _| {
        thread::spawn(|| {
            loop {
                std::hint::spin_loop();
            }
        });
        Ok(())
    }
}
