//! Writes garbage to every file of its process, including the connection to the host.

use protea_zoo::{animal, system::write_to_every_file};

animal! {
    "garbage-in-every-file",
    "writes garbage to every file of its process",
    fit |_, _| {
        write_to_every_file(b"garbage, not a frame of the protocol\n");
        Ok(())
    }
}
