//! Sends the events of every call through the emitter of the first, from a thread of its own.

use std::sync::{
    OnceLock,
    mpsc::{Sender, channel},
};

use protea_contracts::{Emitter, prelude::json};
use protea_zoo::animal;

static EVENTS: OnceLock<Sender<()>> = OnceLock::new();

/// Starts the thread, which keeps the emitter.
fn begin(emit: Emitter) -> Sender<()> {
    let (sender, events) = channel();
    std::thread::spawn(move || {
        while events.recv().is_ok() {
            emit.info("zoo.stale", &json!({}));
        }
    });
    sender
}

animal! {
    "stale-emitter",
    "sends events by the emitter of an earlier call",
    fit |_, emit| {
        // The answer to an event does not matter here.
        let _ = EVENTS.get_or_init(|| begin(emit.clone())).send(());
        Ok(())
    }
}
