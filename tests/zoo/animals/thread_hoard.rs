//! Uses sixteen threads, whatever its limit is.

use std::{sync::Barrier, thread, time::Duration};

use protea_zoo::animal;

animal! {
    "thread-hoard",
    "uses more threads than it was told",
    fit |_, _| {
        // All run at the same time, however busy the machine is.
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
