//! Kills the process that started its own and would end what it leaves behind, and leaves a child
//! process behind that is in nobody's group and has nobody's environment.

use protea_contracts::Attribute;
use protea_zoo::{
    animal,
    system::{daemon, kill_parent},
};

animal! {
    "keeper-killer",
    "kills its parent process and leaves a child process behind",
    fit |_, _| {
        kill_parent();
        daemon().or_failed("starting a daemon")
    }
}
