//! Leaves a child process behind.

use protea_contracts::Attribute;
use protea_zoo::{animal, system::sleeper};

animal! {
    "child-left",
    "leaves a child process behind",
    fit |_, _| sleeper().map(drop).or_failed("starting a child")
}
