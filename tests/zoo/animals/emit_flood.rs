//! Sends 100 MB in 100,000 events.

use protea_contracts::prelude::json;
use protea_zoo::animal;

animal! {
    "emit-flood",
    "sends 100,000 events of a kilobyte",
    fit |_, emit| {
        let text = "x".repeat(1000);
        for number in 0..100_000 {
            emit.info("zoo.flood", &json!({ "number": number, "text": text }));
        }
        Ok(())
    }
}
