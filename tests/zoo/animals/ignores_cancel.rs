//! Sends events and ignores that the host cancels the call.

use std::{thread, time::Duration};

use protea_zoo::animal;

animal! {
    "ignores-cancel",
    "does not end when it is asked to",
    fit |_, emit| loop {
        emit.progress(0, 0);
        thread::sleep(Duration::from_millis(10));
    }
}
