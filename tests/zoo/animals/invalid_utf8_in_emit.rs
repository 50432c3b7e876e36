//! Sends an event with strings that are not UTF-8, as a runner in C may.

use std::collections::BTreeMap;

use protea_contracts::Level;
use protea_zoo::{animal, sins::not_text};

animal! {
    "invalid-utf8-in-emit",
    "sends texts that are not UTF-8",
    fit |_, emit| {
        let text = not_text();
        emit.emit(
            text,
            Some(text),
            &BTreeMap::from([(text, text)]),
            Level::Info,
        );
        Ok(())
    }
}
