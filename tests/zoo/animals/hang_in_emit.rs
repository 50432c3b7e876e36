//! Hangs in the middle of sending an event.

use protea_zoo::{
    animal,
    sins::{SinfulFields, hang},
};

animal! {
    "hang-in-emit",
    "hangs in the middle of sending an event",
    fit |_, emit| {
        emit.info("zoo.sin", &SinfulFields(hang));
        Ok(())
    }
}
