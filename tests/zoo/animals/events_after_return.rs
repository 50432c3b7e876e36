//! Continues to send events after its call has returned.

use std::{thread, time::Duration};

use protea_contracts::prelude::json;
use protea_zoo::animal;

animal! {
    "events-after-return",
    "sends events after fit has returned",
    fit |_, emit| {
        let emit = emit.clone();
        thread::spawn(move || {
            loop {
                thread::sleep(Duration::from_millis(1));
                emit.info("zoo.late", &json!({}));
            }
        });
        Ok(())
    }
}
