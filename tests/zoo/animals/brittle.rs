//! Panics with settings that its schema allows: it cuts a string inside a character.

use std::collections::BTreeMap;

use protea_zoo::animal;

animal! {
    "brittle",
    "panics with letters beyond ASCII",
    fit |request, emit| {
        let note = &request.spec.note;
        let initial = &note[..note.len().min(1)];
        emit.info("zoo.initial", &BTreeMap::from([("initial", initial)]));
        Ok(())
    }
}
