//! Panics in the middle of sending an event.

use protea_zoo::{
    animal,
    sins::{SinfulFields, panic},
};

animal! {
    "panic-in-emit",
    "panics in the middle of sending an event",
    fit |_, emit| {
        emit.info("zoo.sin", &SinfulFields(panic));
        Ok(())
    }
}
