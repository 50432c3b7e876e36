//! Sends 100 MB in one event.

use protea_contracts::prelude::json;
use protea_zoo::animal;

animal! {
    "emit-giant",
    "sends an event of 100 MB",
    fit |_, emit| {
        emit.info("zoo.giant", &json!({ "text": "x".repeat(100_000_000) }));
        Ok(())
    }
}
