//! Works on sixteen threads whatever it was told.

use std::{thread, time::Duration};

use protea_zoo::animal;

animal! {
    "thread-hoard",
    "uses more threads than it was told",
    fit |_, _| {
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| thread::sleep(Duration::from_millis(50)));
            }
        });
        Ok(())
    }
}
