//! Leaves a child process behind that is in nobody's group and has nobody's environment, and kills the
//! process that started its own and would end that child.

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
