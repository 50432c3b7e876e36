//! Leaves an orphan behind, in a session of its own and with an empty environment, and kills the keeper,
//! which would end it.

use protea_contracts::Attribute;
use protea_zoo::{
    animal,
    system::{daemon, kill_parent},
};

animal! {
    "keeper-killer",
    "leaves a child process behind and kills its parent",
    fit |_, _| {
        daemon().or_failed("starting a daemon")?;
        kill_parent();
        Ok(())
    }
}
