//! Leaves a child process behind that is in nobody's group and has nobody's environment.

use protea_contracts::Attribute;
use protea_zoo::{animal, system::daemon};

animal! {
    "child-without-traces",
    "leaves a child process behind that left its session, its environment and its parent",
    fit |_, _| daemon().or_failed("starting a daemon")
}
