//! Crashes in `fit`.

use protea_zoo::{animal, sins::crash};

animal! {
    "crash-in-fit",
    "crashes in fit",
    fit |_, _| crash()
}
