//! Sends the events of every call by the emitter of the first, from a thread that no call has started.

use std::sync::{
    OnceLock,
    mpsc::{Sender, channel},
};

use protea_contracts::{Emitter, prelude::json};
use protea_zoo::animal;

static EVENTS: OnceLock<Sender<()>> = OnceLock::new();

/// Starts the thread, which has the emitter from now on.
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
        // Whether somebody takes it is no matter to an event.
        let _ = EVENTS.get_or_init(|| begin(emit.clone())).send(());
        Ok(())
    }
}
