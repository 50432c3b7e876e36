//! Aborts in the middle of sending an event.

use protea_zoo::{
    animal,
    sins::{SinfulFields, abort},
};

animal! {
    "abort-in-emit",
    "aborts in the middle of sending an event",
    fit |_, emit| {
        emit.info("zoo.sin", &SinfulFields(abort));
        Ok(())
    }
}
