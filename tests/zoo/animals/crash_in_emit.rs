//! Crashes in the middle of sending an event.

use protea_zoo::{
    animal,
    sins::{SinfulFields, crash},
};

animal! {
    "crash-in-emit",
    "crashes in the middle of sending an event",
    fit |_, emit| {
        emit.info("zoo.sin", &SinfulFields(crash));
        Ok(())
    }
}
