//! Leaves a child process behind, with a session of its own and an empty environment.

use protea_contracts::Attribute;
use protea_zoo::{animal, system::daemon};

animal! {
    "child-without-traces",
    "leaves a child process behind that left its session, its environment and its parent",
    fit |_, _| daemon().or_failed("starting a daemon")
}
