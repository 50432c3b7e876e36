//! Closes every file of its process, including the connection to the host, and continues.

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
