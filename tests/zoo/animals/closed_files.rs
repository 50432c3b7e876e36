//! Closes every file of its process, the connection to the host among them, and goes on.

use protea_zoo::{animal, system::close_every_file};

animal! {
    "closed-files",
    "closes every file of its process",
    fit |_, emit| {
        close_every_file();
        emit.info("zoo.unheard", &());
        Ok(())
    }
}
