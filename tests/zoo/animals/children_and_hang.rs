//! Starts child processes inside and outside its process group and session, and hangs.

use protea_contracts::Attribute;
use protea_zoo::{
    animal,
    sins::hang,
    system::{daemon, sleeper, sleeper_in_its_own_session},
};

animal! {
    "children-and-hang",
    "starts child processes and hangs",
    fit |_, _| {
        sleeper().or_failed("starting a child")?;
        sleeper_in_its_own_session().or_failed("starting a child")?;
        daemon().or_failed("starting a daemon")?;
        hang()
    }
}
