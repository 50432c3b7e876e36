//! Ends the process in the middle of sending an event.

use protea_zoo::{
    animal,
    sins::{SinfulFields, exit},
};

animal! {
    "exit-in-emit",
    "ends the process in the middle of sending an event",
    fit |_, emit| {
        emit.info("zoo.sin", &SinfulFields(exit));
        Ok(())
    }
}
