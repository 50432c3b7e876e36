//! Leaves a child process behind that left the process group.

use protea_contracts::Attribute;
use protea_zoo::{animal, system::sleeper_in_its_own_session};

animal! {
    "child-in-its-own-session",
    "leaves a child process behind in a session of its own",
    fit |_, _| {
        sleeper_in_its_own_session()
            .map(drop)
            .or_failed("starting a child")
    }
}
