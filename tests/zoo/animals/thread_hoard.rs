//! Works on sixteen threads whatever it was told.

use std::{sync::Barrier, thread, time::Duration};

use protea_zoo::animal;

animal! {
    "thread-hoard",
    "uses more threads than it was told",
    fit |_, _| {
        // They are there all at once, however busy the machine is.
        let all_there = Barrier::new(16);
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    all_there.wait();
                    thread::sleep(Duration::from_millis(100));
                });
            }
        });
        Ok(())
    }
}
